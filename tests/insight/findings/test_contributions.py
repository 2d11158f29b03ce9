"""Contributions close: what is named and the named remainder are the change, exactly."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.insight.findings import contributions
from qunce.insight.findings.contributions import Dimension, Part
from tests import shares

numbers = st.integers(0, 1000)
fractions = st.fractions(0, 1000, max_denominator=8)


def dimension(*parts: tuple[str, int, int], key: str = "group") -> Dimension:
    made = [Part(name, name, Fraction(old), Fraction(new)) for name, old, new in parts]
    return Dimension(key, key, "elsewhere", tuple(made))


@given(
    expected=fractions,
    observed=numbers,
    parts=st.lists(st.tuples(fractions, numbers), max_size=8),
)
@settings(max_examples=shares.examples(60))
def test_named_parts_and_remainder_add_up_to_the_change(
    expected: Fraction, observed: int, parts: list[tuple[Fraction, int]]
) -> None:
    made = tuple(
        Part(str(n), str(n), old, Fraction(new)) for n, (old, new) in enumerate(parts)
    )
    found = contributions.explain(
        expected=expected,
        observed=Fraction(observed),
        dimensions=[Dimension("group", "group", "elsewhere", made)],
    )
    if found is None:
        return
    named = (*found.leading, *found.opposite)
    assert len({part.key for part in named}) == len(named)
    total = sum((part.contribution for part in named), Fraction(0))
    assert total + found.others + found.remainder == observed - expected
    assert found.share >= contributions.MIN_SHARE


def test_the_part_that_lost_is_named() -> None:
    groups = dimension(("a", 100, 40), ("b", 100, 98), ("c", 800, 795))
    found = contributions.explain(
        expected=Fraction(1000), observed=Fraction(933), dimensions=[groups]
    )
    assert found is not None
    assert [part.key for part in found.leading] == ["a"]
    assert (found.others, found.remainder) == (Fraction(-7), Fraction(0))
    assert found.opposite == ()


def test_a_change_of_everything_alike_has_no_leading_part() -> None:
    groups = dimension(("large", 900, 450), ("small", 100, 50))
    assert (
        contributions.explain(
            expected=Fraction(1000), observed=Fraction(500), dimensions=[groups]
        )
        is None
    )


def test_parts_that_have_most_of_the_people_explain_nothing() -> None:
    def parts(large: int) -> Dimension:
        made = [
            Part("large", "large", Fraction(0), Fraction(13), people=large),
            Part("small", "small", Fraction(0), Fraction(3), people=200 - large),
        ]
        return Dimension("source", "source", "", tuple(made))

    def explain(dimension: Dimension) -> object:
        return contributions.explain(
            expected=Fraction(0), observed=Fraction(16), dimensions=[dimension]
        )

    assert explain(parts(large=160)) is None
    assert explain(parts(large=100)) is not None


def test_both_directions_are_named_when_they_cancel() -> None:
    groups = dimension(("down", 100, 0), ("up", 100, 140), ("same", 800, 800))
    found = contributions.explain(
        expected=Fraction(1000), observed=Fraction(940), dimensions=[groups]
    )
    assert found is not None
    assert [part.key for part in found.leading] == ["down"]
    assert [part.key for part in found.opposite] == ["up"]


def test_members_in_two_groups_are_in_the_remainder() -> None:
    groups = dimension(("a", 50, 10), ("b", 50, 48), ("c", 300, 300))
    found = contributions.explain(
        expected=Fraction(390), observed=Fraction(350), dimensions=[groups]
    )
    assert found is not None
    assert found.remainder == 2


def test_the_dimension_with_fewer_parts_explains() -> None:
    by_group = dimension(("a", 100, 60), ("b", 100, 58), ("c", 800, 795))
    by_source = dimension(("parcel", 100, 20), ("shop", 900, 893), key="source")
    found = contributions.explain(
        expected=Fraction(1000),
        observed=Fraction(913),
        dimensions=[by_group, by_source],
    )
    assert found is not None
    assert found.dimension.key == "source"


counts = st.dictionaries(
    st.sampled_from("abc"), st.tuples(numbers, st.integers(0, 50)), max_size=3
)


@given(before=counts, after=counts)
@settings(max_examples=shares.examples(60))
def test_effects_of_rates_and_mix_add_up(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    # Without a denominator there is no numerator either.
    before = {key: (up if down else 0, down) for key, (up, down) in before.items()}
    after = {key: (up if down else 0, down) for key, (up, down) in after.items()}
    found = contributions.explain_ratio(before, after)
    downs = [sum(down for _up, down in side.values()) for side in (before, after)]
    if not all(downs):
        assert found is None
        return
    ratios = [
        Fraction(sum(up for up, _down in side.values()), down)
        for side, down in zip((before, after), downs, strict=True)
    ]
    assert found is not None
    assert found.rate + found.mix == ratios[1] - ratios[0]
