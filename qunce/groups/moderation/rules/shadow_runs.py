"""Shadow runs: what a rule would have done to stored messages, before it may act.

preview(rule_or_draft, …) -> Preview        # stores nothing: for the editor
run(rule=, since=, until=, by=, at=) -> ShadowRun    # after which the rule may act
find_latest(rule) -> ShadowRun | None
sentence(hits, total) -> str                # "would have acted on 14 of …"
list_hits(run, by=, at=) -> list[MessageText]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.groups import staff_roles
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import exemptions
from qunce.groups.moderation.checks.base import Scope, State
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.models import Rule, ShadowRun
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW
from qunce.groups.moderation.rules import conditions as rule_conditions
from qunce.groups.moderation.rules import rule_checks, rules
from qunce.groups.moderation.rules.conditions import Circumstances
from qunce.groups.stay_times import StayTimes
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_MESSAGES, MAX_HITS = 10_000, 500


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RuleTried(facts.FactKind):
    kind = "moderation.rule_tried"
    label = gettext_lazy("rule of moderation tried on past messages")
    labels = {
        "rule": gettext_lazy("rule"),
        "version": gettext_lazy("version"),
        "hits": gettext_lazy("messages that it would have acted on"),
        "total": gettext_lazy("messages"),
    }
    rule: str
    version: int
    hits: int
    total: int


class InvalidPeriod(errors.Invalid):
    """The period ends before it begins, or in the future."""


@dataclass
class Preview:
    """The messages that would have been hit, with what was found in each."""

    total: int = 0
    hits: list[tuple[MessageText, list[Finding]]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        return sentence(len(self.hits), self.total)


def sentence(hits: int, total: int) -> str:
    """How many of how many messages the rule would have acted on."""
    return ngettext(
        "It would have acted on %(hits)s of the last %(total)s message.",
        "It would have acted on %(hits)s of the last %(total)s messages.",
        total,
    ) % {"hits": f"{hits:,}", "total": f"{total:,}"}


# Trying


def preview(
    *,
    community: Community,
    checks: Any,
    conditions: Any,
    since: datetime,
    until: datetime,
    by: Staff,
    at: datetime,
) -> Preview:
    """Try checks that need not be saved on the latest messages of a period."""
    permissions.check_may(by, MANAGE)
    permissions.check_may(by, message_texts.READ)
    permissions.check_community(by, community.pk)
    if not since < until:
        raise InvalidPeriod(_("The period must end after it begins."))
    parsed = rule_conditions.parse(conditions or {}, community=community, by=by)
    trial = _Trial(community, rule_checks.parse(checks), parsed, by, at)
    rows = MessageText.objects.filter(
        community=community,
        group_id__gt=0,
        happened_at__gte=timestamps.to_micros(since),
        happened_at__lt=timestamps.to_micros(until),
    )
    # The latest ones, in the order in which they were written.
    latest = list(rows.order_by("-happened_at", "-pk")[:MAX_MESSAGES])
    return trial.run(latest[::-1])


class _Trial:
    """The checks of a rule on past messages, with states of their own."""

    def __init__(
        self,
        community: Community,
        checks: Sequence[Mapping[str, Any]],
        conditions: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> None:
        self.community, self.conditions, self.at = community, conditions, at
        self.compiled = rule_checks.compile_checks(checks)
        self.states: dict[tuple[int, int, str], State] = {}
        groups = Group.objects.filter(community=community)
        self.groups = groups.select_related("community").in_bulk()
        self.among = (
            audiences.people(
                community=community, rule=conditions["members"], by=by, at=at
            )
            if "members" in conditions
            else None
        )
        self.staff = audiences.staff_people(community=community, at=at)
        self.volunteers = _list_volunteers(community)
        self.model = learned_models.find(community)

    def run(self, rows: Sequence[MessageText]) -> Preview:
        people = account_queries.person_ids({row.account_id for row in rows})
        stays = StayTimes(rows) if "newcomer_days" in self.conditions else None
        result = Preview(total=len(rows))
        for row in rows:
            person = people[row.account_id]
            # As in judging, what they write is in no count, either.
            if person in self.staff or (row.group_id, person) in self.volunteers:
                continue
            findings = self._judge(row, person)
            if (
                findings
                and self._holds(row, person, stays)
                and not self._is_exempt(row)
            ):
                result.hits.append((row, findings))
        return result

    def _is_exempt(self, row: MessageText) -> bool:
        """Whether the author is on the whitelist, which is asked for hits only."""
        group = self.groups.get(row.group_id)
        return group is not None and (
            exemptions.find(group=group, account=row.account_id, at=self.at) is not None
        )

    def _judge(self, row: MessageText, person: int) -> list[Finding]:
        subject = Subject(
            key=row.key,
            group=str(row.group_id),
            account=str(person),
            happened_at=row.happened_at,
            text=row.text,
            model=self.model,
        )
        findings: list[Finding] = []
        for index, check in enumerate(self.compiled.checks):
            own = subject.account if check.scope == Scope.PERSON else ""
            place = index, row.group_id, own
            judgement = check.judge(subject, self.states.get(place))
            findings += judgement.findings
            if judgement.state is not None and check.scope != Scope.NONE:
                is_hit = bool(judgement.findings) and check.scope == Scope.PERSON
                self.states[place] = (
                    check.clear(judgement.state, subject.account)
                    if is_hit
                    else judgement.state
                )
        return findings

    def _holds(self, row: MessageText, person: int, stays: StayTimes | None) -> bool:
        group = self.groups.get(row.group_id)
        circumstances = Circumstances(
            group="" if group is None else group.key,
            minute=rule_conditions.minute_of_day(self.community, row.happened_at),
            days_in_group=None if stays is None else stays.days_before(row),
            is_among_members=None if self.among is None else person in self.among,
        )
        return rule_conditions.holds(self.conditions, circumstances)


def _list_volunteers(community: Community) -> set[tuple[int, int]]:
    """The groups and people of those who help in a group."""
    rows = Membership.objects.filter(
        group__community=community, present=True, role__in=staff_roles.VOLUNTEERS
    )
    pairs = list(rows.values_list("group_id", "account_id"))
    people = account_queries.person_ids({account for _group, account in pairs})
    return {(group, people[account]) for group, account in pairs}


# Verbs


def run(
    *, rule: Rule, since: datetime, until: datetime, by: Staff, at: datetime
) -> ShadowRun:
    """Try a rule as it is saved on the messages of a period; then it may act."""
    rules.check_visible(rule, by)
    tried = preview(
        community=rule.community,
        checks=rule.checks,
        conditions=rule.conditions,
        since=since,
        until=until,
        by=by,
        at=at,
    )
    with transaction.atomic():
        row = ShadowRun.objects.create(
            rule=rule,
            version=rule.version,
            since=since,
            until=until,
            total=tried.total,
            hits=len(tried.hits),
            messages=[message.pk for message, _findings in tried.hits[:MAX_HITS]],
            created_at=at,
            by=by,
        )
        # Another version may have been saved in the meantime.
        Rule.objects.filter(pk=rule.pk, version=rule.version).update(
            shadow_version=rule.version
        )
        event = RuleTried(
            rule=rule.key, version=rule.version, hits=row.hits, total=row.total
        )
        facts.record(event, community=rule.community, by=by, at=at)
    rule.shadow_version = rule.version
    return row


# Reads


def find_latest(rule: Rule) -> ShadowRun | None:
    """The latest shadow run of this version of the rule."""
    rows = ShadowRun.objects.filter(rule=rule, version=rule.version)
    return rows.order_by("-created_at", "-pk").first()


def list_hits(run_: ShadowRun, *, by: Staff, at: datetime) -> list[MessageText]:
    """The messages that it would have acted on, as far as their texts are kept."""
    permissions.check_may(by, VIEW)
    permissions.check_may(by, message_texts.READ)
    permissions.check_unscoped(by)
    rules.check_visible(run_.rule, by)
    rows = MessageText.objects.filter(
        community=run_.rule.community, pk__in=run_.messages
    )
    return list(rows.order_by("-happened_at", "-pk"))
