"""Portraits: what sets a segment, a layer, a group or any audience apart from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, label_texts
from qunce.insight import small_numbers
from qunce.insight.portraits import differences, traits
from qunce.insight.portraits.differences import Counts, Difference
from qunce.insight.portraits.traits import Trait
from qunce.members.layers import layering_specs, layers
from qunce.members.segments import segments
from qunce.sets import audiences
from qunce.sets.rules import base, references

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention

MAX_ROWS = 40
"""Differences that pages and answers have, those with the largest effect."""
MIN_WITH_TRAIT = 5
"""Fewer people than these have no trait in common that could be typical."""
FORMS = ("segment:key", "layer:layering:key", "group:key")
"""How the subject of a portrait is written."""
DEFINITION = gettext_lazy(
    "Members inside compared with all other members whom you see. The difference is in"
    " percentage points, with an interval that holds in 95 of 100 cases; the effect is"
    " Cohen’s h: 0.2 is small, 0.5 medium, 0.8 large. A difference is listed only if it"
    " stays clear after a correction for everything that was looked at, so that at most"
    " about 5 % of the listed ones are chance. Hours and weekdays are shares of those who"
    " wrote or ordered at all. Contacts are never used, nor what the rule itself asks for."
)


class SubjectNotFound(errors.NotFound):
    """There is no such segment, layer or group, or the text names none."""


@dataclass(frozen=True)
class Subject:
    """Of whom a portrait is; `text` is how it is written, "" for a rule without name."""

    text: str
    label: str
    rule: Any


@dataclass(frozen=True)
class Row:
    trait: Trait
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """`rows` have the largest effect first.

    Of `asked` traits `clear` differ clearly; for `not_enough` there are too few people,
    and `named` are asked for by the rule itself.
    """

    subject: Subject
    people: int
    rest: int
    asked: int
    clear: int
    not_enough: int
    named: int
    rows: tuple[Row, ...]

    @property
    def is_enough(self) -> bool:
        return min(self.people, self.rest) >= small_numbers.MIN_PEOPLE


def parse_subject(text: str, *, by: Staff) -> Subject:
    """The subject that is written as one of FORMS."""
    kind, _colon, key = text.partition(":")
    if kind == "segment" and key:
        segment = segments.get(by.community, key)
        return Subject(text, segment.name, {"segment": {"any": [segment.key]}})
    if kind == "layer" and ":" in key:
        of, _colon, layer = key.partition(":")
        layering = layers.get(by.community, of)
        names = layering_specs.names_of(layering.spec)
        if layer in names:
            rule = {"layer": {"of": of, "in": [layer]}}
            return Subject(
                text, label_texts.with_label(layering.name, names[layer]), rule
            )
    if kind == "group" and key and (by.groups is None or key in by.groups):
        found = references.find_names(by.community, "group", [key])
        if key in found:
            return Subject(text, found[key], {"group": {"any": [key]}})
    raise SubjectNotFound(
        _("There is no “%(text)s”. Write one of: %(forms)s.")
        % {"text": text[:200], "forms": ", ".join(FORMS)}
    )


def list_choices(*, by: Staff) -> list[tuple[str, list[tuple[str, str]]]]:
    """The subjects that `by` can choose, as texts with labels under a heading."""
    keys = [
        key
        for key in references.list_keys(by.community, "group")
        if by.groups is None or key in by.groups
    ]
    names = references.find_names(by.community, "group", keys)
    layerings = [
        (f"layer:{layering.key}:{key}", label_texts.with_label(layering.name, name))
        for layering in layers.list_active(by.community)
        for key, name in layering_specs.names_of(layering.spec).items()
    ]
    found = [
        (
            _("Segments"),
            [(f"segment:{s.key}", s.name) for s in segments.list_active(by.community)],
        ),
        (_("Layers"), layerings),
        (_("Groups"), [(f"group:{key}", names.get(key, key)) for key in keys]),
    ]
    return [(heading, options) for heading, options in found if options]


def load(*, subject: Subject, by: Staff, at: datetime) -> Portrait:
    """The differences of a subject to the other members, as far as `by` sees them."""
    community = by.community
    inside, everyone = audiences.people_by_rule(
        community=community, rules=[subject.rule, audiences.EVERYONE], by=by, at=at
    )
    inside = inside & everyone
    mentions = _list_mentions(subject, by)
    found = traits.list_all(by=by, at=at, everyone=everyone)
    chosen = [trait for trait in found if trait.mention not in mentions]
    bases = [trait.base for trait in chosen if trait.base is not None]
    sets = audiences.people_by_rule(
        community=community,
        rules=[trait.rule for trait in chosen] + bases,
        by=by,
        at=at,
    )
    of = iter(sets[len(chosen) :])
    pairs = []
    for trait, people in zip(chosen, sets, strict=False):
        among = everyone if trait.base is None else next(of) & everyone
        # Among all and not only inside, so that the choice favours no difference.
        having = people & among
        if len(having) >= MIN_WITH_TRAIT:
            part, whole = len(having & inside), len(among & inside)
            counts = Counts(part, whole, len(having) - part, len(among) - whole)
            pairs.append((trait, counts))
    compared = differences.compare([counts for _trait, counts in pairs])
    clear = [
        Row(trait, one)
        for (trait, _counts), one in zip(pairs, compared, strict=True)
        if one is not None and one.is_clear
    ]
    clear.sort(key=lambda row: -abs(row.difference.effect))
    return Portrait(
        subject=subject,
        people=len(inside),
        rest=len(everyone) - len(inside),
        asked=len(pairs),
        clear=len(clear),
        not_enough=sum(one is None for one in compared),
        named=len(found) - len(chosen),
        rows=tuple(clear[:MAX_ROWS]),
    )


def _list_mentions(subject: Subject, by: Staff) -> set[Mention]:
    """What the rule asks for, also through segments and through rules of layers."""
    rule = segments.unfold(by.community, subject.rule)
    mentions = set(base.list_mentions(rule))
    for key in [key for kind, key in mentions if kind == "layering"]:
        for layer in layers.get(by.community, key).spec["layers"]:
            mentions |= set(base.list_mentions(layer.get("rule")))
    return mentions


def rule_of(portrait: Portrait, row: Row, *, inside: bool) -> dict[str, Any]:
    """The people with a trait, in the subject or among the rest."""
    subject = portrait.subject.rule
    parts = [subject if inside else {"not": subject}, row.trait.rule]
    return {"all": parts}


def to_json(portrait: Portrait) -> dict[str, Any]:
    """The portrait as plain values, for the API and the CLI."""
    return {
        "of": portrait.subject.text,
        "label": portrait.subject.label,
        "people": portrait.people,
        "rest": portrait.rest,
        "asked": portrait.asked,
        "clear": portrait.clear,
        "not_enough": portrait.not_enough,
        "named": portrait.named,
        "rows": [
            {
                "dimension": row.trait.dimension,
                "heading": row.trait.heading,
                "label": row.trait.label,
                "inside": row.difference.counts.inside,
                "inside_of": row.difference.counts.inside_of,
                "rest": row.difference.counts.rest,
                "rest_of": row.difference.counts.rest_of,
                "share_inside": row.difference.share_inside,
                "share_rest": row.difference.share_rest,
                "ratio": row.difference.ratio,
                "points": row.difference.points,
                "low": row.difference.low,
                "high": row.difference.high,
                "effect": row.difference.effect,
                "p_value": row.difference.p_value,
                "adjusted_p": row.difference.adjusted_p,
                "rule": rule_of(portrait, row, inside=True),
                "rest_rule": rule_of(portrait, row, inside=False),
            }
            for row in portrait.rows
        ],
    }
