"""Lines of a chat that staff paste, where no channel reports messages (plain WeChat).

    result = pasted_lines.paste(activity=activity, group=group, text=text, by=by, at=at)

Understood is what WeChat copies: `name 2026-03-05 21:30` or `name:` on a line of its own,
`name: text` on a line, and the numbered lines of a group order list. Names are matched to
the members of that group by nickname and remark; who is not sure is asked.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import Kind
from qunce.activities.activities.models import (
    MAX_NAME,
    MAX_SAID,
    Activity,
    PastedLine,
    Way,
)
from qunce.activities.kinds import base
from qunce.core import communities, errors, names, text_validation
from qunce.groups import groups as group_verbs
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import people, remark_names, visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MAX_PASTED, MAX_LINES = 200_000, 10_000
MAX_TAKEN = 500
"""Entries of one paste; more are pasted in parts."""
MAX_CANDIDATES = 20
MAX_AGE = timedelta(days=7)
"""How old a line with a date may be, so that an old log enters nobody."""
DATE = r"(?:(?P<year>\d{4})[-/年.](?P<month>\d{1,2})[-/月.](?P<day>\d{1,2})日?\s+)?"
CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?"
HEADER = re.compile(rf"(?P<name>\S.{{0,59}}?)[ \t\u3000]+{DATE}{CLOCK}")
NAMED = re.compile(r"(?P<name>[^\s:：][^:：]{0,59})[:：][ \t\u3000]*(?P<text>.*)")
NUMBERED = re.compile(r"\d{1,3}[.、)）][ \t]*(?P<name>\S{1,60})(?:[ \t]+(?P<text>.*))?")
LIST_WORD = "接龙"


class InvalidPaste(errors.Invalid):
    """The pasted text is empty or too long."""


class LineNotFound(errors.NotFound):
    """There is no such line that waits for an answer."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a member of a chat said, `said_at` if the chat showed it."""

    name: str
    said: str
    said_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The rows of a paste; `known` lines were pasted before, `others` are not about it."""

    rows: tuple[PastedLine, ...]
    known: int
    others: int

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.state for row in self.rows)


# Parsing


def parse(
    text: str,
    *,
    kind: Kind,
    community: Community,
    at: datetime,
    activity: Activity | None = None,
) -> tuple[list[Line], int]:
    """The lines that are about a kind, and how many others there are.

    Some kinds listen to lines without the keyword, if `activity` needs that.
    """
    if len(text) > MAX_PASTED or not text_validation.is_valid(text):
        raise InvalidPaste(
            _("Paste at most %(n)s characters, without control characters.")
            % {"n": f"{MAX_PASTED:,}"}
        )
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        raise InvalidPaste(_("Paste at least one line of the chat."))
    if len(lines) > MAX_LINES:
        raise InvalidPaste(
            _("These are %(count)s lines. Paste at most %(n)s at once.")
            % {"count": f"{len(lines):,}", "n": f"{MAX_LINES:,}"}
        )
    found, others = [], 0
    for name, words, said_at in _split(lines, community, at):
        said = kind.read_line(words)
        if said is None and kind.listens is not None and activity is not None:
            said = kind.listens(activity, words)
        shown = names.clean(name)[:MAX_NAME]
        if said is None or not shown:
            others += 1
            continue
        found.append(Line(name=shown, said=said, said_at=said_at))
    return found, others


def _split(
    lines: Sequence[str], community: Community, at: datetime
) -> Iterator[tuple[str, str, datetime | None]]:
    """Name, text and time of each message of a chat."""
    is_list = any(LIST_WORD in line for line in lines[:3])
    # The lines of a list say nothing but the name; its title says what it is about.
    title = next((line for line in lines if LIST_WORD in line), "")
    word = title.replace("#", "").replace(LIST_WORD, "").strip(" :：")
    name, said_at = "", None
    for line in lines:
        header = HEADER.fullmatch(line)
        if header is not None:
            name, said_at = header["name"], _time_of(header, community, at)
        elif is_list and (numbered := NUMBERED.fullmatch(line)):
            yield numbered["name"], f"{word} {numbered['text'] or ''}", None
        elif named := NAMED.fullmatch(line):
            name, said_at = named["name"], None
            if named["text"]:
                yield name, named["text"], None
        else:
            yield name, line, said_at


def _time_of(
    header: re.Match[str], community: Community, at: datetime
) -> datetime | None:
    """The time in a header; without a date, the last time the clock showed it."""
    zone = communities.zone(community)
    now = at.astimezone(zone)
    try:
        clock = time(int(header["hour"]), int(header["minute"]))
        if not header["year"]:
            moment = datetime.combine(now.date(), clock, tzinfo=zone)
            return moment if moment <= at else moment - timedelta(days=1)
        day = date(int(header["year"]), int(header["month"]), int(header["day"]))
    except ValueError:
        return None
    return datetime.combine(day, clock, tzinfo=zone)


# Verbs


def paste(
    *, activity: Activity, group: Group, text: str, by: Staff, at: datetime
) -> Result:
    """Take the lines of a chat for the members who said them; the same paste adds nothing.

    Each line is a transaction of its own, so that one that is refused holds up no other.
    """
    activities.check_may_run(by, activity)
    group_verbs.check_visible(group, by)
    found, others = parse(
        text,
        kind=activities.kind_of(activity),
        community=activity.community,
        at=at,
        activity=activity,
    )
    if len(found) > MAX_TAKEN:
        raise InvalidPaste(
            _("These are %(count)s entries. Paste at most %(n)s at once.")
            % {"count": f"{len(found):,}", "n": MAX_TAKEN}
        )
    whole = _digest(group.pk, *(f"{line.name}\n{line.said}" for line in found))
    lines = PastedLine.objects.filter(activity=activity)
    if lines.filter(paste=whole).exists():
        return Result(rows=(), known=len(found), others=others)
    digests = _number(found, group, activity.community, at)
    known = set(lines.filter(digest__in=digests).values_list("digest", flat=True))
    matcher = Matcher(group, by=by, at=at)
    rows = [
        _take(activity, group, line, digest, whole, matcher, by, at)
        for line, digest in zip(found, digests, strict=True)
        if digest not in known
    ]
    return Result(
        rows=tuple(row for row in rows if row is not None),
        known=len(found) - len(rows),
        others=others,
    )


def _number(
    found: Sequence[Line], group: Group, community: Community, at: datetime
) -> list[str]:
    """A digest for each line: of its day and words, and which one of several alike it is."""
    seen: Counter[tuple[str, ...]] = Counter()
    digests = []
    for line in found:
        moment = line.said_at or at
        place = f"{moment:%H:%M}" if line.said_at else ""
        key = (line.name, line.said, str(community.day(moment)), place)
        seen[key] += 1
        digests.append(_digest(group.pk, *key, str(seen[key])))
    return digests


def _digest(group: int, *parts: str) -> str:
    text = "\0".join((str(group), *parts))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def _take(
    activity: Activity,
    group: Group,
    line: Line,
    digest: str,
    whole: str,
    matcher: Matcher,
    by: Staff,
    at: datetime,
) -> PastedLine | None:
    said_at = line.said_at or at
    row, is_new = PastedLine.objects.get_or_create(
        activity=activity,
        digest=digest,
        defaults={
            "group": group,
            "paste": whole,
            "name": line.name,
            "said": line.said[:MAX_SAID],
            "said_at": said_at,
            "at": at,
            "by": by,
            "state": PastedLine.State.UNSURE,
        },
    )
    if not is_new:
        return None
    account = matcher.find(line.name)
    problem = _check(line, said_at, at)
    if problem:
        row.answer = problem
        row.state = PastedLine.State.REFUSED
        row.said = ""
        row.save(update_fields=["answer", "state", "said"])
    elif account is not None:
        _enter(row, account, by, at)
    return row


def _check(line: Line, said_at: datetime, at: datetime) -> str:
    """Why a line cannot be entered, "" if it can."""
    if said_at > at or at - said_at > MAX_AGE:
        return _("The time is not of the last %(n)s days.") % {"n": MAX_AGE.days}
    if len(line.said) > MAX_SAID:
        text = _("A line can have at most %(most)s characters; this one has %(n)s.")
        return text % {"most": MAX_SAID, "n": f"{len(line.said):,}"}
    return ""


def _enter(row: PastedLine, account: int, by: Staff, at: datetime) -> None:
    reply = base.take_part(
        activity=row.activity,
        account_id=account,
        way=Way.PASTE,
        said=row.said,
        key=f"line:{row.pk}",
        at=at,
        said_at=row.said_at,
        group_id=row.group_id,
        by=by,
    )
    row.account_id, row.answer, row.said = account, reply.text, ""
    states = PastedLine.State
    row.state = states.TAKEN if reply.accepted else states.REFUSED
    row.save(update_fields=["account_id", "answer", "said", "state"])


@transaction.atomic
def answer(*, line: PastedLine, account: int | None, by: Staff, at: datetime) -> None:
    """Assign an unsure line to an account, or skip it without one."""
    activities.check_may_run(by, line.activity)
    _check_visible(line, by, at)
    locked = PastedLine.objects.select_for_update(of=("self",)).filter(
        pk=line.pk, state=PastedLine.State.UNSURE
    )
    if not locked.exists():
        raise LineNotFound(_("This line has been answered already."))
    line.refresh_from_db()
    if account is None:
        line.state, line.said = PastedLine.State.SKIPPED, ""
        line.save(update_fields=["state", "said"])
        return
    visibility.check_visible(by=by, accounts=[account], at=at)
    _enter(line, account, by, at)


# Who it is


class Matcher:
    """Finds members of a group by the names that the chat shows, as far as `by` sees them.

    Names are read once per paste.
    """

    def __init__(self, group: Group, *, by: Staff, at: datetime) -> None:
        self._group, self._by = group, by
        rows = Membership.objects.filter(group=group, present=True)
        accounts = list(rows.values_list("account_id", flat=True))
        self._people = account_queries.person_ids(accounts)
        seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
        self._names = {
            account: names.clean(name)
            for account, name in account_queries.list_names(accounts)
            if self._people[account] in seen
        }
        self._people_by_name: dict[str, set[int]] = {}
        for account, name in self._names.items():
            self._people_by_name.setdefault(name.casefold(), set()).add(
                self._people[account]
            )
        self._remarks: dict[int, str] = {}

    def find(self, name: str) -> int | None:
        """The only member of this name, by an earlier answer, nickname or remark."""
        answered = self._find_answered(name)
        if answered is not None:
            return answered
        named = self._people_by_name.get(name.casefold(), set())
        if len(named) == 1:
            return self._account_of(next(iter(named)))
        if named:
            return None
        remarked = {
            person for person in self.list_like(name) if self._remark(person) == name
        }
        return self._account_of(next(iter(remarked))) if len(remarked) == 1 else None

    def list_like(self, name: str) -> list[int]:
        """People whose name is in this one, or has it in it, for staff to choose from."""
        wanted = name.casefold()
        found = {
            self._people[account]: None
            for account, own in sorted(self._names.items())
            if own and (own.casefold() in wanted or wanted in own.casefold())
        }
        return list(found)[:MAX_CANDIDATES]

    def _account_of(self, person: int) -> int | None:
        own = [account for account in self._names if self._people[account] == person]
        return min(own, default=None)

    def _find_answered(self, name: str) -> int | None:
        """The member whose name this is in this group, as staff said, if always the same."""
        rows = PastedLine.objects.filter(
            group=self._group,
            name=name,
            account_id__isnull=False,
            state=PastedLine.State.TAKEN,
        )
        accounts = set(rows.values_list("account_id", flat=True).distinct())
        own = [account for account in accounts if account in self._names]
        return own[0] if len(accounts) == 1 and own else None

    def _remark(self, person: int) -> str:
        if person not in self._remarks:
            found = people.get_by_account(person)
            self._remarks[person] = remark_names.render_for(found, by=self._by)
        return self._remarks[person]


# Reads


def list_unsure(
    *, activity: Activity, by: Staff, at: datetime
) -> list[tuple[PastedLine, list[Account]]]:
    """The lines that wait for an answer in groups that `by` sees, with candidates."""
    activities.check_may_run(by, activity)
    rows = PastedLine.objects.filter(activity=activity, state=PastedLine.State.UNSURE)
    found, matchers = [], dict[int, Matcher]()
    for row in rows.select_related("group", "activity__community").order_by("pk")[:200]:
        if by.groups is not None and row.group.key not in by.groups:
            continue
        matcher = matchers.setdefault(row.group_id, Matcher(row.group, by=by, at=at))
        accounts = Account.objects.filter(pk__in=matcher.list_like(row.name))
        if _may_see(row, by, matcher):
            found.append((row, list(accounts.order_by("pk"))))
    return found


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> PastedLine:
    activities.check_may_run(by, activity)
    rows = PastedLine.objects.filter(activity=activity, pk=pk)
    line = rows.select_related("group", "activity__community").first()
    if line is None:
        raise LineNotFound(_("There is no such line."))
    _check_visible(line, by, at)
    return line


def _check_visible(line: PastedLine, by: Staff, at: datetime) -> None:
    is_of_others = by.groups is not None and line.group.key not in by.groups
    if is_of_others or not _may_see(line, by, Matcher(line.group, by=by, at=at)):
        raise LineNotFound(_("There is no such line."))


def _may_see(line: PastedLine, by: Staff, matcher: Matcher) -> bool:
    """Staff with a scope see what they pasted, or what a member whom they see may have said."""
    return by.scope is None or line.by_id == by.pk or bool(matcher.list_like(line.name))
