"""Changing the type of an attribute, with its values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import roles
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import (
    attributes,
    conversion,
    type_change_jobs,
    type_changes,
)
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.attributes import Attribute
from qunce.members.layers import layers
from qunce.members.segments import segments
from tests import factories
from tests.factories import AT, LATER

LATEST = LATER + timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
ITEMS = WORDS.filter(lambda text: not value_parsing.LIST_SEPARATOR.search(text))
DAYS = st.integers(-350_000, 100_000)
MICROS = st.integers(-(10**16), 10**17)
TEXT_ROWS = st.builds(lambda text: [(None, text)], ITEMS)
LOSSLESS: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        [("number", "text"), ("number", "choice"), ("number", "multi")],
        st.builds(lambda n: [(n, None)], st.integers(-(2**62), 2**62)),
    ),
    **dict.fromkeys(
        [("bool", "text"), ("bool", "number"), ("bool", "choice")],
        st.builds(lambda n: [(n, None)], st.integers(0, 1)),
    ),
    **dict.fromkeys(
        [("date", "text"), ("date", "instant"), ("date", "multi")],
        st.builds(lambda n: [(n, None)], DAYS),
    ),
    **dict.fromkeys(
        [("instant", "text"), ("instant", "choice")],
        st.builds(lambda n: [(n, None)], MICROS),
    ),
    ("text", "choice"): TEXT_ROWS,
    ("text", "multi"): TEXT_ROWS,
    ("choice", "multi"): TEXT_ROWS,
    ("multi", "text"): st.builds(
        lambda items: [(None, item) for item in sorted(items)],
        st.sets(ITEMS, min_size=1, max_size=4),
    ),
}


@given(data=st.data(), pair=st.sampled_from(sorted(LOSSLESS)))
def test_value_that_is_converted_and_back_is_the_same(
    data: st.DataObject, pair: tuple[str, str]
) -> None:
    old, new = pair
    rows = data.draw(LOSSLESS[pair])
    converted = conversion.convert(rows, old, new, ZONE)
    assert conversion.convert(converted, new, old, ZONE) == rows
    assert conversion.is_lossless(rows, converted, old, new, ZONE)


def test_time_is_no_lossless_day() -> None:
    evening = int(datetime(2026, 3, 5, 20, tzinfo=UTC).timestamp()) * 1_000_000
    day = conversion.convert([(evening, None)], "instant", "date", ZONE)
    assert value_parsing.format_value("date", *day[0], ZONE) == "2026-03-06"
    assert not conversion.is_lossless([(evening, None)], day, "instant", "date", ZONE)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("text", "number", "A-12"),
        ("text", "number", "1,5"),
        ("text", "date", "05/03/2026"),
        ("text", "date", "2026-02-30"),
        ("text", "bool", "maybe"),
        ("text", "multi", ";"),
        ("number", "date", "20260305"),
        ("number", "bool", "2"),
        ("date", "number", "2026-03-05"),
        ("multi", "choice", "a;b"),
        ("multi", "number", "1;2"),
    ],
)
def test_value_that_does_not_fit_is_not_guessed(old: str, new: str, text: str) -> None:
    rows = value_parsing.parse(old, text, ZONE)
    with pytest.raises(value_parsing.InvalidValue):
        conversion.convert(rows, old, new, ZONE)


def define(
    shop: Community, by: Staff, name: str, kind: str, **values: Any
) -> Attribute:
    attribute = attributes.define(community=shop, name=name, type=kind, by=by, at=AT)
    ids = factories.members(shop, *values)
    attributes.set_values(
        attribute=attribute,
        values=dict(zip(ids, values.values(), strict=True)),
        by=by,
        at=AT,
        source="import",
    )
    return attribute


def texts(shop: Community, attribute: Attribute) -> dict[str, str]:
    rows = attribute_values.AttributeValue.objects.filter(
        attribute=attribute, present=True
    )
    ids = set(rows.values_list("account_id", flat=True))
    keys = account_queries.keys_by_id(shop, ids)
    return {
        key: attributes.values_of_person([account])[attribute.name].text
        for account, key in keys.items()
    }


def change(attribute: Attribute, kind: str, by: Staff, **more: Any) -> Any:
    arguments = {"attribute": attribute, "type": kind, "by": by, "at": LATER, **more}
    return type_changes.change_type(**arguments)


@pytest.mark.both_databases
def test_every_value_is_converted_and_keeps_its_time(
    shop: Community, by: Staff
) -> None:
    score = define(shop, by, "score", "text", ann="12", bob="7.5")
    more = {"attr": {"name": "score", "contains": "7"}}
    assert factories.matching_keys(shop, more) == ["bob"]
    done = change(score, "number", by)
    assert (done.converted, done.altered.count, done.unreadable.count) == (2, 0, 0)
    assert texts(shop, score) == {"ann": "12", "bob": "7.5"}
    rule = {"attr": {"name": "score", "gte": 10}}
    assert factories.matching_keys(shop, rule) == ["ann"]
    (ann,) = factories.account_ids(shop, ("ann",))
    value = attributes.values_of_person([ann])["score"]
    assert (value.set_at, value.source) == (AT, "import")
    assert factories.recorded_facts(shop, "attribute.type_changed") == [
        (
            None,
            {
                "attribute": "score",
                "before": "text",
                "after": "number",
                "converted": 2,
                "dropped": 0,
            },
        )
    ]


@pytest.mark.both_databases
def test_cached_columns_follow_the_type(shop: Community, by: Staff) -> None:
    zip_code = define(shop, by, "zip", "number", ann="730000", bob="10020")
    assert factories.matching_keys(shop, {"attr": {"name": "zip", "lt": 20_000}}) == [
        "bob"
    ]
    change(zip_code, "text", by)
    starts = {"attr": {"name": "zip", "starts": "7"}}
    assert factories.matching_keys(shop, starts) == ["ann"]
    change(zip_code, "multi", by)
    assert factories.matching_keys(shop, starts) == ["ann"]
    change(zip_code, "number", by)
    assert factories.matching_keys(shop, {"attr": {"name": "zip", "eq": 10020}}) == [
        "bob"
    ]


@pytest.mark.both_databases
def test_unreadable_values_refuse_the_change(shop: Community, by: Staff) -> None:
    postcode = define(shop, by, "postcode", "text", ann="730000", bob="A-12")
    with pytest.raises(type_changes.UnreadableValues, match=r"A-12.*bob") as refused:
        change(postcode, "number", by)
    assert refused.value.change.unreadable.count == 1
    assert attributes.get(shop, "postcode").type == "text"
    assert texts(shop, postcode) == {"ann": "730000", "bob": "A-12"}


@pytest.mark.both_databases
def test_dropped_values_stay_in_the_history(shop: Community, by: Staff) -> None:
    postcode = define(shop, by, "postcode", "text", ann="730000", bob="A-12")
    done = change(postcode, "number", by, drop_unreadable=True)
    assert (done.converted, done.unreadable.count) == (1, 1)
    assert texts(shop, postcode) == {"ann": "730000"}
    known = {"attr": {"name": "postcode", "known": True}}
    assert factories.matching_keys(shop, known) == ["ann"]
    (bob,) = factories.account_ids(shop, ("bob",))
    (entry,) = attributes.list_history(postcode, [bob])
    assert (entry.text, entry.set_at, entry.ended_at) == ("A-12", AT, LATER)


@pytest.mark.both_databases
def test_text_that_reads_differently_comes_back(shop: Community, by: Staff) -> None:
    postcode = define(shop, by, "postcode", "text", ann="010020", bob="730000")
    done = change(postcode, "number", by)
    assert done.altered.count == 1
    assert any(
        "“010020” becomes “10020” (ann)" in s for s in type_changes.describe(done)
    )
    assert texts(shop, postcode) == {"ann": "10020", "bob": "730000"}
    back = change(postcode, "text", by, at=LATEST)
    assert back.restored == 1
    assert texts(shop, postcode) == {"ann": "010020", "bob": "730000"}


@pytest.mark.both_databases
def test_value_that_was_set_since_does_not_come_back(
    shop: Community, by: Staff
) -> None:
    postcode = define(shop, by, "postcode", "text", ann="010020")
    change(postcode, "number", by)
    (ann,) = factories.account_ids(shop, ("ann",))
    for value in ("5", "10020"):
        attributes.set_values(attribute=postcode, values={ann: value}, by=by, at=LATEST)
    assert change(postcode, "text", by, at=LATEST).restored == 0
    assert texts(shop, postcode) == {"ann": "10020"}


def test_lost_original_of_a_file_is_said(shop: Community, by: Staff) -> None:
    postcode = define(shop, by, "postcode", "number", ann="10020")
    seen = type_changes.preview(attribute=postcode, type="text", by=by, at=LATER)
    assert "Import the file again" in type_changes.describe(seen)[-1]
    assert attributes.get(shop, "postcode").type == "number"


@pytest.mark.both_databases
def test_rules_that_would_break_are_named(shop: Community, by: Staff) -> None:
    score = define(shop, by, "score", "number", ann="12")
    rule = {"attr": {"name": "score", "gte": 10}}
    actor: Any = {"by": by, "at": AT}
    segment = segments.create(
        community=shop, key="rich", name="Rich", rule=rule, **actor
    )
    segments.create(
        community=shop,
        key="known",
        rule={"attr": {"name": "score", "known": True}},
        **actor,
    )
    spec = {"by": "rules", "layers": [{"key": "a", "rule": rule}, {"key": "b"}]}
    layers.create(community=shop, key="steps", name="Steps", spec=spec, **actor)
    manager = factories.staff(shop, "manager", "eve", scope=rule)
    with pytest.raises(type_changes.AttributeTypeInUse) as refused:
        change(score, "text", by)
    sentence = str(refused.value)
    assert "“Rich”" in sentence and "“Steps”" in sentence and manager.name in sentence
    assert "known" not in sentence
    assert attributes.get(shop, "score").type == "number"
    assert texts(shop, score) == {"ann": "12"}
    segments.archive(segment=segment, **actor)
    with pytest.raises(type_changes.AttributeTypeInUse) as refused:
        change(score, "text", by)
    assert "“Rich”" not in str(refused.value)


def test_staff_with_a_scope_learn_nothing_from_a_preview(
    shop: Community, by: Staff
) -> None:
    note = define(shop, by, "note", "text", ann="secret", bob="other")
    scope = {"members": {"keys": ["bob"]}}
    scoped = factories.staff(shop, "manager", "eve", scope=scope)
    with pytest.raises(permissions.ScopeTooNarrow):
        type_changes.preview(attribute=note, type="number", by=scoped, at=LATER)
    seen = type_changes.preview(attribute=note, type="number", by=by, at=LATER)
    assert seen.unreadable.count == 2
    assert [each.member for each in seen.unreadable.examples] == ["ann", "bob"]


def test_only_managers_change_types(shop: Community, by: Staff) -> None:
    score = define(shop, by, "score", "text", ann="12")
    with pytest.raises(permissions.NotAllowed):
        change(score, "number", factories.staff(shop, "operator", "olga"))
    with pytest.raises(attributes.InvalidAttribute):
        change(score, "poem", by)


def test_birthday_stays_a_date(shop: Community, by: Staff) -> None:
    birthday = define(shop, by, "birthday", "date", ann="2000-03-05")
    with pytest.raises(type_changes.AttributeTypeIsFixed, match="birthday"):
        change(birthday, "text", by)


@pytest.mark.both_databases
def test_writer_with_the_old_type_is_refused(shop: Community, by: Staff) -> None:
    score = define(shop, by, "score", "text", ann="12")
    stale = attributes.get(shop, "score")
    change(score, "number", by)
    (ann,) = factories.account_ids(shop, ("ann",))
    with pytest.raises(attribute_values.TypeWasChanged):
        attributes.set_values(attribute=stale, values={ann: "x"}, by=by, at=LATEST)
    assert texts(shop, score) == {"ann": "12"}


def test_contacts_are_changed_only_by_who_reads_them(
    shop: Community, by: Staff
) -> None:
    """Another type, or no longer being a contact, would unmask the values."""
    attribute = attributes.define(
        community=shop, name="wechat_id", type="text", by=by, at=AT
    )
    role = roles.create(
        name="Lite", base="manager", chosen=["attributes.manage"], by=by, at=AT
    )
    lite = factories.staff(shop, "manager", "lite")
    lite.custom_role = role
    common: dict[str, Any] = {"attribute": attribute, "by": lite, "at": AT}
    for change in (
        lambda: attributes.update(
            label="x", section="basic", choices=(), is_contact=False, **common
        ),
        lambda: type_changes.preview(type="number", **common),
        lambda: type_changes.change_type(type="date", drop_unreadable=True, **common),
        lambda: type_change_jobs.start(type="number", dry_run=True, **common),
    ):
        with pytest.raises(permissions.NotAllowed):
            change()
