"""Which part of a community explains most of a change. Everything here is pure and exact.

Contributions and the remainder add up to the change exactly, whatever the parts are: if
people are in two parts, or in none, the remainder says how much that makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

MIN_SHARE = Fraction(3, 5)
"""Parts are named until they explain as much of the change."""
MAX_PARTS = 3
"""A change that needs more parts than these is spread over the dimension."""
MIN_CONCENTRATION = 2
"""Parts explain something only if the odds of their share of the change are so many times
those of their share of what was expected, and of the people; a large group is large in
every change."""
LARGEST_SHARE = Fraction(9, 10)
CANCELLING = Fraction(3, 10)
"""From this share of the opposite direction on, both directions are named."""


@dataclass(frozen=True)
class Part:
    """One value of a dimension, such as a group, and what was expected and observed.

    `people` is how many people are in it; 0 if that is not known.
    """

    key: str
    label: str
    expected: Fraction
    observed: Fraction
    people: int = 0

    @property
    def contribution(self) -> Fraction:
        return self.observed - self.expected


@dataclass(frozen=True)
class Dimension:
    """A way to take the community apart, such as by group or by source.

    `remainder_label` names what no part contains, or what several parts contain.
    """

    key: str
    label: str
    remainder_label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Explanation:
    """The parts of one dimension that explain a change, the largest first.

    `opposite` are parts that changed the other way, if they hide much of the change.
    `change` = sum of `leading` + sum of `opposite` + `others` + `remainder`.
    """

    dimension: Dimension
    change: Fraction
    leading: tuple[Part, ...]
    opposite: tuple[Part, ...]
    others: Fraction
    remainder: Fraction

    @property
    def share(self) -> Fraction:
        """How much of the change the leading parts explain; more than 1 if others cancel."""
        return sum((p.contribution for p in self.leading), Fraction(0)) / self.change


def explain(
    *, expected: Fraction, observed: Fraction, dimensions: Iterable[Dimension]
) -> Explanation | None:
    """The dimension with the fewest parts that explain the change, if there is any."""
    change = observed - expected
    if not change:
        return None
    found = [
        explanation
        for dimension in dimensions
        if (explanation := _explain_by(dimension, expected, change))
    ]
    # Of equally few parts those that explain more; min keeps the first of equal ones.
    return min(found, key=lambda one: (len(one.leading), -one.share), default=None)


def _explain_by(
    dimension: Dimension, expected: Fraction, change: Fraction
) -> Explanation | None:
    sign = 1 if change > 0 else -1
    ranked = sorted(dimension.parts, key=lambda part: -sign * part.contribution)
    leading: list[Part] = []
    explained = Fraction(0)
    for part in ranked[:MAX_PARTS]:
        if explained * sign >= MIN_SHARE * abs(change):
            break
        if part.contribution * sign <= 0:
            return None
        leading.append(part)
        explained += part.contribution
    if explained * sign < MIN_SHARE * abs(change):
        return None
    usual = sum((part.expected for part in leading), Fraction(0))
    people = sum(part.people for part in leading)
    everyone = sum(part.people for part in dimension.parts)
    for own, whole in ((usual, expected), (Fraction(people), Fraction(everyone))):
        if whole and not _is_concentrated(explained / change, own / whole):
            return None
    return _close(dimension, change, leading, ranked)


def _is_concentrated(share: Fraction, usual: Fraction) -> bool:
    """Whether parts have much more of a change than they have of everything."""
    # What has all of a change may have it because it is almost everything.
    share = min(share, LARGEST_SHARE)
    return share * (1 - usual) >= MIN_CONCENTRATION * usual * (1 - share)


def _close(
    dimension: Dimension,
    change: Fraction,
    leading: Sequence[Part],
    ranked: Sequence[Part],
) -> Explanation:
    sign = 1 if change > 0 else -1
    moves = [part.contribution * sign for part in ranked]
    along = sum((move for move in moves if move > 0), Fraction(0))
    against = sum((-move for move in moves if move < 0), Fraction(0))
    opposite: list[Part] = []
    if against > CANCELLING * along:
        backwards = [part for part in reversed(ranked) if part.contribution * sign < 0]
        opposite = backwards[:MAX_PARTS]
    named = {part.key for part in (*leading, *opposite)}
    others = sum((p.contribution for p in ranked if p.key not in named), Fraction(0))
    total = sum((p.contribution for p in ranked), Fraction(0))
    return Explanation(
        dimension=dimension,
        change=change,
        leading=tuple(leading),
        opposite=tuple(opposite),
        others=others,
        remainder=change - total,
    )


@dataclass(frozen=True)
class RatioChange:
    """The change of a ratio in two effects: parts changed, and their mix changed.

    `rate` + `mix` = the change of the whole ratio, exactly. `by_part` has both effects of
    each part.
    """

    rate: Fraction
    mix: Fraction
    by_part: Mapping[str, tuple[Fraction, Fraction]] = field(default_factory=dict)


Counts = tuple[int, int]
"""A numerator and a denominator."""


def explain_ratio(
    before: Mapping[str, Counts], after: Mapping[str, Counts]
) -> RatioChange | None:
    """Split the change of a ratio; None if it was or is not defined.

    The parts must not overlap. A part that is new or gone belongs to the mix.
    """
    whole_before = sum(down for _up, down in before.values())
    whole_after = sum(down for _up, down in after.values())
    if not whole_before or not whole_after:
        return None
    effects = {}
    for key in sorted({*before, *after}):
        (up_0, down_0), (up_1, down_1) = before.get(key, (0, 0)), after.get(key, (0, 0))
        share_0, share_1 = Fraction(down_0, whole_before), Fraction(down_1, whole_after)
        # A part without a denominator on one side has the ratio of the other side.
        rate_0 = Fraction(up_0, down_0) if down_0 else Fraction(up_1, down_1 or 1)
        rate_1 = Fraction(up_1, down_1) if down_1 else rate_0
        effects[key] = (share_1 * (rate_1 - rate_0), (share_1 - share_0) * rate_0)
    return RatioChange(
        rate=sum((rate for rate, _mix in effects.values()), Fraction(0)),
        mix=sum((mix for _rate, mix in effects.values()), Fraction(0)),
        by_part=effects,
    )
