"""What a member would get if they joined now, and why they got a welcome or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import GroupJoined
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import MemberJoined, MemberRejoined
from qunce.members.people import visibility
from qunce.outreach import skip_reasons
from qunce.outreach.content import templates
from qunce.outreach.sending import eligibility, texts
from qunce.outreach.sending.ledger import Message, Origin, Priority, Purpose, Sender
from qunce.outreach.service_styles import assignment
from qunce.outreach.welcomes import (
    decisions,
    joins,
    phrases,
    rule_people,
    selection,
    time_limits,
    welcomes,
)
from qunce.outreach.welcomes.joins import SAME_JOIN, Newcomers
from qunce.outreach.welcomes.models import Welcome, WelcomeDecision
from qunce.outreach.welcomes.selection import Join, Mismatch
from qunce.sets import timelines
from qunce.sets.bitmaps import bitmaps

JOINS = (MemberJoined.kind, MemberRejoined.kind, GroupJoined.kind)
LOOK_BACK = timedelta(days=365)
MAX_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A hypothetical join; without an `account`, that of somebody unknown."""

    account: int | None = None
    source: str = ""
    group: int | None = None


@dataclass(frozen=True)
class Line:
    """A welcome of the list, and why it does not fit; "" is that it does."""

    welcome: Welcome
    why_not: str


@dataclass(frozen=True)
class Preview:
    """`lines` end with the welcome that fits, if one does.

    `problem` is why it would not be sent; `text` is None if a variable has no value.
    """

    lines: Sequence[Line]
    chosen: Welcome | None = None
    text: str | None = None
    channel: str = ""
    staff: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of one join, in a sentence; `text` is what was sent or is to be."""

    joined_at: datetime
    sentence: str
    welcome: Welcome | None = None
    text: str = ""


# What would be sent


def preview(wanted: Wanted, *, by: Staff, at: datetime) -> Preview:
    """Which welcome a join now would lead to, and why. Nothing is sent."""
    welcomes.check_may_view(by)
    if wanted.account is not None:
        visibility.check_visible(by=by, accounts=[wanted.account], at=at)
    if wanted.group is not None:
        group_visibility.check(by=by, groups=[wanted.group])
    community = by.community
    listed = welcomes.list_in_order(community)
    join = Join(
        # Somebody who joins a group only is in the community already.
        is_of_community=wanted.group is None or wanted.account is None,
        source=_source_of(wanted, by, at),
        groups=frozenset() if wanted.group is None else frozenset({wanted.group}),
        minute=joins.minute_of(community, at),
    )
    lines = []
    for welcome in listed:
        holding = {welcome.pk} if _rule_holds(welcome, wanted.account, by, at) else {0}
        found = selection.find_mismatch(joins.conditions_of(welcome), join, holding)
        is_broken = found == Mismatch.RULE and rule_people.is_broken(welcome, at)
        why_not = phrases.BROKEN if is_broken else phrases.why_not(welcome, found)
        lines.append(Line(welcome, str(why_not)))
        if found is None:
            return _describe(welcome, join, wanted, lines, by, at)
    return Preview(lines, problem=_("No welcome fits, so nothing is sent."))


def _source_of(wanted: Wanted, by: Staff, at: datetime) -> str:
    if wanted.source or wanted.account is None:
        return wanted.source
    newcomers = _load(by, wanted.account, at)
    account = newcomers.accounts[wanted.account]
    return newcomers.sources.get(account.source_id or 0, "")


def _load(by: Staff, account: int, at: datetime) -> Newcomers:
    again = timedelta(days=time_limits.get(by.community).again_after_days)
    return joins.load(by.community, [account], again_after=again, at=at)


def _rule_holds(welcome: Welcome, account: int | None, by: Staff, at: datetime) -> bool:
    if welcome.rule is None or account is None:
        return False
    people = rule_people.find(welcome, at) or ()
    return account_queries.person_ids([account])[account] in people


def _describe(
    welcome: Welcome,
    join: Join,
    wanted: Wanted,
    lines: Sequence[Line],
    by: Staff,
    at: datetime,
) -> Preview:
    """The preview of the welcome that fits: its text, how it is sent, or why not."""
    community, person = by.community, 0
    chosen = Preview(lines, chosen=welcome, text=_with_fallbacks(welcome.text))
    newcomers = Newcomers({}, {}, {})
    account_channel, style_channel = "", ""
    if wanted.account is not None:
        newcomers = _load(by, wanted.account, at)
        person = newcomers.people[wanted.account]
        account_channel = newcomers.accounts[wanted.account].channel
        style = assignment.load(community, at).style_of(person)
        style_channel = style.channel if style else ""
    channel = decisions.choose_channel(welcome, account_channel, style_channel)
    capabilities = channel_contract.get(channel).capabilities
    senders = decisions.Senders.load(community, newcomers)
    staff = senders.choose(welcome, person, wanted.group)
    staff = staff if capabilities.needs_person else None
    chosen = replace(
        chosen,
        channel=str(channel_contract.get(channel).label),
        staff=staff.name if staff else "",
    )
    if wanted.account is None:
        return chosen
    sender = Sender(
        community=community,
        origin=Origin.WELCOME,
        purpose=Purpose.SERVICE,
        channel=channel,
        staff=staff,
        priority=Priority.URGENT,
    )
    text, missing = texts.render(
        welcome.text, [person], community=community, is_group=False, staff=staff
    )[person]
    problem = missing or _why_none(welcome, join, wanted, newcomers, sender, at)
    return replace(chosen, text=text, problem=problem)


def _with_fallbacks(text: str) -> str:
    """What somebody reads of whom nothing is known; a variable without a fallback stays."""
    return "".join(
        piece
        if isinstance(piece, str)
        else f"{{{piece.name}}}"
        if piece.fallback is None
        else piece.fallback
        for piece in templates.parse(text)
    )


def _why_none(
    welcome: Welcome,
    join: Join,
    wanted: Wanted,
    newcomers: Newcomers,
    sender: Sender,
    at: datetime,
) -> str:
    """Why a welcome that fits would not be sent to this member, or ""."""
    person = newcomers.people[wanted.account or 0]
    conditions = joins.conditions_of(welcome)
    days = time_limits.get(welcome.community).again_after_days
    repeat = selection.find_repeat(
        conditions,
        decisions.group_of(conditions, join.groups, wanted.group) or wanted.group,
        newcomers.earlier[person],
        at.timestamp(),
        same_join=SAME_JOIN.total_seconds(),
        again_after=timedelta(days=days).total_seconds(),
    )
    if repeat is not None:
        return phrases.why_repeated(repeat.value, days)
    checker = eligibility.checker_for(sender, bitmaps.of([person]), by=None, at=at)
    reason = checker.reasons_to_skip([person])[person]
    # Who has left is back by joining.
    if not reason or reason == skip_reasons.LEFT:
        return ""
    return _("It would be skipped: %(reason)s.") % {
        "reason": skip_reasons.label_of(reason)
    }


# What happened


def why(*, account: int, by: Staff, at: datetime) -> list[Answer]:
    """What became of the joins of a member, the newest first; not of hidden groups."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    own = account_queries.account_ids_of_person(account)
    rows = list(
        WelcomeDecision.objects.filter(account_id__in=own)
        .filter(Q(group_id=None) | Q(group_id__in=_visible_groups(by)))
        .select_related("welcome", "community")
        .order_by("-joined_at", "-pk")[:MAX_LISTED]
    )
    found = Message.objects.in_bulk([row.message_id for row in rows if row.message_id])
    answers = [_answer(row, found.get(row.message_id or 0), by) for row in rows]
    known = {row.fact_id for row in rows}
    answers += _undecided(own, known, by, at)
    return sorted(answers, key=lambda each: each.joined_at, reverse=True)[:MAX_LISTED]


def _visible_groups(by: Staff) -> list[int]:
    return list(group_visibility.list_visible(by).values_list("pk", flat=True))


def _answer(row: WelcomeDecision, message: Message | None, by: Staff) -> Answer:
    days = time_limits.get(row.community).again_after_days
    if row.reason or message is None:
        sentence = phrases.why_repeated(row.reason, days)
        return Answer(row.joined_at, sentence, row.welcome)
    zone = ZoneInfo(by.community.timezone)
    sentence = phrases.state_of(message, row.welcome, zone)
    return Answer(row.joined_at, sentence, row.welcome, message.text)


def _undecided(
    own: Sequence[int], known: set[int], by: Staff, at: datetime
) -> Iterator[Answer]:
    """Joins that nothing was decided about, as far as the log has the reason."""
    community, visible = by.community, set(_visible_groups(by))
    facts = [
        fact
        for fact in timelines.list_facts_of_kinds(
            community=community,
            kinds=JOINS,
            since=at - LOOK_BACK,
            until=at,
            accounts=own,
        )
        if fact.id not in known and (fact.group is None or fact.group in visible)
    ]
    from_lists = joins.find_listed(community, facts) if facts else set()
    within = time_limits.get(community).within
    for fact in facts[-MAX_LISTED:]:
        yield Answer(fact.happened_at, _why_undecided(fact, from_lists, within))


def _why_undecided(fact: RecordedFact, from_lists: set[int], within: timedelta) -> str:
    if fact.id in from_lists:
        return _("Came with an imported file, whose members are not welcomed.")
    if fact.recorded_at - fact.happened_at > within:
        return _("Became known too late: %(late)s after the join.") % {
            "late": phrases.duration(fact.recorded_at - fact.happened_at)
        }
    return _("No welcome was switched on at that time.")
