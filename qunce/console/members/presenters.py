"""One member as pages show them: who they are, as far as this operator may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import ngettext

from qunce.console.http import Request
from qunce.console.members import labels
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups import visibility as groups
from qunce.groups.groups import Membership
from qunce.members.accounts import accounts, masking
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute, CurrentValue
from qunce.members.people import merges, notes, people, visibility
from qunce.members.people.people import Person
from qunce.members.search import member_list
from qunce.members.tags import assignments
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.outreach import opt_outs

if TYPE_CHECKING:
    pass

MAX_MAIN_TAGS = 12
"""Tags that are shown at once; the rest is one click away."""


@dataclass(frozen=True)
class IdentifierRow:
    """A phone, an address or an id, masked where it has to be."""

    kind: str
    value: str


@dataclass(frozen=True)
class AttributeRow:
    """One attribute with what is known, if anything; `author` wrote it."""

    attribute: Attribute
    held: CurrentValue | None
    author: str

    @property
    def source(self) -> str:
        return labels.label_of(labels.SOURCES, self.held.source) if self.held else ""


@dataclass(frozen=True)
class AccountRow:
    account: Account
    key: str
    channel: str
    source: str
    known: Sequence[IdentifierRow]


@dataclass(frozen=True)
class OptOutStatus:
    """Since when she wants no messages, how that is known, who put it down."""

    since: datetime
    source: str
    author: str


class Member:
    """Everything is read when a page asks for it."""

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
    def family(self) -> list[int]:
        return [account.pk for account in self.person.accounts]

    @cached_property
    def tags(self) -> list[assignments.PersonTag]:
        return assignments.tags_by_person({self.id: self.family})[self.id]

    @cached_property
    def first_tags(self) -> list[assignments.PersonTag]:
        """Those that say most, by hand and new; in the order of their groups."""
        most = {
            each.tag.pk for each in member_list.most_relevant_tags(self.tags)[:MAX_MAIN_TAGS]
        }
        return [each for each in self.tags if each.tag.pk in most]

    @cached_property
    def other_tags(self) -> list[assignments.PersonTag]:
        first = {each.tag.pk for each in self.first_tags}
        return [each for each in self.tags if each.tag.pk not in first]

    @cached_property
    def notes(self) -> list[notes.Note]:
        found = notes.list_of_person(self.family)
        for note in found:
            note.is_mine = notes.may_edit(note, self.by)  # type: ignore[attr-defined]
        return found

    @cached_property
    def profile(self) -> list[tuple[str, list[AttributeRow]]]:
        """Sections with their attributes, those not known among them."""
        every = attributes.list_all(self.by.community)
        held = self.person.attributes
        authors = Staff.objects.in_bulk(
            {one.by_id for one in held.values() if one.by_id is not None}
        )
        rows = [_attribute_row(each, held.get(each.name), authors) for each in every]
        sections = {
            key: list(some)
            for key, some in groupby(rows, lambda r: r.attribute.section)
        }
        return [
            (str(said), sections[key])
            for key, said in labels.SECTIONS.items()
            if key in sections
        ]

    @cached_property
    def known(self) -> list[tuple[str, list[AttributeRow]]]:
        """The profile without what nobody knows."""
        some = [(said, [r for r in rows if r.held]) for said, rows in self.profile]
        return [(said, rows) for said, rows in some if rows]

    @cached_property
    def accounts(self) -> list[AccountRow]:
        sources = interned_names.names_by_id(
            accounts.SOURCE_NAMESPACE, self.by.community.pk
        )
        known = Identifier.objects.filter(account_id__in=self.family)
        by_account = {
            pk: [self._known(row) for row in rows]
            for pk, rows in groupby(
                known.order_by("account_id", "kind", "value"), lambda r: r.account_id
            )
        }
        return [
            AccountRow(
                account=each,
                key=masking.key(each.key, self.by),
                channel=labels.label_of(labels.CHANNELS, each.channel),
                source=sources.get(each.source_id or 0, ""),
                known=by_account.get(each.pk, []),
            )
            for each in self.person.accounts
        ]

    @cached_property
    def joins(self) -> list[tuple[merges.Merge, str, str, str]]:
        """What holds the accounts together: the join, both keys, why."""
        keys = {each.account.pk: each.key for each in self.accounts}
        return [
            (join, keys.get(join.left_id, ""), keys.get(join.right_id, ""), said)
            for join in self.person.merges
            for said in [labels.label_of(labels.REASONS, join.reason)]
        ]

    def _known(self, row: Identifier) -> IdentifierRow:
        value = masking.identifier(kind=row.kind, value=row.value, by=self.by)
        return IdentifierRow(labels.label_of(labels.KINDS, row.kind), value)

    @cached_property
    def opted_out(self) -> OptOutStatus | None:
        row = opt_outs.find_by_person([self.id]).get(self.id)
        if row is None:
            return None
        by_hand = row.source in labels.SOURCES
        source = labels.label_of(labels.SOURCES if by_hand else labels.CHANNELS, row.source)
        authors = Staff.objects.filter(pk__in=[row.by_id] if by_hand else [])
        author = authors.values_list("name", flat=True).first()
        return OptOutStatus(row.set_at, source, author or "")

    @cached_property
    def groups(self) -> list[Membership]:
        """The groups she is in now, of those that the operator may see."""
        rows = Membership.objects.filter(account_id__in=self.family, present=True)
        seen = rows.filter(group__in=groups.list_visible(self.by)).select_related(
            "group"
        )
        once = {row.group_id: row for row in seen.order_by("-joined_at", "-pk")}
        return list(once.values())


def _attribute_row(
    attribute: Attribute, held: CurrentValue | None, authors: dict[int, Staff]
) -> AttributeRow:
    author = authors.get(held.by_id) if held and held.by_id else None
    return AttributeRow(attribute, held, author.name if author else "")


def get_visible_member(request: Request, pk: int) -> Member:
    """The member of this number, if they are in sight."""
    account = visibility.get(by=request.staff, account=pk, at=request.at)
    return Member(request, account)


def tagged_message(found: tag_models.Tag, action: str, number: int) -> str:
    if action == bulk_tagging.APPLY:
        text = ngettext(
            "“%(tag)s” was added to %(n)s member.",
            "“%(tag)s” was added to %(n)s members.",
            number,
        )
    else:
        text = ngettext(
            "“%(tag)s” was removed from %(n)s member.",
            "“%(tag)s” was removed from %(n)s members.",
            number,
        )
    return text % {"n": f"{number:,}", "tag": found.name}
