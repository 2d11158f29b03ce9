"""Portraits: what sets a segment, a layer, a group or any audience apart from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from qunce.insight import small_numbers
from qunce.insight.portraits import differences, subjects, traits
from qunce.insight.portraits.differences import Counts, Difference
from qunce.insight.portraits.subjects import KINDS, Choice, Subject
from qunce.insight.portraits.traits import Trait
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.sets import audiences
from qunce.sets.rules import base

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention

MAX_ROWS = 40
"""Differences that pages and answers have, those with the largest effect."""
MIN_WITH_TRAIT = 5
"""Fewer people than these have no trait in common that could be typical."""
DEFINITION = gettext_lazy(
    "Members inside compared with all other members whom you see; of a campaign, with the"
    " other recipients, and of a step of a funnel, with those who took the step before. The"
    " difference is in"
    " percentage points, with an interval that holds in 95 of 100 cases; the effect is"
    " Cohen’s h: 0.2 is small, 0.5 medium, 0.8 large. A difference is listed only if it"
    " stays clear after a correction for everything that was looked at, so that at most"
    " about 5 % of the listed ones are chance. Hours and weekdays are shares of those who"
    " wrote or ordered at all. Contacts are never used, nor what the rule itself asks for."
)


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
    """The subject that is written as one of `subjects.list_forms`."""
    return subjects.parse(text, by=by)


def list_choices(*, by: Staff) -> list[tuple[str, list[Choice]]]:
    """The subjects that `by` can choose, as texts with labels under a heading."""
    found = [(str(kind.label), list(kind.choices(by))) for kind in KINDS.values()]
    return [(heading, options) for heading, options in found if options]


def load(*, subject: Subject, by: Staff, at: datetime) -> Portrait:
    """The differences of a subject to the other members, as far as `by` sees them."""
    community = by.community
    inside, among, everyone = audiences.people_by_rule(
        community=community,
        rules=[subject.rule, subject.among or audiences.EVERYONE, audiences.EVERYONE],
        by=by,
        at=at,
    )
    everyone = everyone & among
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
    subject, among = portrait.subject.rule, portrait.subject.among
    within = [] if among is None else [among]
    parts = [*within, subject if inside else {"not": subject}, row.trait.rule]
    return {"all": parts}


def to_json(portrait: Portrait) -> dict[str, Any]:
    """The portrait as plain values, for the API and the CLI."""
    return {
        "of": portrait.subject.text,
        "label": portrait.subject.label,
        "among": portrait.subject.among_label,
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
