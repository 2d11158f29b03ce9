from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import merges
from qunce.members.tags import assignments, levels, library, person_tags
from tests import factories
from tests.factories import AT, LATER

LEVELS = [(1, "newcomer"), (3, "regular"), (10, "loyal")]


def test_levels_are_words_for_depths() -> None:
    assert levels.parse("1 newcomer, 3 regular，10  loyal") == LEVELS
    assert levels.to_text(LEVELS) == "1 newcomer, 3 regular, 10 loyal"
    names = [levels.find_name(LEVELS, depth) for depth in (0, 1, 2, 3, 9, 10, 99)]
    assert names == ["", *["newcomer"] * 2, *["regular"] * 2, *["loyal"] * 2]
    assert levels.find_depth(LEVELS, " Regular ") == 3
    assert levels.find_depth(LEVELS, "regulars") is None
    assert levels.parse("") == []


@pytest.mark.parametrize(
    "text",
    ["3", "three regular", "3 a, 1 b", "0 a", "1 a, 2 A", "1 7", "1 " + "a" * 41],
)
def test_levels_that_cannot_be_told_apart_are_rejected(text: str) -> None:
    with pytest.raises(levels.InvalidLevels):
        levels.parse(text)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("3", 5, 3),
        ("3.0", 5, 3),
        ("+1", 5, 6),
        ("＋２", 0, 2),
        ("0", 5, 0),
        ("regular", 1, 3),
        ("LOYAL", 1, 10),
    ],
)
def test_depth_is_a_number_an_addition_or_a_level(
    text: str, before: int, after: int
) -> None:
    assert levels.parse_depth(text, LEVELS).apply(before) == after


@pytest.mark.parametrize("text", ["-1", "+0", "1.5", "many", "", "9" * 11, "1e3"])
def test_other_depths_are_rejected(text: str) -> None:
    with pytest.raises(levels.InvalidDepth, match="regular"):
        levels.parse_depth(text, LEVELS)
    with pytest.raises(levels.InvalidDepth, match=r"\+1 adds"):
        levels.parse_depth(text, [])


def test_level_is_shown_with_the_depth(shop: Community, by: Staff) -> None:
    """K6."""
    (ann,) = factories.members(shop, "ann")
    joined = factories.tag(shop, "took part")
    library.set_levels(tag=joined, levels=LEVELS, by=by, at=AT)
    for _ in range(3):
        assignments.deepen(tag=joined, accounts=[ann], by=by, at=AT)
    (tag,) = person_tags.tags_by_person({ann: [ann]})[ann]
    assert (tag.depth, tag.level) == (3, "regular")


@pytest.mark.both_databases
def test_person_deepens_once_with_all_their_accounts(
    shop: Community, by: Staff
) -> None:
    helped = factories.tag(shop, "helped")
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    assignments.apply(tag=helped, accounts=[too], by=by, at=AT)
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    batch = assignments.deepen(
        tag=helped, accounts=[ann, too, bob], by=by, at=LATER, amount=2
    )
    assert person_tags.depths_of_person([ann, too]) == {"helped": 3}
    assert person_tags.depths_of_person([bob]) == {"helped": 2}
    depths = [f["depth"] for _a, f in factories.recorded_facts(shop, "tag.added")]
    assert sorted(depths) == [1, 2, 3]
    assert assignments.undo(batch=batch, by=by, at=LATER) == 2
    assert person_tags.depths_of_person([ann, too]) == {"helped": 1}
    assert person_tags.depths_of_person([bob]) == {}
    with pytest.raises(levels.InvalidDepth):
        assignments.deepen(tag=helped, accounts=[ann], by=by, at=AT, amount=0)


def test_deepening_replaces_the_other_tag_of_an_exclusive_group(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    level = factories.tag_group(shop, "level", exclusive=True)
    cold, warm = factories.tag(shop, "cold", level), factories.tag(shop, "warm", level)
    assignments.apply(tag=cold, accounts=[ann], by=by, at=AT)
    assignments.deepen(tag=warm, accounts=[ann], by=by, at=AT)
    assert person_tags.depths_of_person([ann]) == {"warm": 1}
