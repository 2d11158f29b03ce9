"""Scores in words: the formula, and what each part gives a member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from qunce.core.facts import facts
from qunce.members.accounts import masking
from qunce.members.scores import definitions
from qunce.members.scores.definitions import (
    DAYS,
    REPEATS,
    SUM,
    TENURE,
    TIMES,
    Part,
    format_hundredths,
    format_points,
)
from qunce.sets.rules import fact_queries
from qunce.sets.rules.base import RuleError, RulePath
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.scores.evaluation import PartScore, PersonScore

UNITS = {
    TIMES: gettext_noop("%(n)s of %(cap)s times"),
    DAYS: gettext_noop("%(n)s of %(cap)s days"),
    REPEATS: gettext_noop("%(n)s of %(cap)s times after the first"),
    SUM: gettext_noop("%(n)s of %(cap)s"),
    TENURE: gettext_noop("%(n)s of %(cap)s days"),
}
MEASURED = {
    TIMES: gettext_noop("each time they %(kind)s %(window)s"),
    DAYS: gettext_noop("each day on which they %(kind)s %(window)s"),
    REPEATS: gettext_noop("each time after the first that they %(kind)s %(window)s"),
    SUM: gettext_noop("each 1 of the total %(field)s of “%(kind)s” %(window)s"),
    TENURE: gettext_noop("each day since they joined"),
}


def part_names(spec: Mapping[str, Any]) -> list[str]:
    return [str(part["name"]) for part in spec["parts"]]


def describe_points(name: str, found: PartScore) -> str:
    """What a part gives, such as “12 of 30 points from check-ins (4 of 10 days)”."""
    return _("%(points)s of %(highest)s points from “%(name)s” (%(measure)s)") % {
        "points": format_points(found.points),
        "highest": format_points(found.part.highest),
        "name": name,
        "measure": describe_measure(found),
    }


def describe_total(found: PersonScore) -> str:
    return _("%(points)s of %(highest)s points are a score of %(score)s.") % {
        "points": format_points(found.points),
        "highest": format_points(found.definition.highest),
        "score": definitions.format_tenths(found.tenths),
    }


def describe_measure(found: PartScore) -> str:
    return _(UNITS[found.part.by]) % {
        "n": format_hundredths(found.counted),
        "cap": f"{found.part.cap:,}",
    }


def describe_part(args: Mapping[str, Any], part: Part, community: Community) -> str:
    """How a part counts, such as “3 points for each day on which they …, at most 10”."""
    pieces: dict[str, str] = {}
    if part.by != TENURE:
        kind = str(args["kind"])
        pieces = {
            "kind": _describe_facts(args, community),
            "window": Window("within", (args["within"],)).describe(),
            "field": facts.field_label(kind, part.field),
        }
    text = _("%(points)s for %(measure)s, at most %(cap)s") % {
        "points": ngettext("%(n)s point", "%(n)s points", part.weight == 100 or 2)
        % {"n": format_hundredths(part.weight)},
        "measure": _(MEASURED[part.by]) % pieces,
        "cap": f"{part.cap:,}",
    }
    if part.half_life is None:
        return text
    fades = ngettext(
        "%(part)s; it counts half after %(n)s day",
        "%(part)s; it counts half after %(n)s days",
        part.half_life,
    )
    return fades % {"part": text, "n": part.half_life}


def _describe_facts(args: Mapping[str, Any], community: Community) -> str:
    try:
        return fact_queries.parse(args, RulePath(community)).label
    except RuleError:
        # Such as a group that the reader does not see.
        kind = facts.label_of(str(args["kind"]))
        if not args.get("where"):
            return kind
        return _("%(kind)s [%(where)s]") % {"kind": kind, "where": masking.DOTS}


@dataclass(frozen=True)
class PartLine:
    """One line of a formula. `highest` are the most points of the part."""

    name: str
    area: str
    area_label: str
    text: str
    highest: str


def describe_parts(spec: Mapping[str, Any], community: Community) -> list[PartLine]:
    definition = definitions.load(spec, community)
    return [
        PartLine(
            name=str(args["name"]),
            area=args["area"],
            area_label=str(definitions.AREAS[args["area"]]),
            text=describe_part(args, part, community),
            highest=format_points(part.highest),
        )
        for args, part in zip(spec["parts"], definition.parts, strict=True)
    ]


def describe_formula(highest: int) -> str:
    """How the points of all parts become a score."""
    return _(
        "Score = points of all parts ÷ %(highest)s, the most that anyone can have, × 100,"
        " rounded to one decimal."
    ) % {"highest": format_points(highest)}
