"""Judges messages, joins and new names: checks, conditions, decision, case, actions.

    judge(message, at=) -> Case | None            # call it in the handler's transaction
    judge_join(arrival, at=) -> Case | None       # joined, or has another name now
    find(…) -> list[Found]                        # what rules find, without consequences

History is never judged. Who is exempt from the rules of a group has no case.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.core import errors, timestamps
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Membership
from qunce.groups.lists import exemptions
from qunce.groups.moderation import (
    actions,
    cases,
    check_states,
    conditions,
    doors,
    ladders,
    learned_models,
    moderation_settings,
    rules,
    strikes,
)
from qunce.groups.moderation.checks.findings import Finding, list_hard
from qunce.groups.moderation.checks.subjects import File, Kind, Subject
from qunce.groups.moderation.conditions import Circumstances
from qunce.groups.moderation.decisions import Decision, FiredRule, decide
from qunce.groups.moderation.models import (
    Case,
    CaseSource,
    CaseState,
    Mode,
    Rule,
)
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.group_messages import GroupMessage, MessageFile
    from qunce.groups.groups import Group
    from qunce.groups.moderation.classifier.model import Model

CLASSIFIED = "classified"
"""The check that asks the classifier of the community."""
MERGED_WITHIN = timedelta(hours=1)
"""The same text of the same person is one open case for this long."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody joined a group, or is called otherwise there now."""

    group: Group
    account: int
    key: str
    happened_at: datetime
    name: str = ""
    is_renaming: bool = False
    is_history: bool = False


@dataclass(frozen=True)
class Found:
    """A rule that fired, with what its checks found."""

    rule: Rule
    findings: Sequence[Finding]

    @property
    def only_model(self) -> bool:
        return not list_hard(self.findings)

    def to_json(self) -> list[dict[str, Any]]:
        own = {
            "rule": self.rule.key,
            "name": self.rule.name,
            "version": self.rule.version,
        }
        return [own | finding.to_json() for finding in self.findings]


# Judging


def judge(message: GroupMessage, *, at: datetime) -> Case | None:
    """Judge a message that a channel reported; a case if a rule found something."""
    if message.is_history:
        return None
    running = rules.list_running(message.community)
    subject = Subject(
        kind=Kind.EDIT if message.edits else Kind.MESSAGE,
        key=message.key,
        group=str(message.group.pk),
        account=str(_person(message.responsible)),
        happened_at=message.happened_at,
        text=message.text,
        # An editor's own name is not known here, and the author has not done this.
        author_name=message.author_name if message.editor is None else "",
        files=tuple(_file(each) for each in message.files),
        is_forwarded=bool(message.forwarded_from),
        model=_find_model(running, message.community),
    )
    found = find(running, message.group, subject, at=at)
    if not found or _is_exempt(message.group, message.responsible, at):
        return None
    decision = _decide(
        found,
        message.group,
        message.responsible,
        at,
        only_message=bool(message.forwarded_from),
    )
    if decision.step is None:
        return None
    if merged := _find_open_duplicate(message, decision, at):
        cases.merge_into(merged, message.edits or message.key)
        return merged
    case = _open(
        found,
        decision,
        group=message.group,
        at=at,
        source=CaseSource.RULE,
        message_key=message.edits or message.key,
        judged_key=message.key,
        account_id=message.account,
        editor_id=message.editor,
        responsible_id=message.responsible,
        is_forwarded=bool(message.forwarded_from),
        author_name=subject.author_name,
        text=message.text,
        happened_at=message.happened_at,
    )
    return carry_out(case, decision, at=at)


def judge_join(arrival: Arrival, *, at: datetime) -> Case | None:
    """Judge a name, or how many join at once; a wave of joins closes the group."""
    if arrival.is_history:
        return None
    subject = Subject(
        kind=Kind.RENAMING if arrival.is_renaming else Kind.JOIN,
        key=arrival.key,
        group=str(arrival.group.pk),
        account=str(_person(arrival.account)),
        happened_at=arrival.happened_at,
        author_name=arrival.name,
    )
    community = arrival.group.community
    found = find(rules.list_running(community), arrival.group, subject, at=at)
    waves = [each for each in found if _is_wave(each)]
    if waves:
        cap = moderation_settings.cap_of(arrival.group)
        doors.note_wave(arrival.group, waves[0].rule, arrival.account, cap=cap, at=at)
    personal = [each for each in found if not _is_wave(each)]
    if not personal or _is_exempt(arrival.group, arrival.account, at):
        return None
    decision = _decide(personal, arrival.group, arrival.account, at)
    if decision.step is None:
        return None
    case = _open(
        personal,
        decision,
        group=arrival.group,
        at=at,
        source=CaseSource.RULE,
        judged_key=arrival.key,
        account_id=arrival.account,
        responsible_id=arrival.account,
        author_name=arrival.name,
        happened_at=arrival.happened_at,
    )
    return carry_out(case, decision, at=at)


def find(
    running: Iterable[Rule], group: Group, subject: Subject, *, at: datetime
) -> list[Found]:
    """The rules whose checks find something and whose conditions hold.

    A rule that cannot be evaluated any more fires for nobody, and is logged.
    """
    found = []
    for rule in running:
        try:
            findings = check_states.judge(rule, group, subject, at)
            if findings and _conditions_hold(
                rule, group, int(subject.account), subject, at
            ):
                ladders.steps_of(rule.ladder)
                found.append(Found(rule, findings))
        except (errors.QunceError, *check_states.DAMAGED):
            # Its messages are judged by the other rules, and stored.
            log.exception("rule %s of moderation cannot be evaluated", rule.pk)
    return found


def _conditions_hold(
    rule: Rule, group: Group, account: int, subject: Subject, at: datetime
) -> bool:
    wanted = rule.conditions
    return conditions.holds(
        wanted,
        Circumstances(
            group=group.key,
            minute=conditions.minute_of_day(group.community, subject.happened_at),
            days_in_group=_days_in_group(group, account, subject.happened_at)
            if "newcomer_days" in wanted
            else None,
            is_among_members=_is_among(rule, account, at)
            if "members" in wanted
            else None,
        ),
    )


def _days_in_group(group: Group, account: int, moment: datetime) -> float | None:
    """How long the person has been in the group; None if they are not known there."""
    accounts = account_queries.account_ids_of_person(account)
    rows = Membership.objects.filter(group=group, account_id__in=accounts, present=True)
    joined = rows.order_by("joined_at").values_list("joined_at", flat=True).first()
    return None if joined is None else (moment - joined) / timedelta(days=1)


def _is_among(rule: Rule, account: int, at: datetime) -> bool:
    by = staff_models.system(rule.community)
    try:
        people = audiences.people(
            community=rule.community, rule=rule.conditions["members"], by=by, at=at
        )
    except errors.Invalid:
        log.warning("the members of rule %s cannot be evaluated", rule.pk)
        return False
    return account in people


def _is_wave(found: Found) -> bool:
    """Whether what was found concerns the group and no one person."""
    return all(each.check == doors.CHECK for each in found.findings)


def _is_exempt(group: Group, account: int, at: datetime) -> bool:
    return exemptions.find(group=group, account=account, at=at) is not None


def _find_model(running: Sequence[Rule], community: Community) -> Model | None:
    """The classifier of the community, if a rule asks it."""
    asked = any(f'"{CLASSIFIED}"' in json.dumps(rule.checks) for rule in running)
    return learned_models.find(community) if asked else None


def _person(account: int) -> int:
    return account_queries.person_ids([account]).get(account, account)


def _file(file: MessageFile) -> File:
    path = file.path
    return File(
        name=file.name,
        media_type=file.media_type,
        load=functools.partial(bytes) if path is None else path.read_bytes,
    )


# Deciding and opening


def _decide(
    found: Sequence[Found],
    group: Group,
    account: int,
    at: datetime,
    *,
    only_message: bool = False,
) -> Decision:
    own_ladders = {each.rule.ladder_id: each.rule.ladder for each in found}
    counts = strikes.count(account, own_ladders.values(), at)
    fired = [
        FiredRule(
            rule=each.rule.pk,
            mode=Mode(each.rule.mode),
            ladder=each.rule.ladder_id,
            steps=ladders.steps_of(each.rule.ladder),
            strikes=counts[each.rule.ladder_id].real,
            shadow_strikes=counts[each.rule.ladder_id].shadow,
            only_model=each.only_model,
        )
        for each in found
    ]
    cap = moderation_settings.cap_of(group)
    return decide(fired, cap=cap, only_message=only_message)


def _find_open_duplicate(
    message: GroupMessage, decision: Decision, at: datetime
) -> Case | None:
    if decision.act is not None:
        return None
    rows = Case.objects.filter(
        group=message.group,
        responsible_id=message.responsible,
        text=message.text[: cases.MAX_TEXT],
        state__in=[CaseState.OPEN, CaseState.OBSERVED],
        opened_at__gt=timestamps.to_micros(at - MERGED_WITHIN),
    )
    return rows.order_by("pk").first()


def _open(
    found: Sequence[Found],
    decision: Decision,
    *,
    group: Group,
    at: datetime,
    **fields: Any,
) -> Case:
    step = decision.step
    if step is None:
        raise ValueError("nothing follows from the decision")
    by_pk = {each.rule.pk: each.rule for each in found}
    return cases.open_case(
        group=group,
        by=None,
        at=at,
        findings=[row for each in found for row in each.to_json()],
        rule=None if decision.rule is None else by_pk[decision.rule],
        mode=decision.mode,
        rung=(decision.proposal or step).rung,
        minutes=(decision.proposal or step).minutes,
        strikes=step.strikes,
        state=_state_of(decision),
        **fields,
    )


def _state_of(decision: Decision) -> CaseState:
    """A proposal that goes further than what was done waits for a person."""
    if decision.proposal is not None:
        return CaseState.OPEN
    return CaseState.OBSERVED if decision.act is None else CaseState.ACTED


def carry_out(case: Case, decision: Decision, *, at: datetime) -> Case:
    """Give the strikes of a decision and plan the actions of its step that acts."""
    if case.responsible_id is not None:
        strikes.add(case, case.responsible_id, decision.ladders, at)
    if decision.act is not None:
        planned = actions.plan_step(
            case,
            decision.act.rung,
            decision.act.minutes,
            is_automatic=True,
            by=None,
            at=at,
        )
        if not planned:
            cases.tell(case, at)
    return case
