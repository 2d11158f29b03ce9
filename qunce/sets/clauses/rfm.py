"""The clause `rfm`: grades of recency, frequency and money among all who bought."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, exchange_rates, revisions
from qunce.sets import amounts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import KIND
from qunce.sets.rules import (
    base,
    fact_queries,
    payload_fields,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.days import DAY, DAYS
from qunce.sets.rules.grammar.forms import Form, ListOf, Several, Slot
from qunce.sets.rules.grammar.values import WHOLE, Text
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import NEVER, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

LETTERS = ("r", "f", "m")
TEMPLATES = {
    "r": gettext_noop("recency %(grades)s"),
    "f": gettext_noop("frequency %(grades)s"),
    "m": gettext_noop("money %(grades)s"),
}
MIN_PARTS, MAX_PARTS, DEFAULT_PARTS = 2, 10, 5
DEFAULT_KIND = "order.paid"


def _unpack(args: dict[str, Any]) -> dict[str, Any]:
    return {"kind": DEFAULT_KIND, "parts": DEFAULT_PARTS, **args}


def _pack(args: dict[str, Any]) -> dict[str, Any]:
    """Without the number of grades if it is the usual one."""
    return {k: v for k, v in args.items() if (k, v) != ("parts", DEFAULT_PARTS)}


GRADES = Several(
    [
        Form(
            template,
            {
                "grades": Slot(
                    ListOf(WHOLE, "/", is_translated=False, least=1, is_sorted=True),
                    letter,
                )
            },
        )
        for letter, template in TEMPLATES.items()
    ]
)
RFM = Form(
    gettext_noop(
        "has the RFM grades %(grades)s of %(parts)s by “%(kind)s” %(window)s %(day)s"
    ),
    {
        "grades": Slot(GRADES, fields=LETTERS),
        "parts": WHOLE,
        "kind": KIND,
        "window": Slot(
            Form(gettext_noop("in %(days)s days"), {"days": Slot(DAYS, "within")}),
            fields=("within",),
            optional=True,
        ),
        "day": Slot(
            Form(gettext_noop("as of %(day)s"), {"day": Slot(DAY, "as_of")}),
            fields=("as_of",),
            optional=True,
        ),
    },
    unpack=_unpack,
    pack=_pack,
)


@base.register
@dataclass(frozen=True)
class RfmClause(Clause):
    """`grades` are the wanted grades of each letter, in the order of LETTERS."""

    name: ClassVar[str] = "rfm"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members by their RFM grades: how recently (`r`), how often (`f`) and for how"
        " much (`m`) they bought, each from 1 (least) to `parts` (most), 5 if it is left"
        " out. The grades are quantiles among everybody who bought, former members"
        " included; equal members have equal grades. `as_of` is the day as of which"
        " everything is counted, today if it is left out, and `within` how many days up"
        " to it. `kind` is the fact (`order.paid`), `field` its number (`amount`)."
    )
    fields: ClassVar[tuple[str, ...]] = (
        *LETTERS,
        "parts",
        "as_of",
        "within",
        *fact_queries.FIELDS,
        "field",
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"r": [5], "f": [4, 5], "m": [4, 5], "within": "365d"},
        {"r": [1], "m": [4], "parts": 4, "as_of": "2026-03-31"},
        {"f": [1, 2], "kind": "order.paid", "field": "amount"},
        {"m": [5], "where": {"currency": ["CNY"]}},
        {"r": [5], "hours": ["06:00", "12:00"], "weekdays": [5, 6]},
    )

    forms: ClassVar = (
        RFM,
        Form(
            gettext_noop("%(rfm)s, with the money in “%(field)s”"),
            {
                "rfm": Slot(
                    RFM,
                    fields=(*LETTERS, "parts", "as_of", "within", *fact_filters.FIELDS),
                ),
                "field": Text(),
            },
        ),
    )

    facts: FactFilter
    field: str
    grades: tuple[tuple[int, ...], ...]
    parts: int
    as_of: int | None
    within: int | None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> RfmClause:
        base.check_fields(args, path, cls.fields)
        parts, here = args.get("parts", DEFAULT_PARTS), path.child("parts")
        if type(parts) is not int or not MIN_PARTS <= parts <= MAX_PARTS:
            here.fail(
                _("Write a number of grades from %(least)s to %(most)s.")
                % {"least": MIN_PARTS, "most": MAX_PARTS}
            )
        grades = tuple(
            _parse_grades(args[letter], parts, path.child(letter))
            if letter in args
            else ()
            for letter in LETTERS
        )
        if not any(grades):
            path.fail(_("Specify the grades with “r”, “f” or “m”."))
        as_of, within = None, None
        if "as_of" in args:
            text = time_windows.parse_date(args["as_of"], path.child("as_of"))
            as_of = time_windows.to_day(text)
        if "within" in args:
            within = time_windows.parse_days(args["within"], path.child("within"))
        facts = fact_queries.parse({"kind": DEFAULT_KIND, **args}, path)
        here = path.child("field")
        field = payload_fields.check_name(args.get("field", amounts.FIELD), here)
        if grades[2] or "field" in args:
            payload_fields.check_exists(
                field, kind=facts.name, path=here, is_number=True
            )
        return cls(facts, field, grades, parts, as_of, within)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        if isinstance(args, dict):
            yield from fact_filters.mentions({"kind": DEFAULT_KIND, **args})

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(exchange_rates.REVISION, 0)]

    @property
    def cost(self) -> int:
        return 2 * fact_queries.COST

    def cache_key(self, snap: Snapshot) -> Hashable:
        return (snap.today, snap.token(), snap.reached())

    def _window(self, snap: Snapshot) -> Window:
        last = snap.today if self.as_of is None else self.as_of
        first = NEVER if self.within is None else last - self.within + 1
        return time_windows.between_days(first, last)

    def _grades(self, snap: Snapshot) -> tuple[Ints, list[Ints]]:
        """The people who bought, ascending, and their grades for each letter."""

        def compute() -> tuple[Ints, list[Ints]]:
            window = self._window(snap)
            people, days, times = fact_queries.recency_by_person(
                snap, self.facts, window
            )
            totals = fact_queries.numbers_by_person(
                snap, self.facts, window, self.field
            )
            money = np.zeros(len(people), dtype=totals.sums.dtype)
            # Everybody with a number has such a fact, and is among the people.
            money[np.searchsorted(people, totals.people)] = totals.sums
            members = np.isin(people, bitmaps.array_of(snap.known() - snap.uncounted))
            columns = (values[members] for values in (days, times, money))
            return people[members], [grade(c, self.parts) for c in columns]

        # Cells of one grading differ in nothing but their grades.
        name = (self.name, self.facts, self.field, self.parts, self.as_of, self.within)
        rate = snap.revisions[(exchange_rates.REVISION, 0)]
        standard = snap.version(())
        return snap.memoize(name, (standard, rate, self.cache_key(snap)), compute)

    def resolve(self, snap: Snapshot) -> BitMap:
        people, columns = self._grades(snap)
        chosen = np.ones(len(people), dtype=bool)
        for wanted, grades in zip(self.grades, columns, strict=True):
            if wanted:
                chosen &= np.isin(grades, wanted)
        return bitmaps.of(people[chosen])

    def explain(self, snap: Snapshot, person: int) -> str:
        people, columns = self._grades(snap)
        as_of = community_days.to_date(self._window(snap).range(snap.today)[1])
        params: dict[str, Any] = {"kind": self.facts.label, "day": as_of.isoformat()}
        index = int(np.searchsorted(people, person))
        if index == len(people) or people[index] != person:
            return (
                _("no RFM grades as of %(day)s: never “%(kind)s” in the time") % params
            )
        own = []
        for letter, wanted, grades in zip(LETTERS, self.grades, columns, strict=True):
            found = f"{letter.upper()} {int(grades[index])}"
            if wanted:
                found = _("%(grade)s (required: %(wanted)s)") % {
                    "grade": found,
                    "wanted": "/".join(map(str, wanted)),
                }
            own.append(found)
        return _("RFM grades of %(parts)s by “%(kind)s” as of %(day)s: %(grades)s") % {
            **params,
            "parts": self.parts,
            "grades": base.format_list(own),
        }


def _parse_grades(value: Any, parts: int, path: RulePath) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        path.fail(_("Write a list of grades, such as [4, 5]."))
    for index, each in enumerate(value):
        if type(each) is not int or not 1 <= each <= parts:
            path.child(index).fail(
                _("Write a grade from 1 to %(parts)s.") % {"parts": parts}
            )
    return tuple(sorted(set(value)))


def grade(values: Ints, parts: int) -> Ints:
    """The grade of each value from 1 (lowest) to `parts`, shape (n,).

    The bounds are the quantiles of the values by linear interpolation, as in NumPy and
    R; a value has the grade 1 and one more for each bound that it exceeds.
    """
    grades = np.ones(len(values), dtype=np.int64)
    if not len(values):
        return grades
    ordered = np.sort(values)
    for part in range(1, parts):
        grades += _exceeds(values, ordered, part, parts)
    return grades


def _exceeds(
    values: Ints, ordered: Sequence[int] | Ints, part: int, parts: int
) -> Ints:
    """1 for values above the quantile `part` of `parts`, which is a fraction."""
    index, rest = divmod((len(ordered) - 1) * part, parts)
    low = int(ordered[index])
    high = int(ordered[min(index + 1, len(ordered) - 1)])
    # A whole number exceeds a fraction if it exceeds its floor.
    bound = low + (high - low) * rest // parts
    return np.asarray(values > bound).astype(np.int64)
