"""Names of those who came to a live session, pasted by staff: all of them are taken, or none.

Each line is a name or the key of a member, or the key after “key:” where it is also a
name. A line that is unknown, or that several members fit, is refused with its number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.activities import activities
from qunce.activities.activities.models import Way
from qunce.activities.kinds import base
from qunce.activities.live_sessions import attendance, sessions
from qunce.activities.live_sessions.models import LiveReservation, State
from qunce.core import errors, names, text_validation, timestamps
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

KEY_PREFIXES = ("key:", "key：")
MAX_LINES, MAX_TEXT, MAX_SHOWN = 500, 50_000, 10


class InvalidNames(errors.Invalid):
    """Some lines are not names of one member; nothing was stored."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many people were entered, and how many had come already."""

    new: int
    known: int


def record(*, activity: Activity, text: str, by: Staff, at: datetime) -> Taken:
    """Record that these members came; raises InvalidNames with the lines at fault.

    It is possible during the live session and after it, until the activity is settled.
    """
    activities.check_may_run(by, activity)
    sessions.check_live_session(activity)
    said_at = attendance.moment_of_list(activity, at)
    lines = read_lines(text)
    found = _find_accounts(activity, lines, by, at)
    if problems := [
        _problem(number, found[number]) for number in lines if _is_bad(found[number])
    ]:
        raise InvalidNames(_problem_text(problems))
    came = {accounts[0] for accounts in found.values()}
    before = {
        account
        for account in came
        if attendance.find_own(activity, account_queries.account_ids_of_person(account))
    }
    with transaction.atomic():
        for number, accounts in found.items():
            (account,) = accounts
            reply = base.take_part(
                activity=activity,
                account_id=account,
                way=Way.STAFF,
                said=attendance.ATTENDED,
                key=f"list:{timestamps.to_micros(at)}:{number}",
                said_at=said_at,
                by=by,
                at=at,
            )
            if not reply.accepted:
                problem = _("Line %(line)s: %(text)s")
                raise InvalidNames(problem % {"line": number, "text": reply.text})
    return Taken(new=len(came) - len(before), known=len(before))


def read_lines(text: str) -> dict[int, str]:
    """Line number → name, of the lines that have one; raises InvalidNames."""
    if len(text) > MAX_TEXT or not text_validation.is_valid(text):
        raise InvalidNames(
            _("Paste at most %(n)s characters, without control characters.")
            % {"n": f"{MAX_TEXT:,}"}
        )
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    shown = {number: names.clean(line) for number, line in enumerate(lines, start=1)}
    found = {number: name for number, name in shown.items() if name}
    if not found:
        raise InvalidNames(_("Paste at least one name, each on a line of its own."))
    if len(found) > MAX_LINES:
        raise InvalidNames(
            _("These are %(count)s names. Paste at most %(n)s at once.")
            % {"count": f"{len(found):,}", "n": MAX_LINES}
        )
    return found


def _find_accounts(
    activity: Activity, lines: Mapping[int, str], by: Staff, at: datetime
) -> dict[int, tuple[int, ...]]:
    """Line number → an account of each person who fits; one who reserved comes first."""
    keys = {key: line for line in lines.values() if (key := _key_of(line))}
    wanted = sorted({*lines.values(), *keys})
    by_text: dict[str, set[int]] = defaultdict(set)
    for chunk in account_queries.chunks(wanted):
        rows = Account.objects.filter(
            community=activity.community_id, erased_at__isnull=True
        )
        for field in ("name", "key"):
            pairs = rows.filter(**{f"{field}__in": chunk}).values_list(field, "pk")
            for text, pk in pairs:
                by_text[text].add(pk)
                if field == "key" and text in keys:
                    by_text[keys[text]].add(pk)
    every = {pk for accounts in by_text.values() for pk in accounts}
    seen = visibility.filter_accounts(by=by, accounts=every, at=at)
    persons = account_queries.person_ids(seen)
    reserved = _find_reserved(activity)
    found = {}
    for number, text in lines.items():
        own = {persons[pk]: pk for pk in sorted(by_text[text] & seen, reverse=True)}
        if len(own) > 1 and len(own.keys() & reserved) == 1:
            own = {person: own[person] for person in own.keys() & reserved}
        found[number] = tuple(own.values())
    return found


def _key_of(line: str) -> str:
    """The key that a line names as one, "" for any other line."""
    for prefix in KEY_PREFIXES:
        if line.casefold().startswith(prefix):
            return line[len(prefix) :].strip()
    return ""


def _find_reserved(activity: Activity) -> set[int]:
    rows = LiveReservation.objects.filter(activity=activity, state=State.RESERVED)
    return set(
        account_queries.person_ids(rows.values_list("account_id", flat=True)).values()
    )


def _is_bad(accounts: Sequence[int]) -> bool:
    return len(accounts) != 1


def _problem(number: int, accounts: Sequence[int]) -> str:
    values = {"line": number, "n": len(accounts)}
    if not accounts:
        return _("line %(line)s: no member is called this") % values
    text = _("line %(line)s: %(n)s members are called this, so write key: and the key")
    return text % values


def _problem_text(problems: Sequence[str]) -> str:
    """The first lines at fault, and how many there are; names are not repeated."""
    shown = _(", ").join(problems[:MAX_SHOWN])
    text = ngettext(
        "Nothing was stored, as %(n)s line is at fault: %(lines)s.",
        "Nothing was stored, as %(n)s lines are at fault: %(lines)s.",
        len(problems),
    )
    return text % {"n": f"{len(problems):,}", "lines": shown}
