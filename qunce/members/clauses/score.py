"""The clause `score`: members by a score of their activity or loyalty."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import revisions
from qunce.members.scores import definitions, evaluation, presets, sentences
from qunce.members.scores.definitions import Definition
from qunce.members.scores.models import Score
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, comparisons, references, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import DecimalComparison
from qunce.sets.rules.grammar.days import DAY
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import AMOUNT, Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

UNIT = 10
"""Scores are in tenths."""
SLOTS = {
    "n": Slot(AMOUNT, fields=tuple(comparisons.SIGNS)),
    "score": Slot(Name("score"), "name"),
}


@base.register
@dataclass(frozen=True)
class ScoreClause(Clause):
    """By the weights of the day. A `draft` is asked about before it is saved."""

    name: ClassVar[str] = "score"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members by a score from 0 to 100, such as `activity` or `loyalty`, which adds up"
        " what they did by weights that the community sets. A score has one decimal. With"
        " `on`, a day, the score at the end of that day by the weights of that day."
    )
    fields: ClassVar[tuple[str, ...]] = ("name", *comparisons.SIGNS, "on")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"name": "activity", "gte": 40},
        {"name": "activity", "gt": 0, "lt": 20.5},
        {"name": "loyalty", "lte": 10, "on": "2026-03-10"},
        {"name": "loyalty", "eq": 0},
    )

    forms: ClassVar = (
        Form(gettext_noop("has %(n)s of 100 points in %(score)s"), SLOTS),
        Form(
            gettext_noop("had %(n)s of 100 points in %(score)s on %(day)s"),
            {**SLOTS, "day": Slot(DAY, "on")},
        ),
    )

    score: str
    required: DecimalComparison
    on: int | None
    parts_cost: int = dataclass_field(compare=False)
    draft: Definition | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> ScoreClause:
        base.check_fields(args, path, cls.fields)
        key, versions = args.get("name"), evaluation.load_versions(path.community)
        if not isinstance(key, str) or key not in versions:
            path.child("name").fail(
                _("There is no score “%(key)s”. Available scores: %(all)s.")
                % {"key": key, "all": ", ".join(sorted(versions))}
            )
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        required = comparisons.parse_decimals(bounds, path)
        on = None
        if "on" in args:
            text = time_windows.parse_date(args["on"], path.child("on"))
            on = time_windows.to_day(text)
        loaded = [
            definitions.load(spec, path.community) for _day, spec in versions[key]
        ]
        costs = [sum(part.cost for part in each.parts) for each in loaded]
        return cls(key, required, on, max(costs))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("score", args.get("name"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return evaluation.KEYS

    @property
    def cost(self) -> int:
        return max(self.parts_cost, 1)

    def cache_key(self, snap: Snapshot) -> Hashable:
        return evaluation.version(snap, self._definition(snap), self._day(snap))

    def _day(self, snap: Snapshot) -> int:
        return snap.today if self.on is None else min(self.on, snap.today)

    def _definition(self, snap: Snapshot) -> Definition:
        found = self.draft or evaluation.definition_on(
            snap, self.score, self._day(snap)
        )
        if found is None:
            # Deleted since the rule was compiled.
            text = _("There is no score “%(key)s”.") % {"key": self.score}
            raise base.RuleError("", text)
        return found

    def resolve(self, snap: Snapshot) -> BitMap:
        scores = evaluation.of_everybody(snap, self._definition(snap), self._day(snap))
        return bitmaps.of(scores.people[self.required.mask(scores.tenths, UNIT)])

    def explain(self, snap: Snapshot, person: int) -> str:
        day, names = self._day(snap), find_names(snap.community, [self.score])
        found = evaluation.of_person(snap, self._definition(snap), day, person)
        spec = evaluation.spec_on(
            evaluation.load_versions(snap.community)[self.score], day
        )
        given = [
            sentences.describe_points(name, part)
            for name, part in zip(sentences.part_names(spec), found.parts, strict=True)
            if part.points
        ]
        text = _("%(name)s %(score)s (required %(wanted)s)")
        if given:
            text = _("%(name)s %(score)s (required %(wanted)s): %(parts)s")
        return text % {
            "name": names[self.score],
            "score": definitions.format_tenths(found.tenths),
            "wanted": self.required.format(),
            "parts": base.format_list(given),
        }


# What rules mention


def list_keys(community: Community) -> list[str]:
    return sorted(evaluation.load_versions(community))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    names = {
        key: str(presets.PRESETS[key].name) for key in keys if key in presets.PRESETS
    }
    rows = Score.objects.filter(community=community, key__in=keys)
    return names | dict(rows.values_list("key", "name"))


references.register(
    "score",
    label=gettext_lazy("score"),
    find_names=find_names,
    list_keys=list_keys,
    list_names=lambda community, by: list(
        find_names(community, list_keys(community)).items()
    ),
)
