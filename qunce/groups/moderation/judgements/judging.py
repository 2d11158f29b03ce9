"""Judges messages, joins and new names: checks, conditions, decision, case, actions.

    judge(message, at=) -> Case | None            # call it in the handler's transaction
    judge_join(arrival, at=) -> Case | None       # joined, or has another name now
    find(…) -> list[fired_rules.Found]                        # what rules find, without consequences

History is never judged. Who is exempt from the rules of a group has no case.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.core import timestamps
from qunce.groups.lists import exemptions
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.checks.subjects import File, Kind, Subject
from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.contents import placeholders
from qunce.groups.moderation.judgements import fired_rules
from qunce.groups.moderation.ladders import ladders, strikes
from qunce.groups.moderation.ladders.decisions import (
    Decision,
    FiredRule,
    decide,
)
from qunce.groups.moderation.models import Case, CaseSource, CaseState, Mode, Rule
from qunce.groups.moderation.rules import rules
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.group_messages import GroupMessage, MessageFile
    from qunce.groups.groups import Group
    from qunce.groups.moderation.classifier.model import Model

CLASSIFIED = "classified"
"""The check that asks the classifier of the community."""
MERGED_WITHIN = timedelta(hours=1)
"""The same text of the same person is one open case for this long."""
MIN_WAVE, MAX_WAVE = timedelta(minutes=1), timedelta(hours=1)
"""How long before the one too many the people of a wave have come, by the rule's window."""
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


# Judging


def judge(message: GroupMessage, *, at: datetime) -> Case | None:
    """Judge a message that a channel reported; a case if a rule found something."""
    if message.is_history:
        return None
    running = rules.list_running(message.community)
    # What staff, bots and volunteers write is in no count of floods or copies, either.
    if not running or _is_exempt(message.group, message.responsible, at):
        return None
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
    found = fired_rules.find(running, message.group, subject, at=at)
    if not found:
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
    running = rules.list_running(arrival.group.community)
    if not running or _is_exempt(arrival.group, arrival.account, at):
        return None
    subject = Subject(
        kind=Kind.RENAMING if arrival.is_renaming else Kind.JOIN,
        key=arrival.key,
        group=str(arrival.group.pk),
        account=str(_person(arrival.account)),
        happened_at=arrival.happened_at,
        author_name=arrival.name,
    )
    found = fired_rules.find(running, arrival.group, subject, at=at)
    waves = [each for each in found if _is_wave(each)]
    if waves:
        cap = moderation_settings.cap_of(arrival.group)
        doors.note_wave(
            arrival.group,
            waves[0].rule,
            arrival.account,
            since=_begin_of(waves[0], arrival),
            cap=cap,
            at=at,
        )
    personal = [each for each in found if not _is_wave(each)]
    if not personal:
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


def _is_wave(found: fired_rules.Found) -> bool:
    """Whether what was found concerns the group and no one person."""
    return all(each.check == doors.CHECK for each in found.findings)


def _begin_of(wave: fired_rules.Found, arrival: Arrival) -> datetime:
    """When the people of a wave began to come; a join may be judged much later."""
    seconds = [
        int(each.words["seconds"])
        for finding in wave.findings
        for each in finding.evidence
    ]
    within = timedelta(seconds=max(seconds))
    return arrival.happened_at - min(max(within, MIN_WAVE), MAX_WAVE)


def _is_exempt(group: Group, account: int, at: datetime) -> bool:
    return exemptions.find(group=group, account=account, at=at) is not None


def _find_model(running: Sequence[Rule], community: Community) -> Model | None:
    """The classifier of the community, if a rule asks it."""
    asked = any(
        f'"{CLASSIFIED}"' in getattr(rule, "checks_text", "") for rule in running
    )
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
    found: Sequence[fired_rules.Found],
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
        state__in=[CaseState.OPEN, CaseState.OBSERVED],
        opened_at__gt=timestamps.to_micros(at - MERGED_WITHIN),
    )
    wanted = placeholders.without(message.text[: cases.MAX_TEXT])
    for case in rows.order_by("pk"):
        if placeholders.without(case.text) == wanted:
            return case
    return None


def _open(
    found: Sequence[fired_rules.Found],
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
