"""The clause `streak`: members by their days in a row in a check-in, and by today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import streak_tables, streaks
from qunce.activities.check_ins.streak_tables import StreakTable
from qunce.activities.check_ins.streaks import RestDays
from qunce.core import community_days, revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, comparisons, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import COUNT, Name

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

KIND = "check_in"
SLOTS: Mapping[str, Slot] = {
    "n": Slot(COUNT, fields=tuple(comparisons.SIGNS)),
    "activity": Slot(Name("activity")),
}


@base.register
@dataclass(frozen=True)
class StreakClause(Clause):
    """`today` is whether they have checked in today, None for either.

    Members who missed a day have 0 days in a row; days of rest are not missed.
    """

    name: ClassVar[str] = "streak"
    description: ClassVar[str] = (
        "Members by their unbroken days in a row in a check-in, `activity`. With `today`"
        " false, those who still have to check in today, so that they can be reminded;"
        " with true, those who have. Days of rest break nothing, and nobody has to then."
    )
    fields: ClassVar[tuple[str, ...]] = ("activity", *comparisons.SIGNS, "today")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"activity": "reading", "gte": 7, "today": False},
        {"activity": "reading", "gt": 2, "lt": 30, "today": True},
        {"activity": "reading", "eq": 0},
        {"activity": "reading", "lte": 5},
    )
    forms: ClassVar = (
        Form(
            gettext_noop(
                "has checked in %(n)s days in a row in %(activity)s and not yet today"
            ),
            SLOTS,
            fixed={"today": False},
        ),
        Form(
            gettext_noop(
                "has checked in %(n)s days in a row in %(activity)s with today"
            ),
            SLOTS,
            fixed={"today": True},
        ),
        Form(gettext_noop("has checked in %(n)s days in a row in %(activity)s"), SLOTS),
    )

    activity: int
    required: Comparison
    today: bool | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> StreakClause:
        base.check_fields(args, path, cls.fields)
        here, key = path.child("activity"), args.get("activity")
        if not isinstance(key, str):
            here.fail(_("Write a string."))
        pk = base.resolve_key("activity", key, here)
        if not _is_visible(pk, path):
            here.fail(
                _("There is no %(what)s “%(key)s”.")
                % {"what": references.get("activity").label, "key": key}
            )
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        required = comparisons.parse(bounds, path)
        today = args.get("today")
        if "today" in args and not isinstance(today, bool):
            path.child("today").fail(_("Write true or false, or leave the field out."))
        return cls(pk, required, today)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("activity", args.get("activity"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(streak_tables.REVISION, self.activity)]

    def cache_key(self, snap: Snapshot) -> Hashable:
        # The days of rest can change, and the last required day moves with the day.
        return snap.today, self._rest()

    def _rest(self) -> RestDays:
        rows = Activity.objects.filter(pk=self.activity)
        return RestDays.of(rows.values_list("settings", flat=True).get())

    def _unbroken(self, snap: Snapshot, table: StreakTable) -> NDArray[np.bool_]:
        first = streaks.last_required(snap.today, self._rest())
        unbroken: NDArray[np.bool_] = (table.lengths > 0) & (table.last_days >= first)
        return unbroken

    def resolve(self, snap: Snapshot) -> BitMap:
        table = streak_tables.get(snap, self.activity)
        unbroken = self._unbroken(snap, table)
        people = snap.aliases.map_array(table.people)
        least, most = self.required.bounds()
        chosen = unbroken & (table.lengths >= least) & (table.lengths <= most)
        if self.today is False and snap.today in self._rest():
            return bitmaps.of([])
        if self.today is not None:
            chosen &= (table.last_days >= snap.today) == self.today
        found = bitmaps.of(people[chosen])
        if least <= 0 <= most and self.today is not True:
            found |= snap.known() - bitmaps.of(people[unbroken])
        return found & snap.known()

    def explain(self, snap: Snapshot, person: int) -> str:
        table = streak_tables.get(snap, self.activity)
        own = snap.aliases.map_array(table.people) == person
        lengths = table.lengths[own & self._unbroken(snap, table)]
        last_days = table.last_days[own & (table.lengths > 0)]
        values = {
            "n": int(lengths.max()) if len(lengths) else 0,
            "wanted": self._format_wanted(),
        }
        if not len(last_days):
            return _("has never checked in there (required: %(wanted)s)") % values
        last = int(last_days.max())
        values["day"] = str(community_days.to_date(last))
        if last >= snap.today:
            text = _("days in a row: %(n)s, checked in today (required: %(wanted)s)")
        else:
            text = _(
                "days in a row: %(n)s, last check-in on %(day)s (required: %(wanted)s)"
            )
        return text % values

    def _format_wanted(self) -> str:
        wanted = self.required.format()
        if self.today is None:
            return wanted
        text = _("%(n)s, today") if self.today else _("%(n)s, not yet today")
        return text % {"n": wanted}


def _is_visible(activity: int, path: RulePath) -> bool:
    """Whether the author of the rule sees the activity: it has no groups, or one of theirs."""
    if path.groups is None:
        return True
    keys = set(
        Activity.groups.through.objects.filter(activity_id=activity).values_list(
            "group__key", flat=True
        )
    )
    return not keys or not keys.isdisjoint(path.groups)


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Activity.objects.filter(
        community=community, kind=KIND, public_id__in=list(keys)
    )
    return dict(rows.values_list("public_id", "pk"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """The names of check-ins by public id; names that several have end with the id."""
    wanted = set(keys)
    return {key: name for key, name in _list_names(community) if key in wanted}


def _list_names(community: Community) -> list[tuple[str, str]]:
    rows = Activity.objects.filter(community=community, kind=KIND).order_by("pk")
    pairs = list(rows.values_list("public_id", "name"))
    counts = Counter(name for _key, name in pairs)
    return [
        (key, name if counts[name] == 1 else f"{name} {key}") for key, name in pairs
    ]


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Of the check-ins that `by` sees."""
    named = _list_names(community)
    if by is None:
        return named
    path = RulePath.for_staff(community, by)
    ids = find_ids(community, [key for key, _name in named])
    return [(key, name) for key, name in named if _is_visible(ids[key], path)]


references.register(
    "activity",
    label=gettext_lazy("check-in"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
