"""A member as pages show them, limited to what the signed-in user may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.http import Request
from qunce.console.members import labels, profile_rows
from qunce.console.members.profile_rows import AttributeRow
from qunce.console.outreach import labels as outreach_labels
from qunce.core import community_days, day_texts
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups import visibility as groups
from qunce.groups.groups import Membership
from qunce.members.accounts import accounts, channel_labels, masking
from qunce.members.accounts.models import Account, Identifier
from qunce.members.consents import consents
from qunce.members.people import corrections, merges, notes, people, visibility
from qunce.members.people.people import Person
from qunce.members.scores import scores
from qunce.members.scores import sentences as score_sentences
from qunce.members.search import member_list, search
from qunce.members.tag_rules import tag_rules
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.members.tags import person_tags
from qunce.outreach import opt_outs
from qunce.outreach.care import forecast
from qunce.outreach.care.forecast import NextOccasion
from qunce.outreach.contact_budget import phrases, pressure
from qunce.outreach.playbooks import explanations
from qunce.outreach.playbooks.models import Run
from qunce.outreach.service_styles import explanations as explanations_of_styles
from qunce.outreach.service_styles.models import ServiceStyle
from qunce.outreach.welcomes import explanations as welcome_explanations
from qunce.outreach.welcomes.explanations import Answer

MAX_MAIN_TAGS = 12
"""Tags in summaries; the member's page shows all."""

MAX_RUNS, MAX_WELCOMES, MAX_RESULTS = 5, 3, 8


@dataclass(frozen=True)
class IdentifierRow:
    """A phone number, an address or an ID, masked where necessary."""

    id: int
    kind: str
    value: str


@dataclass(frozen=True)
class ScoreRow:
    """A score with the sentences of its parts."""

    row: scores.MemberScore
    lines: tuple[str, ...]
    total: str

    @classmethod
    def of(cls, row: scores.MemberScore) -> ScoreRow:
        names = score_sentences.part_names(row.spec)
        lines = (
            score_sentences.describe_points(name, part)
            for name, part in zip(names, row.found.parts, strict=True)
        )
        return cls(row, tuple(lines), score_sentences.describe_total(row.found))


Section = tuple[str, list[AttributeRow]]


@dataclass(frozen=True)
class AccountRow:
    account: Account
    key: str
    channel: str
    source: str
    identifiers: Sequence[IdentifierRow]
    is_first: bool = False
    """Whether the person joined with this account."""


@dataclass(frozen=True)
class OptOutStatus:
    """Since when the member has opted out, through what, and who recorded it."""

    since: datetime
    source: str
    author: str
    purpose: str = opt_outs.MARKETING


class Member:
    """A person with all their accounts. Properties query the database when used."""

    def __init__(self, request: Request, account: Account) -> None:
        self.by, self.at = request.staff, request.at
        self.person: Person = people.get_by_account(account.pk)
        self.id = self.person.id
        self.first = self.person.accounts[0]

    @property
    def key(self) -> str:
        return masking.key(self.first.key, self.by)

    @property
    def name(self) -> str:
        return self.person.name or self.key

    @cached_property
    def playbook_runs(self) -> list[tuple[Run, str]]:
        """The newest runs of playbooks, each with a sentence of where it is."""
        runs = explanations.list_of_member(account=self.id, by=self.by, at=self.at)
        return [
            (run, explanations.describe_run(run, run.playbook))
            for run in runs[:MAX_RUNS]
        ]

    @cached_property
    def next_care(self) -> list[tuple[NextOccasion, str]]:
        """The next occasions of care, each with its day."""
        today = community_days.to_date(self.by.community.day(self.at))
        found = forecast.list_next(accounts=self.account_ids, by=self.by, at=self.at)
        return [(each, day_texts.day(each.day, today)) for each in found]

    @cached_property
    def scores(self) -> list[ScoreRow]:
        """The scores of today with what each part gives; none of who works here."""
        found = scores.of_member(
            community=self.by.community, account=self.id, at=self.at
        )
        return [ScoreRow.of(row) for row in found]

    @cached_property
    def account_ids(self) -> list[int]:
        return [account.pk for account in self.person.accounts]

    @cached_property
    def tags(self) -> list[person_tags.PersonTag]:
        return person_tags.tags_by_person({self.id: self.account_ids})[self.id]

    @cached_property
    def tag_rules(self) -> dict[str, str]:
        """Source of a tag → the name of the rule that gave it."""
        return tag_rules.names_by_source([entry.source for entry in self.tags])

    @cached_property
    def own_tags(self) -> list[person_tags.PersonTag]:
        """The tags that the system does not keep, those set by hand first."""
        tags = person_tags.by_relevance(self.tags)
        return [entry for entry in tags if not entry.is_automatic]

    @cached_property
    def automatic_tags(self) -> list[person_tags.PersonTag]:
        """The tags that the system keeps, by tag group."""
        return [entry for entry in self.tags if entry.is_automatic]

    @property
    def main_tags(self) -> list[person_tags.PersonTag]:
        return self.own_tags[:MAX_MAIN_TAGS]

    @cached_property
    def notes(self) -> list[notes.Note]:
        rows = notes.list_of_person(self.account_ids)
        for note in rows:
            note.is_mine = notes.may_edit(note, self.by)  # type: ignore[attr-defined]
        return rows

    @cached_property
    def profile(self) -> list[Section]:
        """Sections with all their attributes, those without a value included."""
        rows = profile_rows.build(self.person, by=self.by, at=self.at)
        by_section = {
            key: list(group)
            for key, group in groupby(rows, lambda row: row.attribute.section)
        }
        return [
            (str(label), by_section[key])
            for key, label in labels.SECTIONS.items()
            if key in by_section
        ]

    @cached_property
    def filled_profile(self) -> list[Section]:
        """The profile without attributes that have no value."""
        sections = [
            (label, [row for row in rows if row.value]) for label, rows in self.profile
        ]
        return [(label, rows) for label, rows in sections if rows]

    @cached_property
    def empty_profile(self) -> list[AttributeRow]:
        """The attributes without a value."""
        return [row for _label, rows in self.profile for row in rows if not row.value]

    @cached_property
    def accounts(self) -> list[AccountRow]:
        sources = interned_names.names_by_id(
            accounts.SOURCE_NAMESPACE, self.by.community.pk
        )
        identifiers = Identifier.objects.filter(account_id__in=self.account_ids)
        by_account = {
            pk: [
                IdentifierRow(
                    row.pk,
                    labels.label_of(labels.KINDS, row.kind),
                    masking.identifier(kind=row.kind, value=row.value, by=self.by),
                )
                for row in rows
            ]
            for pk, rows in groupby(
                identifiers.order_by("account_id", "kind", "value"),
                lambda row: row.account_id,
            )
        }
        own = self.person.accounts
        first = min(own, key=lambda account: (account.joined_at, account.pk))
        return [
            AccountRow(
                account=account,
                key=masking.key(account.key, self.by),
                channel=labels.label_of(labels.CHANNELS, account.channel),
                source=channel_labels.label_of(sources.get(account.source_id or 0, "")),
                identifiers=by_account.get(account.pk, []),
                is_first=account.pk == first.pk,
            )
            for account in self.person.accounts
        ]

    @cached_property
    def past_identifiers(self) -> list[tuple[str, str, datetime]]:
        """Former identifiers with the time at which they were removed."""
        return [
            (
                labels.label_of(labels.KINDS, row.kind),
                masking.identifier(kind=row.kind, value=row.value, by=self.by),
                row.removed_at,
            )
            for row in corrections.list_past(self.account_ids)
        ]

    @cached_property
    def merges(self) -> list[tuple[merges.Merge, str, str, str]]:
        """Each merge of the accounts, with both keys and the reason."""
        keys = {row.account.pk: row.key for row in self.accounts}
        return [
            (
                merge,
                keys.get(merge.left_id, ""),
                keys.get(merge.right_id, ""),
                labels.label_of(labels.REASONS, merge.reason),
            )
            for merge in self.person.merges
        ]

    @cached_property
    def consents(self) -> list[consents.Consent]:
        """What holds now: the latest statement about each purpose."""
        statements = consents.list_of_person(self.account_ids)
        return list(consents.current(statements).values())

    @cached_property
    def opt_out(self) -> OptOutStatus | None:
        row = opt_outs.find_by_person([self.id]).get(self.id)
        if row is None:
            return None
        # A source is either ours, and then staff recorded it, or a channel's name.
        by_staff = row.source in labels.SOURCES
        source = labels.label_of(
            labels.SOURCES if by_staff else labels.CHANNELS, row.source
        )
        authors = Staff.objects.filter(pk__in=[row.by_id] if by_staff else [])
        author = authors.values_list("name", flat=True).first()
        return OptOutStatus(row.set_at, source, author or "", row.purpose)

    @property
    def is_out_of_service(self) -> bool:
        found = self.opt_out
        return found is not None and found.purpose == opt_outs.SERVICE

    @cached_property
    def contact_pressure(self) -> list[tuple[str, bool]]:
        """A sentence for each contact limit, and whether it is reached."""
        found = pressure.pressure_by_person(
            [self.id], community=self.by.community, at=self.at
        )
        return [(phrases.pressure(each), each.is_reached) for each in found[self.id]]

    @cached_property
    def service_style(self) -> tuple[ServiceStyle, str] | None:
        """The style of service and why they have it; None where there are none."""
        found = explanations_of_styles.find_style(
            account=self.id, by=self.by, at=self.at
        )
        if found is None:
            return None
        if found.is_hidden:
            return found.style, _("By a rule about something that you do not see.")
        if found.rule is None:
            return found.style, _("No rule gives them another.")
        return found.style, outreach_labels.describe_rule(self.by, found.rule)

    @cached_property
    def welcomes(self) -> list[Answer]:
        """What became of their joins, the newest first."""
        found = welcome_explanations.why(account=self.id, by=self.by, at=self.at)
        return found[:MAX_WELCOMES]

    @cached_property
    def groups(self) -> list[Membership]:
        """The member's current groups that the user may see."""
        rows = Membership.objects.filter(account_id__in=self.account_ids, present=True)
        visible = rows.filter(group__in=groups.list_visible(self.by)).select_related(
            "group"
        )
        # Two accounts of one person may be in the same group; the first to join counts.
        by_group = {row.group_id: row for row in visible.order_by("-joined_at", "-pk")}
        return list(by_group.values())


def get_visible_member(request: Request, pk: int) -> Member:
    """Return the member with this account. Raises MemberNotFound if out of scope."""
    account = visibility.get(by=request.staff, account=pk, at=request.at)
    return Member(request, account)


def search_context(request: Request, *, excluded: int = 0) -> dict[str, object]:
    """What _member_search.html shows: the members that the query finds, without one."""
    query = request.GET.get("q", "").replace("\0", "").strip()
    person_ids = search.suggest(
        by=request.staff, query=query, at=request.at, limit=MAX_RESULTS
    )
    others = [person_id for person_id in person_ids if person_id != excluded]
    rows = member_list.load_rows(others, by=request.staff)
    return {"query": query, "rows": rows, "field": "member"}


def tagged_message(tag: tag_models.Tag, action: str, count: int) -> str:
    if action == bulk_tagging.APPLY:
        text = ngettext(
            "“%(tag)s” was added to %(n)s member.",
            "“%(tag)s” was added to %(n)s members.",
            count,
        )
    else:
        text = ngettext(
            "“%(tag)s” was removed from %(n)s member.",
            "“%(tag)s” was removed from %(n)s members.",
            count,
        )
    return text % {"n": f"{count:,}", "tag": tag.name}
