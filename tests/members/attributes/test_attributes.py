from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes import parsing as value_parsing
from qunce.members.people import merges
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def define(shop: Community, name: str, kind: str, **more: Any) -> attributes.Attribute:
    by = staff_models.system(shop)
    return attributes.define(community=shop, name=name, type=kind, by=by, at=AT, **more)


def test_managers_define_attributes(shop: Community, by: Staff) -> None:
    stall = define(shop, "favourite stall", "text", section="interest")
    assert define(shop, "favourite  stall", "text") == stall
    assert list(attributes.list_all(shop)) == [stall]
    with pytest.raises(attributes.AttributeAlreadyExists, match="text"):
        define(shop, "favourite stall", "number")
    with pytest.raises(attributes.InvalidAttribute):
        define(shop, "x", "poem")
    with pytest.raises(attributes.AttributeNotFound):
        attributes.get(factories.community("other"), "favourite stall")


def test_value_has_source_time_and_author(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    score = define(shop, "score", "number")
    attributes.set_values(
        attribute=score, values={ann: "7.5"}, source="survey", by=by, at=AT
    )
    value = attributes.values_of_person([ann])["score"]
    assert (value.text, value.source, value.set_at, value.by_id) == (
        "7.5",
        "survey",
        AT,
        by.pk,
    )
    assert factories.matching_keys(shop, {"attr": {"name": "score", "gte": 7}}) == [
        "ann"
    ]
    assert factories.recorded_facts(shop, "attribute.set") == [
        (ann, {"attribute": "score", "source": "survey"})
    ]


def test_replaced_values_are_kept_in_the_history(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    city = define(shop, "city", "choice")
    for moment, value in ((AT, "Wuxi"), (LATER, "Xi'an"), (LATER, "Xi'an")):
        attributes.set_values(attribute=city, values={ann: value}, by=by, at=moment)
    (past,) = attributes.list_past(city, [ann])
    assert (past.text, past.set_at, past.ended_at) == ("Wuxi", AT, LATER)
    changed = attributes.set_values(attribute=city, values={ann: None}, by=by, at=LATER)
    assert changed == 1
    assert attributes.values_of_person([ann]) == {}
    assert factories.matching_keys(
        shop, {"attr": {"name": "city", "known": False}}
    ) == ["ann"]
    assert len(attributes.list_past(city, [ann])) == 2


def test_texts_of_a_multi_attribute_are_added_and_removed_one_by_one(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    likes = define(shop, "likes", "multi")
    for value in (["tea", "milk"], "milk;坚果"):
        attributes.set_values(attribute=likes, values={ann: value}, by=by, at=AT)
    assert attributes.values_of_person([ann])["likes"].text == "milk; 坚果"
    assert [past.text for past in attributes.list_past(likes, [ann])] == ["tea"]
    assert (
        factories.matching_keys(shop, {"attr": {"name": "likes", "in": ["tea"]}}) == []
    )
    assert factories.matching_keys(
        shop, {"attr": {"name": "likes", "in": ["坚果"]}}
    ) == ["ann"]


def test_newest_value_of_any_account_is_the_persons_value(
    shop: Community, by: Staff
) -> None:
    ann, too = factories.members(shop, "ann", "too")
    city, likes = define(shop, "city", "choice"), define(shop, "likes", "multi")
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    for account, value, moment in ((ann, "Wuxi", LATER), (too, "Xi'an", AT)):
        new = {account: value}
        attributes.set_values(attribute=city, values=new, by=by, at=moment)
        attributes.set_values(attribute=likes, values=new, by=by, at=moment)
    values = attributes.values_of_person([ann, too])
    assert values["city"].text == "Wuxi"
    assert values["likes"].text == "Wuxi; Xi'an"
    assert factories.matching_keys(shop, {"attr": {"name": "city", "eq": "Wuxi"}}) == [
        "ann"
    ]


def test_value_must_be_one_of_the_choices(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    size = define(shop, "size", "choice", choices=["S", "M"])
    with pytest.raises(value_parsing.InvalidValue, match="S, M"):
        attributes.set_values(attribute=size, values={ann: "XL"}, by=by, at=AT)
    attributes.set_values(attribute=size, values={ann: "M"}, by=by, at=AT)


def test_empty_text_removes_the_value(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    note = define(shop, "note", "text")
    known = {"attr": {"name": "note", "known": True}}
    attributes.set_values(attribute=note, values={ann: "tea"}, by=by, at=AT)
    assert factories.matching_keys(shop, known) == ["ann"]
    attributes.set_values(attribute=note, values={ann: "  "}, by=by, at=AT)
    assert factories.matching_keys(shop, known) == []


def test_accounts_of_other_communities_are_rejected(shop: Community, by: Staff) -> None:
    (eve,) = factories.members(factories.community("other"), "eve")
    note = define(shop, "note", "text")
    with pytest.raises(account_queries.MemberNotFound):
        attributes.set_values(attribute=note, values={eve: "x"}, by=by, at=AT)


def test_label_and_choices_of_an_attribute_can_be_changed(
    shop: Community, by: Staff
) -> None:
    """K2: existing values stay, even those that are no longer choices."""
    (ann,) = factories.members(shop, "ann")
    size = define(shop, "size", "choice", choices=["S", "M"])
    attributes.set_values(attribute=size, values={ann: "M"}, by=by, at=AT)
    attributes.update(
        attribute=size,
        label="Shirt  size",
        section="product",
        choices=["S", "L", "L"],
        by=by,
        at=AT,
    )
    changed = attributes.get(shop, "size")
    assert (changed.label, changed.choices) == ("Shirt size", ["S", "L"])
    assert factories.matching_keys(shop, {"attr": {"name": "size", "eq": "M"}}) == [
        "ann"
    ]
    with pytest.raises(value_parsing.InvalidValue):
        attributes.set_values(attribute=changed, values={ann: "M "}, by=by, at=AT)
    with pytest.raises(attributes.InvalidAttribute):
        attributes.update(
            attribute=size, label=" ", section="product", choices=[], by=by, at=AT
        )
