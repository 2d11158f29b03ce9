"""Break-downs: who is in which part, for every kind of break-down."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import breakdowns
from qunce.insight.breakdowns import Breakdown, BreakdownNotFound
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.sets.mirror import deriver
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

AT = factories.AT


@pytest.fixture
def people(shop: Community, by: Staff) -> list[int]:
    """Five members: tagged, in groups, in layers, with a city; one without any of it."""
    people = factories.members(shop, "a", "b", "c", "d", source="shop")
    people.append(factories.member(shop, "e").pk)
    taste = factories.tag_group(shop, "taste", name="Taste")
    for key, chosen in (("tea", "abc"), ("coffee", "c")):
        factories.tag(shop, key, taste, name=key.title())
        factories.apply_tag(shop, key, *chosen)
    north = factories.group(shop, "north", "a", "b", name="North")
    factories.group(shop, "south", "d", name="South")
    groups.remove_members(group=north, accounts=people[:1], by=by, at=AT)
    city = attributes.define(
        community=shop, name="city", label="City", type="text", by=by, at=AT
    )
    cities = dict(zip(people, ("Bern", "Bern", "Kyoto"), strict=False))
    attributes.set_values(attribute=city, values=cities, by=by, at=AT)
    spec: dict[str, Any] = {
        "by": "rules",
        "layers": [
            {"key": "tea", "name": "Tea", "rule": {"tag": {"any": ["tea"]}}},
            {"key": "rest", "name": "Rest"},
        ],
    }
    made = layers.create(
        community=shop, key="who", name="Who", spec=spec, default="rest", by=by, at=AT
    )
    layers.recompute(layering=made, by=by, at=AT)
    deriver.catch_up()
    return people


def parts(text: str, by: Staff, people: list[int]) -> dict[str, str]:
    """Label of a part → the letters of its people."""
    breakdown = breakdowns.parse(text)
    assert breakdown is not None
    assert breakdown.text == text
    return {
        part.label: "".join(
            letter
            for letter, person in zip("abcde", people, strict=True)
            if person in part.people
        )
        for part in breakdowns.load_parts(breakdown, by=by, at=AT)
    }


def test_parts_have_the_people(by: Staff, people: list[int]) -> None:
    assert parts("source", by, people) == {"shop": "abcd", "all others": "e"}
    # "a" has left the group; a number of those in it now would hide that.
    assert parts("group", by, people) == {
        "North": "ab",
        "South": "d",
        "all others": "ce",
    }
    assert parts("tag_group:taste", by, people) == {
        "Tea": "abc",
        "Coffee": "c",
        "all others": "de",
    }
    assert parts("layer:who", by, people) == {"Tea": "abc", "Rest": "de"}
    assert parts("attribute:city", by, people) == {
        "Bern": "ab",
        "Kyoto": "c",
        "all others": "de",
    }


def test_members_are_with_their_staff_in_charge(by: Staff, people: list[int]) -> None:
    wang = factories.staff(by.community, "operator", "wang", name="Wang")
    staff_assignments.assign(
        community=by.community, accounts=people[:2], staff=wang, by=by, at=AT
    )
    breakdown = Breakdown("staff")
    parts = breakdowns.load_parts(breakdown, by=by, at=AT)
    assert [(part.label, list(part.people)) for part in parts] == [
        ("Wang", people[:2]),
        ("all others", people[2:]),
    ]
    assert ("staff", "staff in charge") in breakdowns.list_choices(by)
    assert breakdowns.label_of(breakdown, by.community) == "Staff in charge"
    assert not breakdowns.may_share_people(breakdown)


def test_choices_are_those_of_the_community(by: Staff, people: list[int]) -> None:
    choices = dict(breakdowns.list_choices(by))
    assert list(choices) == [
        "source",
        "group",
        "layer:who",
        "tag_group:taste",
        "attribute:city",
    ]
    labels = {
        text: breakdowns.label_of(breakdowns.parse(text) or Breakdown(""), by.community)
        for text in choices
    }
    assert list(labels.values()) == ["Source", "Group", "Who", "Taste", "City"]
    sharing = {t for t in choices if breakdowns.may_share_people(Breakdown(t[:5]))}
    assert sharing == {"group"}


def test_hidden_groups_and_members_are_in_no_part(
    shop: Community, people: list[int]
) -> None:
    narrow = factories.staff(
        shop,
        "viewer",
        login="n",
        scope={"members": {"keys": ["a", "c"]}},
        groups=["north"],
    )
    assert parts("group", narrow, people) == {"North": "a", "all others": "c"}
    assert parts("attribute:city", narrow, people) == {"Bern": "a", "Kyoto": "c"}


@pytest.mark.parametrize("text", ["x", "source:x", "layer", "layer:"])
def test_unknown_breakdowns_are_refused(text: str) -> None:
    with pytest.raises(BreakdownNotFound):
        breakdowns.parse(text)


def test_no_breakdown_is_none(by: Staff, people: list[int]) -> None:
    assert breakdowns.parse("") is None
    with pytest.raises(BreakdownNotFound, match="no part"):
        breakdowns.find_part(Breakdown("source"), "nowhere", by=by, at=AT)
