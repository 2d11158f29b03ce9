"""Candidates for a list from a policy room of Matrix or from pasted lines.

Reading is pure. Nothing is added before staff have seen who each line means.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import csv_safety, errors, names, permissions, text_validation
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import lists
from qunce.groups.lists.models import MAX_REASON_LENGTH, ListEntry, ListName
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences

MAX_CANDIDATES = 5_000
MAX_TEXT_LENGTH = 1_000_000
USER_RULE = "m.policy.rule.user"
USER_RULES = frozenset({USER_RULE, "m.room.rule.user", "org.matrix.mjolnir.rule.user"})
"""The present type of these events, and those that older lists have."""
BANS = frozenset({"m.ban", "org.matrix.mjolnir.ban"})
MATRIX = "matrix"
GLOB = frozenset("*?")


class TooManyCandidates(errors.Invalid):
    """There are more lines or rules than can be looked through."""


class InvalidCandidates(errors.Invalid):
    """The text or the events cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """`problem` says why it cannot be added, in the active language."""

    channel: str
    channel_key: str
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A candidate and whom it means. `groups` are the visible ones that they are in."""

    candidate: Candidate
    account: int | None = None
    name: str = ""
    groups: tuple[Group, ...] = ()
    problem: str = ""

    @property
    def may_add(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Preview:
    rows: tuple[Seen, ...]

    @property
    def addable(self) -> tuple[Seen, ...]:
        return tuple(row for row in self.rows if row.may_add)

    @property
    def refused(self) -> tuple[Seen, ...]:
        return tuple(row for row in self.rows if not row.may_add)


# Reading


def read_policy_events(events: Any) -> list[Candidate]:
    """The users that the state events of a policy room of Matrix recommend to ban.

    A later event replaces an earlier one with the same state key, and one without content
    takes the rule back. Rules about servers and rooms are passed over.
    """
    if not isinstance(events, list):
        raise InvalidCandidates(_("Give the state events of the room as a list."))
    _check_count(events)
    latest: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if not isinstance(event, dict) or str(event.get("type")) not in USER_RULES:
            continue
        content = event.get("content")
        key = str(event.get("state_key") or event.get("event_id") or len(latest))
        latest[key] = content if isinstance(content, dict) else {}
    found: dict[str, Candidate] = {}
    for content in latest.values():
        entity = content.get("entity")
        if (
            not isinstance(entity, str)
            or str(content.get("recommendation")) not in BANS
        ):
            continue
        reason = content.get("reason")
        found[entity] = _candidate(
            MATRIX, entity, reason if isinstance(reason, str) else ""
        )
    return list(found.values())


def read_lines(text: str, *, channel: str) -> list[Candidate]:
    """One person a line: their id or key, and after a comma or a tab the reason."""
    if len(text) > MAX_TEXT_LENGTH:
        raise TooManyCandidates(_("The text is too long. Paste it in parts."))
    if not text_validation.is_valid(text):
        raise InvalidCandidates(_("This contains characters that cannot be stored."))
    delimiter = "\t" if "\t" in text else ","
    lines = text.replace("，", delimiter).splitlines()
    _check_count([line for line in lines if line.strip()])
    found: dict[str, Candidate] = {}
    try:
        for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter):
            cells = [csv_safety.unquoted(cell.strip()) for cell in row]
            if cells and cells[0]:
                reason = cells[1] if len(cells) > 1 else ""
                found[cells[0]] = _candidate(channel, cells[0], reason)
    except csv.Error:
        raise InvalidCandidates(_("A quotation mark is not closed.")) from None
    return list(found.values())


def _check_count(items: Sequence[Any]) -> None:
    if len(items) > MAX_CANDIDATES:
        raise TooManyCandidates(
            _("At most %(n)s people at a time. These are %(count)s.")
            % {"n": f"{MAX_CANDIDATES:,}", "count": f"{len(items):,}"}
        )


def _candidate(channel: str, key: str, reason: str) -> Candidate:
    problem = ""
    if len(key) > 200 or not text_validation.is_valid(key):
        problem = _("This id is too long or cannot be stored.")
        key = key[:200].replace("\0", "")
    elif channel == MATRIX and GLOB & set(key):
        problem = _("This is a pattern, and a list names people.")
    reason = reason if text_validation.is_valid(reason) else ""
    return Candidate(
        channel=channel,
        channel_key=key,
        reason=names.clean(reason)[:MAX_REASON_LENGTH],
        problem=problem,
    )


# What they mean here


def preview(
    candidates: Sequence[Candidate], *, list_name: str, by: Staff, at: datetime
) -> Preview:
    """The people whom candidates mean, the groups these are in, and who cannot be added."""
    permissions.check_may(by, lists.EDIT)
    lists.check_list_name(list_name)
    _check_count(candidates)
    keys = [each.channel_key for each in candidates if not each.problem]
    by_channel = {
        channel: account_queries.find(by.community, keys, channel)
        for channel in sorted({each.channel for each in candidates})
    }
    ids = sorted({pk for found in by_channel.values() for pk in found.values()})
    people = account_queries.person_ids(ids)
    visible = visibility.filter_visible(by=by, accounts=ids, at=at)
    named = dict(account_queries.list_names(ids))
    groups = _groups_of(ids, by)
    staff = audiences.staff_people(community=by.community, at=at)
    listed = _listed(list_name, by, at)
    rows = []
    for each in candidates:
        account = by_channel[each.channel].get(each.channel_key)
        if account is not None and people[account] not in visible:
            # Like an id that is not known as a member.
            account = None
        problem = each.problem
        if account is not None and not problem:
            if list_name == ListName.BLACK and people[account] in staff:
                problem = _("works here")
            elif people[account] in listed:
                problem = _("is on the list already")
        elif not problem and (each.channel, each.channel_key) in listed:
            problem = _("is on the list already")
        seen = Seen(
            candidate=each,
            account=account,
            name=named.get(account or 0, ""),
            groups=groups.get(account or 0, ()),
            problem=problem,
        )
        rows.append(seen)
    return Preview(tuple(rows))


def _groups_of(accounts: Iterable[int], by: Staff) -> dict[int, tuple[Group, ...]]:
    visible = {group.pk: group for group in group_visibility.list_visible(by)}
    found: dict[int, list[Group]] = {}
    for chunk in account_queries.chunks(sorted(accounts)):
        rows = Membership.objects.filter(account_id__in=chunk, present=True)
        for account, group in rows.values_list("account_id", "group_id"):
            if group in visible:
                found.setdefault(account, []).append(visible[group])
    return {account: tuple(own) for account, own in found.items()}


def _listed(list_name: str, by: Staff, at: datetime) -> set[int | tuple[str, str]]:
    """The people on the list, and the ids of channels that are no members yet.

    By entries that `by` sees; others are left out when they are added.
    """
    rows = lists.list_visible(by, at).filter(list_name=list_name, ended_at__isnull=True)
    found: set[int | tuple[str, str]] = set()
    accounts = []
    for account, channel, key in rows.values_list(
        "account_id", "channel", "channel_key"
    ):
        if account is None:
            found.add((channel, key))
        else:
            accounts.append(account)
    found.update(account_queries.person_ids(accounts).values())
    return found


def add_all(
    candidates: Sequence[Candidate],
    *,
    list_name: str,
    by: Staff,
    at: datetime,
    groups: Sequence[Group] = (),
    reason: str = "",
    evidence: str = "",
    expires_at: datetime | None = None,
) -> tuple[list[ListEntry], int]:
    """Add those that can be added; returns their entries and how many were left out.

    `reason` is that of candidates without one of their own.
    """
    shown = preview(candidates, list_name=list_name, by=by, at=at)
    added = []
    for row in shown.addable:
        try:
            entry = lists.add(
                community=by.community,
                list_name=list_name,
                account=row.account,
                channel=row.candidate.channel,
                channel_key=row.candidate.channel_key,
                groups=groups,
                reason=row.candidate.reason or reason,
                evidence=evidence,
                expires_at=expires_at,
                by=by,
                at=at,
            )
        except (lists.AlreadyListed, lists.StaffNotListed):
            continue  # listed meanwhile, or a second account of the same person
        added.append(entry)
    return added, len(shown.rows) - len(added)
