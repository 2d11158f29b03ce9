"""Messages of the entry gate to newcomers: questions, decisions and the group rules.

Each message follows from one fact and goes through the ledger, in the language of the
community. Where the channel of the group cannot send, staff ask by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.channel_contract import Capabilities, ChannelNotFound
from qunce.groups.entry import gate_terms, gates, group_rules, requests
from qunce.groups.entry.gate_terms import Terms
from qunce.groups.entry.models import EntryGate, EntryRequest, GroupRules, Reason, State
from qunce.groups.groups import Group
from qunce.members.surveys.questions import SCALES, Question
from qunce.outreach.sending import messages
from qunce.outreach.welcomes import decisions as welcomes

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact

MAX_LENGTH = 200
"""Characters of a decision, so that it is read."""


# Texts


def question_text(
    gate: EntryGate, step: str, at: datetime, *, is_repeated: bool
) -> str:
    """What a step asks, in the active language; "" if staff decide without asking."""
    terms = gates.terms_of(gate, at)
    question = terms.question_of(step)
    if step == gate_terms.KEYWORD:
        asked = _("To join “%(group)s”, reply with the keyword.")
    elif step == gate_terms.APPROVAL:
        asked = _("Thank you. Staff decide now whether you can join “%(group)s”.")
    elif question is not None:
        asked = _("To join “%(group)s”, please answer: %(question)s")
    else:
        return ""
    asked %= {
        "group": gate.group.name[:40],
        "question": _question_lines(question, terms) if question else "",
    }
    return (
        _("That does not fit. %(asked)s") % {"asked": asked} if is_repeated else asked
    )


def _question_lines(question: Question, terms: Terms) -> str:
    """The question, and what can be answered, one option a line."""
    lines = [question.text]
    if question.kind in SCALES:
        least, most = SCALES[question.kind]
        scale = _("Reply with a number from %(least)s to %(most)s.")
        lines.append(scale % {"least": least, "most": most})
    elif terms.shows_options:
        lines += [f"{n}. {each.text}" for n, each in enumerate(question.options, 1)]
    return "\n".join(lines)


def refusal_text(request: EntryRequest) -> str:
    """Why somebody cannot join, without revealing what the lists say."""
    group = {"group": request.group.name[:40]}
    if request.state == State.EXPIRED:
        return (
            _("The time to answer for “%(group)s” is over. You can ask again.") % group
        )
    if request.reason == Reason.OTHER_GROUP:
        return _("You are in another group like “%(group)s” already.") % group
    if request.reason == Reason.THRESHOLD:
        return _threshold_text(request.group)
    return _("You cannot join “%(group)s”. Please ask our staff.") % group


def _threshold_text(group: Group) -> str:
    gate = gates.find(group)
    if gate is None or not gate.note:
        text = _("“%(group)s” is for members who meet its conditions.")
        return text % {"group": group.name}
    text = _("“%(group)s” is for members who meet its conditions: %(note)s")
    return text % {"group": group.name, "note": gate.note}


def rules_text(rules: GroupRules) -> str:
    """The rules, and how to accept them."""
    how = _("To accept these rules, reply: %(word)s") % {"word": rules.accept_words[0]}
    return f"{rules.text}\n\n{how}"


# Reactions


def react_to_asked(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `entry.asked`: ask the newcomer by direct message."""
    for request, fact in _with_requests(facts):
        gate = gates.find(request.group)
        if gate is None or request.step != fact.payload["step"]:
            continue
        with translation.override(community.language):
            text = question_text(
                gate, request.step, at, is_repeated=fact.payload["is_repeated"]
            )
        _send_to_member(fact, request.group, text, at)


def react_to_refused(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `entry.refused` and `entry.expired`: say that they cannot join."""
    for request, fact in _with_requests(facts):
        if request.state in (State.REFUSED, State.EXPIRED):
            with translation.override(community.language):
                text = refusal_text(request)[:MAX_LENGTH]
            _send_to_member(fact, request.group, text, at)


def react_to_passed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `entry.passed`: send the rules of the group, to be accepted."""
    for request, fact in _with_requests(facts):
        rules = group_rules.find(request.group)
        if rules is not None:
            with translation.override(community.language):
                text = rules_text(rules)
            _send_to_member(fact, request.group, text, at)


def react_to_rules_published(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `entry.rules_published`: post the rules in the group."""
    for fact in facts:
        group = (
            Group.objects.filter(pk=fact.group or 0).select_related("community").first()
        )
        rules = group_rules.find(group) if group else None
        can = _capabilities(group) if group else None
        if (
            group is None
            or rules is None
            or rules.version != fact.payload["version"]
            or can is None
            or not can.to_group
        ):
            continue
        with translation.override(community.language):
            text = rules_text(rules)
        messages.request(
            _draft(fact, group, text, group_id=group.pk), community=community, at=at
        )


def _with_requests(
    facts: Sequence[RecordedFact],
) -> list[tuple[EntryRequest, RecordedFact]]:
    rows = EntryRequest.objects.select_related("group__community", "community")
    found = rows.in_bulk([fact.payload["request"] for fact in facts])
    return [
        (found[fact.payload["request"]], fact)
        for fact in facts
        if fact.payload["request"] in found
    ]


def _capabilities(group: Group) -> Capabilities | None:
    """What the channel of a group can do."""
    try:
        can = channel_contract.get(group.platform).capabilities
    except ChannelNotFound:
        return None
    return None if can.needs_person else can


def _send_to_member(fact: RecordedFact, group: Group, text: str, at: datetime) -> None:
    can = _capabilities(group)
    if not text or can is None or not can.to_member or fact.account is None:
        return
    messages.request(_draft(fact, group, text), community=group.community, at=at)


def _draft(
    fact: RecordedFact, group: Group, text: str, *, group_id: int | None = None
) -> messages.Draft:
    return messages.Draft(
        origin=messages.Origin.ENTRY,
        origin_id=fact.id,
        account=None if group_id else fact.account,
        group=group_id,
        # Names and rules are no variables.
        text=text.replace("{", "{{").replace("}", "}}"),
        purpose=messages.Purpose.MODERATION,
        channel=group.platform,
        priority=messages.Priority.URGENT,
    )


REACTIONS = {
    requests.EntryAsked.kind: (react_to_asked,),
    requests.EntryPassed.kind: (welcomes.react, react_to_passed),
    requests.EntryRefused.kind: (react_to_refused,),
    requests.EntryExpired.kind: (react_to_refused,),
    group_rules.GroupRulesPublished.kind: (react_to_rules_published,),
}
"""What follows from the facts of gates; the welcome comes before the rules."""
