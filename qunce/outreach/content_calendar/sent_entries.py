"""What the ledger has for groups: messages that were sent, that wait, or that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from qunce.core import db, permissions, timestamps
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content.materials.models import MaterialVersion
from qunce.outreach.content_calendar.entries import Entry, Kind, Status
from qunce.outreach.playbooks import playbooks
from qunce.outreach.playbooks.models import RunStep
from qunce.outreach.sending.ledger import Origin, State
from qunce.outreach.series.models import Occurrence
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

STATUSES = {
    State.PLANNED: Status.WAITING,
    State.MARKED: Status.SENT,
    State.ACCEPTED: Status.SENT,
    State.DELIVERED: Status.SENT,
    State.CLICKED: Status.SENT,
    State.UNKNOWN: Status.SENT,
    State.SKIPPED: Status.FAILED,
    State.FAILED: Status.FAILED,
}
LATER = 2 * 86_400_000_000
"""Longest time after which an occurrence of a series is known not to be sent."""
# Those that count have a time of their own; the others are dated by their last change, or
# by the time of their occurrence.
SELECT = """
SELECT target_id, origin, origin_id, state, counted_at, CAST(content AS text)
FROM outreach_message WHERE community_id = %s AND is_group
    AND counted_at >= %s AND counted_at < %s
UNION ALL
SELECT target_id, origin, origin_id, state, changed_at, CAST(content AS text)
FROM outreach_message WHERE community_id = %s AND is_group AND counted_at IS NULL
    AND changed_at >= %s AND changed_at < %s
    AND state IN ('skipped', 'failed') AND purpose <> 'moderation'
"""


@dataclass(frozen=True)
class Row:
    group: int
    origin: str
    origin_id: int
    state: str
    micros: int
    content: str | None


@dataclass
class _Names:
    """What asked for messages, by the id of the origin: id and title, and the time planned."""

    kind: Kind
    of: dict[int, tuple[int, str]] = field(default_factory=dict)
    planned: dict[int, int] = field(default_factory=dict)


class _Shared(NamedTuple):
    """What the messages of one entry have in common.

    `occurrence` is 0 for all but series: two occurrences on one day are two entries.
    """

    kind: Kind
    pk: int
    title: str
    day: int
    status: Status
    content_type: str
    occurrence: int


def list_entries(
    *, by: Staff, groups: BitMap, begin: datetime, end: datetime
) -> list[Entry]:
    """Messages to these groups at `begin` ≤ time < `end`, of one origin, day and status
    together; `groups` are groups that `by` sees."""
    first, last = timestamps.to_micros(begin), timestamps.to_micros(end)
    pk = by.community_id
    rows = [
        Row(*values)
        for values in db.rows(SELECT, [pk, first, last, pk, first, last + LATER])
        if values[0] in groups
    ]
    names = _load_names(rows, by)
    types = _load_types({row.content for row in rows if row.content})
    found: dict[_Shared, tuple[int, list[BitMap]]] = {}
    for row in rows:
        status = STATUSES.get(State(row.state))
        if status is None:
            continue
        named = names.get(row.origin)
        micros = row.micros
        if named is not None and status == Status.FAILED:
            micros = named.planned.get(row.origin_id, micros)
        if not first <= micros < last:
            continue
        day = by.community.day(timestamps.from_micros(micros))
        key = _shared_of(row, named, day, status, types.get(row.content or "", ""))
        earliest, sets = found.setdefault(key, (micros, []))
        found[key] = (min(earliest, micros), sets)
        free = next((each for each in sets if row.group not in each), None)
        if free is None:
            sets.append(bitmaps.of([row.group]))
        else:
            free.add(row.group)
    return [
        Entry(
            kind=key.kind,
            pk=key.pk,
            title=key.title,
            at=timestamps.from_micros(earliest),
            status=key.status,
            groups=among,
            content_type=key.content_type,
            why_fixed=_why_fixed(key.status),
        )
        for key, (earliest, sets) in found.items()
        for among in sets
    ]


def _shared_of(
    row: Row, named: _Names | None, day: int, status: Status, content_type: str
) -> _Shared:
    pk, title = named.of.get(row.origin_id, (0, "")) if named else (0, "")
    kind = named.kind if named else Kind.MESSAGE
    occurrence = row.origin_id if kind == Kind.SERIES else 0
    title = title or _origin(row.origin)
    return _Shared(kind, pk, title, day, status, content_type, occurrence)


def _why_fixed(status: Status) -> str:
    if status == Status.WAITING:
        return _("It is handed over for sending already.")
    return _("Its time is past.")


def _origin(origin: str) -> str:
    return str(Origin(origin).label) if origin in Origin else origin


def _load_names(rows: list[Row], by: Staff) -> dict[str, _Names]:
    """Origin → the names of what asked for its messages, as far as `by` sees it."""
    ids: dict[str, set[int]] = {}
    for row in rows:
        ids.setdefault(row.origin, set()).add(row.origin_id)
    own = campaigns.list_visible(by)
    names: dict[str, _Names] = {
        Origin.CAMPAIGN: _Names(Kind.CAMPAIGN),
        Origin.SERIES: _Names(Kind.SERIES),
        Origin.PLAYBOOK: _Names(Kind.PLAYBOOK),
    }
    for pk in account_queries.chunks(sorted(ids.get(Origin.CAMPAIGN, ()))):
        found = own.filter(pk__in=pk).values_list("pk", "name")
        names[Origin.CAMPAIGN].of |= {pk: (pk, name) for pk, name in found}
    for pk in account_queries.chunks(sorted(ids.get(Origin.SERIES, ()))):
        rows_of = Occurrence.objects.filter(pk__in=pk).select_related("series")
        for each in rows_of:
            named = names[Origin.SERIES]
            named.of[each.pk] = (each.series_id, each.series.name)
            named.planned[each.pk] = timestamps.to_micros(each.planned_at)
    if permissions.may(by, playbooks.VIEW):
        for pk in account_queries.chunks(sorted(ids.get(Origin.PLAYBOOK, ()))):
            steps = RunStep.objects.filter(pk__in=pk)
            names[Origin.PLAYBOOK].of |= {
                pk: (playbook, name)
                for pk, playbook, name in steps.values_list(
                    "pk", "run__playbook_id", "run__playbook__name"
                )
            }
    return names


def _load_types(contents: set[str]) -> dict[str, str]:
    """The JSON of a message's content → its content type."""
    parsed: dict[str, Mapping[str, Any]] = {each: json.loads(each) for each in contents}
    wanted = {pk for each in parsed.values() for pk in each.get("materials", ())}
    types = types_of_versions(wanted)
    return {
        text: each.get("content_type")
        or next((types[pk] for pk in each.get("materials", ()) if pk in types), "")
        for text, each in parsed.items()
    }


def types_of_versions(wanted: set[int]) -> dict[int, str]:
    """Version of a material → its content type."""
    types: dict[int, str] = {}
    for some in account_queries.chunks(sorted(wanted)):
        rows = MaterialVersion.objects.filter(pk__in=some)
        types |= dict(rows.values_list("pk", "material__content_type"))
    return types


def count_to_members(*, by: Staff, bounds: list[int]) -> list[int]:
    """Messages to members that count, by day; `bounds` are the microseconds of the days.

    Staff with a scope get no numbers, as they would count members whom they do not see.
    """
    if by.is_scoped or len(bounds) < 2:
        return []
    one = (
        "SELECT %s, count(*) FROM outreach_message WHERE community_id = %s"
        " AND purpose IN ('marketing', 'service')"
        " AND counted_at >= %s AND counted_at < %s AND NOT is_group"
    )
    params: list[int] = []
    days = range(len(bounds) - 1)
    for day in days:
        params += [day, by.community_id, bounds[day], bounds[day + 1]]
    counts: dict[int, int] = dict(
        db.rows(" UNION ALL ".join([one] * len(days)), params)
    )
    return [counts[day] for day in days]
