"""Messages that a person pastes or types, where no channel reports them (plain WeChat).

    parse(text, name="") -> list[Pasted]
    judge(group=, text=, name=, by=, at=) -> list[Verdict]      # a case for each hit
    remove(case=, by=, at=) -> None    # out of the group, and the name on the blacklist

What is understood is what WeChat copies: `name 2026-03-05 21:30` or `name:` on a line of
its own before each message, `name: text` on every line, or texts between empty lines.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, names, permissions, text_validation
from qunce.groups import groups as group_verbs
from qunce.groups.groups import Membership
from qunce.groups.lists import exemptions, listed_names, lists
from qunce.groups.lists.models import ListEntry, ListName
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.contents import placeholders
from qunce.groups.moderation.judgements.fired_rules import Found
from qunce.groups.moderation.ladders.decisions import step_at
from qunce.groups.moderation.ladders.ladders import steps_of
from qunce.groups.moderation.models import Case, CaseSource, CaseState, Mode, Rung
from qunce.groups.moderation.moderation_permissions import DECIDE
from qunce.groups.moderation.rules import rule_checks, rules
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MAX_PASTED, MAX_MESSAGES, MAX_NAME = 100_000, 300, 60
EARLIEST = datetime(2011, 1, 1, tzinfo=UTC)
"""The year of the first WeChat; an earlier time is no time of a message."""
HIDDEN = "hidden"
"""There is a case, and it is for staff who see the member."""
TIME = (
    r"(?:(?P<year>\d{4})[-/年.](?P<month>\d{1,2})[-/月.](?P<day>\d{1,2})日?\s+)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
)
READ_TIME = re.compile(TIME)
HEADER = re.compile(rf"(?P<name>\S.{{0,59}}?)[ \t\u3000]+(?P<time>{TIME})")
NAME_LINE = re.compile(r"(?P<name>[^\s:：][^:：]{0,59})[:：]")
NAMED_LINE = re.compile(r"(?P<name>[^\s:：][^:：]{0,30})[:：]\s*(?P<text>\S.*)")


class InvalidPaste(errors.Invalid):
    """The pasted text is empty or too long."""


@dataclass(frozen=True)
class Pasted:
    """One message; without a `name`, nobody knows whose it is."""

    name: str
    text: str
    time: str = ""
    """As it is written, such as "2026-03-05 21:30" or "21:30"."""


@dataclass(frozen=True)
class Verdict:
    """What the rules and the blacklist say of a pasted message; nothing without a case."""

    pasted: Pasted
    case: Case | None = None
    exemption: str = ""
    """Why the rules do not apply to whoever wrote it, or HIDDEN."""


# Parsing


def parse(text: str, name: str = "") -> list[Pasted]:
    """The messages in a pasted text; `name` is of those that have none.

    Raises InvalidPaste.
    """
    if len(text) > MAX_PASTED or not text_validation.is_valid(text + name):
        raise InvalidPaste(
            _("Paste at most %(n)s characters, without control characters.")
            % {"n": f"{MAX_PASTED:,}"}
        )
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    own = names.clean(name)[:MAX_NAME]
    parsed = [
        Pasted(names.clean(who)[:MAX_NAME] or own, said, time)
        for who, said, time in _split(lines)
        if said
    ]
    if not parsed:
        raise InvalidPaste(_("Paste at least one message."))
    if len(parsed) > MAX_MESSAGES:
        raise InvalidPaste(
            _("These are %(count)s messages. Paste at most %(n)s at once.")
            % {"count": len(parsed), "n": MAX_MESSAGES}
        )
    return parsed


def _split(lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Name, text and time of each message, as they are written."""
    for pattern in (HEADER, NAME_LINE):
        if any(pattern.fullmatch(line.strip()) for line in lines):
            yield from _split_at(lines, pattern)
            return
    named = [NAMED_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
    if len(named) > 1 and all(named):
        for match in named:
            if match is not None:
                yield match["name"], match["text"], ""
        return
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        else:
            yield "", "\n".join(block).strip(), ""
            block = []


def _split_at(
    lines: Sequence[str], pattern: re.Pattern[str]
) -> Iterator[tuple[str, str, str]]:
    name, time, said = "", "", list[str]()
    for line in lines:
        if match := pattern.fullmatch(line.strip()):
            yield name, "\n".join(said).strip(), time
            name, time, said = match["name"], match.groupdict().get("time") or "", []
        else:
            said.append(line)
    yield name, "\n".join(said).strip(), time


def _read_time(text: str, community: Community, at: datetime) -> datetime | None:
    """The time that is written, on the community's clock; None if it is none of the past.

    A time without a date is that of today, or of yesterday if it is yet to come.
    """
    match = READ_TIME.fullmatch(text)
    if match is None:
        return None
    zone = ZoneInfo(community.timezone)
    today = at.astimezone(zone)
    part = {name: int(value) for name, value in match.groupdict("0").items()}
    day = (part["year"], part["month"], part["day"])
    try:
        read = datetime(
            *(day if part["year"] else (today.year, today.month, today.day)),
            part["hour"],
            part["minute"],
            part["second"],
            tzinfo=zone,
        )
    except ValueError:
        return None
    if read > at and not part["year"]:
        read -= timedelta(days=1)
    return read.astimezone(UTC) if EARLIEST <= read <= at else None


# Verbs


@transaction.atomic
def judge(
    *, group: Group, text: str, by: Staff, at: datetime, name: str = ""
) -> list[Verdict]:
    """Judge pasted messages by the rules of the group; what they find waits as cases.

    So does whatever somebody says who is on the blacklist for the group.
    Rules that are off are not asked. The same message of the same name is one case.
    """
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    running = [
        rule
        for rule in rules.list_running(group.community)
        if _concerns(rule.conditions, group)
    ]
    verdicts, model = [], learned_models.find(group.community)
    for pasted in parse(text, name):
        subject = Subject(
            key="pasted",
            group=str(group.pk),
            account="",
            happened_at=at,
            text=pasted.text,
            author_name=pasted.name,
            model=model,
        )
        found = [
            Found(rule, findings)
            for rule in running
            if (
                findings := rule_checks.judge_stateless(
                    rule_checks.of_rule(rule), subject
                )
            )
        ]
        verdicts.append(_verdict(pasted, found, group, by, at))
    return verdicts


def _concerns(conditions: dict[str, object], group: Group) -> bool:
    """Whether a rule is for the group; who wrote a pasted text is not known for sure."""
    keys = conditions.get("groups")
    return not isinstance(keys, list) or group.key in keys


def _verdict(
    pasted: Pasted, found: Sequence[Found], group: Group, by: Staff, at: datetime
) -> Verdict:
    account = _find_member(group, pasted.name, by=by, at=at)
    listed = _find_listed(group, pasted.name, account, by, at)
    if not found and listed is None:
        return Verdict(pasted)
    if account is not None:
        exemption = exemptions.find(group=group, account=account, at=at)
        if exemption is not None:
            return Verdict(pasted, exemption=exemption.ground.value)
    said = placeholders.without(pasted.text)
    digest = hashlib.sha256(f"{pasted.name}\n{said}".encode()).hexdigest()
    key = f"pasted:{digest[:40]}"
    for known in Case.objects.filter(group=group, judged_key=key):
        return _shown(pasted, known, by, at)
    first = found[0].rule if found else None
    step = None if first is None else step_at(steps_of(first.ladder), 1)
    rung, minutes = (
        (Rung.WARN, None) if step is None else (Rung(step.rung), step.minutes)
    )
    if listed is not None:
        rung, minutes = Rung.BAN, None
    case = cases.open_case(
        group=group,
        by=by,
        at=at,
        source=CaseSource.PASTED,
        judged_key=key,
        account_id=account,
        responsible_id=account,
        author_name=pasted.name,
        text=pasted.text,
        happened_at=_read_time(pasted.time, group.community, at) or at,
        findings=[row for each in found for row in each.to_json()],
        rule=first,
        mode=Mode.PROPOSE,
        rung=rung,
        minutes=minutes,
        state=CaseState.OPEN,
    )
    return _shown(pasted, case, by, at)


def _shown(pasted: Pasted, case: Case, by: Staff, at: datetime) -> Verdict:
    """The verdict without the case if that is about nobody whom `by` sees."""
    for seen in cases.list_visible(by, at).filter(pk=case.pk):
        return Verdict(pasted, seen)
    return Verdict(pasted, exemption=HIDDEN)


def _find_member(group: Group, name: str, *, by: Staff, at: datetime) -> int | None:
    """The account of the only member of the group with this name, whom `by` sees."""
    if not name:
        return None
    named = Account.objects.filter(community=group.community, name=name)
    rows = Membership.objects.filter(
        group=group, present=True, account_id__in=named.values("pk")
    )
    accounts = list(rows.order_by("account_id").values_list("account_id", flat=True))
    people = account_queries.person_ids(accounts)
    if len(set(people.values())) != 1:
        return None
    seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
    return accounts[0] if seen else None


def _find_listed(
    group: Group, name: str, account: int | None, by: Staff, at: datetime
) -> ListEntry | None:
    """The entry on the blacklist of the member, or without one of anybody of this name."""
    if account is not None:
        return lists.find_black(group, account, at)
    return listed_names.find_black(group=group, name=name, by=by, at=at)


def find_listed(case: Case, *, by: Staff, at: datetime) -> ListEntry | None:
    """The entry on the blacklist of whoever wrote a pasted message."""
    cases.check_visible(case, by, at)
    return _find_listed(case.group, case.author_name, case.responsible_id, by, at)


@transaction.atomic
def remove(*, case: Case, by: Staff, at: datetime) -> None:
    """Confirm a case with a ban, and put who wrote it on the blacklist of every group.

    Where the channel cannot ban, staff get the task to remove the name from the group.
    """
    case_decisions.confirm(case=case, by=by, at=at, rung=Rung.BAN)
    if case.responsible_id is None and not case.author_name:
        return
    try:
        lists.add(
            community=case.community,
            list_name=ListName.BLACK,
            account=case.responsible_id,
            channel="" if case.responsible_id else case.group.platform,
            channel_key="" if case.responsible_id else case.author_name,
            name=case.author_name,
            reason=_("Case %(number)s") % {"number": case.number},
            evidence=case.text[:1_000],
            by=by,
            at=at,
        )
    except lists.AlreadyListed:
        return
