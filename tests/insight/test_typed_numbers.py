"""Numbers of groups that staff type in: cells, warnings, marks, saving and history."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group
from qunce.insight import metrics
from qunce.insight.typed_numbers import (
    cells,
    marked_numbers,
    measured,
    plausibility,
    reminders,
    tables,
    typed_numbers,
)
from qunce.insight.typed_numbers.marked_numbers import MarkedNumber, Origin
from qunce.insight.typed_numbers.typed_numbers import Entry
from qunce.sets.mirror import deriver
from tests import factories, shares
from tests.factories import AT

DAY = date(2026, 3, 5)
"""The day of AT in Shanghai."""
HOUR = timedelta(hours=1)
few = settings(max_examples=shares.examples(40), deadline=None)


# Cells


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("312", 312),
        ("１２８０", 1280),
        ("1,280", 1280),
        ("1，280", 1280),
        ("1 280", 1280),
        (" 7 ", 7),
        ("312.0", 312),
        ("0", 0),
        ("007", 7),
        ("1,000,000", 1_000_000),
        ("", None),
        ("  ", None),
    ],
)
def test_cells_are_read_as_spreadsheets_write_them(
    text: str, number: int | None
) -> None:
    assert cells.parse(text) == number


@pytest.mark.parametrize(
    "text", ["abc", "12人", "1.5", "1.280", "12,34", "-3", "1,000,001", "9" * 5000, "–"]
)
def test_what_is_no_number_is_refused_in_words(text: str) -> None:
    with pytest.raises(cells.InvalidCell) as caught:
        cells.parse(text)
    assert text[:20] in str(caught.value)


@few
@given(st.integers(0, 1_000_000))
def test_a_number_survives_every_way_to_write_it(number: int) -> None:
    wide = str(number).translate({48 + n: 0xFF10 + n for n in range(10)})
    for text in (str(number), f"{number:,}", f"{number:,}".replace(",", " "), wide):
        assert cells.parse(text) == number


# Warnings

counts = st.none() | st.integers(0, 500)


@few
@given(counts, counts, counts, counts, counts)
def test_balance_is_checked_exactly_when_its_four_numbers_are_there(
    before: int | None,
    members: int | None,
    joins: int | None,
    leaves: int | None,
    speakers: int | None,
) -> None:
    today = {"members": members, "joins": joins, "leaves": leaves, "speakers": speakers}
    verdict = plausibility.check(today, members_before=before)
    text = " ".join(verdict.warnings)
    complete = None not in (before, members, joins, leaves)
    if complete:
        assert before is not None
        assert members is not None
        assert joins is not None
        assert leaves is not None
        short = before + joins - leaves - members
        assert ("a leave forgotten?" in text) == (short > 0)
        assert ("a join forgotten?" in text) == (short < 0)
        assert short == 0 or f"{abs(short)} " in text
        assert verdict.unchecked == ""
    else:
        assert "forgotten" not in text
        assert bool(verdict.unchecked) == (members is not None)
    too_many = None not in (members, speakers) and (speakers or 0) > (members or 0)
    assert ("More members wrote" in text) == too_many


# Marks: identity 15

numbers = st.builds(
    MarkedNumber, st.integers(0, 1000), st.sampled_from([*Origin.__members__.values()])
)


@few
@given(st.lists(numbers, max_size=6))
def test_a_sum_has_the_mark_of_each_typed_part(parts: list[MarkedNumber]) -> None:
    total = marked_numbers.add(parts)
    if total is None:
        assert parts == []
        return
    assert total.value == sum(part.value for part in parts)
    is_measured = all(part.origin is Origin.MEASURED for part in parts)
    assert (total.mark == "") == is_measured
    assert (total.origin is Origin.TYPED) == all(
        part.origin is Origin.TYPED for part in parts
    )


@few
@given(numbers, numbers)
def test_typed_and_measured_numbers_have_no_ratio(
    part: MarkedNumber, whole: MarkedNumber
) -> None:
    if part.origin is whole.origin and part.origin is not Origin.MIXED:
        ratio = marked_numbers.divide(part, whole)
        assert ratio == (Fraction(part.value, whole.value) if whole.value else None)
    else:
        with pytest.raises(marked_numbers.MixedOrigins):
            marked_numbers.divide(part, whole)


# Saving


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(timezone="Asia/Shanghai")


@pytest.fixture
def ann(shop: Community) -> Any:
    return factories.staff(shop)


@pytest.fixture
def north(shop: Community) -> Group:
    return factories.group(shop, "north", name="North", at=AT - timedelta(days=3))


def save(by: Any, *entries: tuple[Group, str, int | None], **options: Any) -> Any:
    day = options.pop("day", DAY)
    rows = [Entry(group=g, day=day, field=f, value=v) for g, f, v in entries]
    arguments = {"at": AT, **options}
    return typed_numbers.save(community=by.community, entries=rows, by=by, **arguments)


def load(by: Any, group: Group, day: date = DAY) -> dict[str, int]:
    found = typed_numbers.load(groups=[group], first=day, last=day, by=by)
    typed = found.get((group.pk, day))
    return dict(typed.numbers) if typed else {}


@pytest.mark.both_databases
def test_a_correction_is_a_further_row_with_its_fact(north: Group, ann: Any) -> None:
    save(ann, (north, "members", 312), (north, "joins", 0))
    save(ann, (north, "members", 321), (north, "joins", 0), at=AT + HOUR)
    save(ann, (north, "joins", None), at=AT + 2 * HOUR)
    assert load(ann, north) == {"members": 321}
    rows = typed_numbers.list_history(group=north, by=ann)
    assert [(row.field, row.value) for row in rows] == [
        ("joins", None),
        ("members", 321),
        ("members", 312),
        ("joins", 0),
    ]
    assert {row.by.name for row in rows} == {ann.name}
    recorded = Fact.objects.filter(group_id=north.pk, payload__contains='"fields"')
    assert recorded.count() == 3


def test_unchanged_numbers_are_not_saved_again(north: Group, ann: Any) -> None:
    assert len(save(ann, (north, "members", 312)).changed) == 1
    before = Fact.objects.count()
    assert save(ann, (north, "members", 312), at=AT + HOUR).changed == ()
    assert Fact.objects.count() == before


@pytest.mark.both_databases
def test_what_somebody_else_typed_meanwhile_is_kept(
    shop: Community, north: Group, ann: Any
) -> None:
    bob = factories.staff(shop, "operator", "bob")
    save(ann, (north, "members", 312), (north, "joins", 4))
    save(bob, (north, "members", 315), (north, "joins", 5), at=AT + HOUR)
    # Ann has opened the page before, and changes the joins and the leaves.
    saved = save(
        ann,
        (north, "members", 312),
        (north, "joins", 6),
        (north, "leaves", 1),
        at=AT + 2 * HOUR,
        seen_at=AT,
    )
    assert [conflict.other.value for conflict in saved.conflicts] == [5]
    assert load(ann, north) == {"members": 315, "joins": 5, "leaves": 1}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"day": DAY + timedelta(days=1)}, "still to come"),
        ({"day": DAY - timedelta(days=4)}, "exists since 2026-03-02"),
    ],
)
def test_days_that_cannot_be_are_refused(
    north: Group, ann: Any, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(typed_numbers.InvalidTypedNumber, match=sentence):
        save(ann, (north, "members", 1), **options)
    assert load(ann, north) == {}


def test_numbers_have_limits(north: Group, ann: Any) -> None:
    for value in (-1, 1_000_001):
        with pytest.raises(typed_numbers.InvalidTypedNumber, match="between 0 and"):
            save(ann, (north, "members", value))
    with pytest.raises(typed_numbers.InvalidTypedNumber, match="no number “size”"):
        save(ann, (north, "size", 1))


def test_staff_of_some_groups_fill_only_theirs(
    shop: Community, north: Group, ann: Any
) -> None:
    south = factories.group(shop, "south")
    limited = factories.staff(shop, "operator", "lim", groups=["north"])
    save(limited, (north, "members", 5))
    for call in (
        lambda: save(limited, (north, "joins", 5), (south, "members", 5)),
        lambda: load(limited, south),
        lambda: typed_numbers.list_history(group=south, by=limited),
    ):
        with pytest.raises(errors.NotFound, match="There is no such group"):
            call()
    assert load(ann, north) == {"members": 5}
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        save(viewer, (north, "members", 6))
    assert load(viewer, north) == {"members": 5}


def test_groups_with_reported_facts_are_measured(
    shop: Community, north: Group, ann: Any
) -> None:
    people = factories.members(shop, "a", "b")
    south = factories.group(shop, "south", *people)
    deriver.catch_up()
    query: dict[str, Any] = {"community": shop, "groups": [north, south], "by": ann}
    assert measured.find(**query, day=DAY, at=AT) == {
        south.pk: {"members": 2, "joins": 2, "leaves": 0, "speakers": 0, "messages": 0}
    }
    for name, number in measured.find(**query, day=DAY, at=AT)[south.pk].items():
        values = metrics.compute_for_groups(
            community=shop, groups=["south"], first=DAY, last=DAY, by=ann, at=AT
        )
        assert values["south"][name] == [number]
    later = AT + timedelta(days=28)
    assert measured.find(**query, day=DAY + timedelta(days=28), at=later) == {}


@pytest.mark.both_databases
def test_today_asks_for_groups_that_were_typed_lately(
    shop: Community, north: Group, ann: Any
) -> None:
    south = factories.group(shop, "south")
    save(ann, (north, "members", 5))
    tomorrow, at = DAY + timedelta(days=1), AT + timedelta(days=1)
    query: dict[str, Any] = {"community": shop, "groups": [north, south], "by": ann}
    missing = reminders.list_missing(**query, day=tomorrow, at=at)
    assert missing == [north]
    save(ann, (north, "joins", 1), day=tomorrow, at=at)
    assert reminders.list_missing(**query, day=tomorrow, at=at) == [north]
    save(ann, (north, "members", 6), day=tomorrow, at=at)
    assert reminders.list_missing(**query, day=tomorrow, at=at) == []


def test_hour_of_the_reminder_is_of_the_community_day(db: None) -> None:
    shop = factories.community(timezone="Asia/Shanghai", day_start=240)
    ann = factories.staff(shop)
    change: dict[str, Any] = {"community": shop, "by": ann, "at": AT}
    due = reminders.due_at(shop, DAY)
    assert due is not None
    assert due.isoformat() == "2026-03-05T20:00:00+08:00"
    reminders.set_hour(hour=1, **change)
    due = reminders.due_at(shop, DAY)
    assert due is not None
    assert due.isoformat() == "2026-03-06T01:00:00+08:00"
    reminders.set_hour(hour=None, **change)
    assert reminders.due_at(shop, DAY) is None
    with pytest.raises(reminders.InvalidHour):
        reminders.set_hour(hour=24, **change)


# Tables


def test_tables_are_read_by_headings_and_names(shop: Community, north: Group) -> None:
    twins = [factories.group(shop, key, name="Twin") for key in ("t1", "t2")]
    table = tables.read(
        ["群名", "日期", "群人数", "进群", "备注"],
        [
            (2, ["north", "", "３12", "", "x"]),
            (3, ["NORTH", "2026/03/04", "300", "2", ""]),
            (4, ["Twin", "", "1", "", ""]),
            (5, ["t1", "", "many", "1", ""]),
            (6, ["nowhere", "", "1", "", ""]),
            (7, ["t2", "yesterday", "1", "", ""]),
            (8, ["", "", "", "", ""]),
        ],
        groups=[north, *twins],
        day=DAY,
    )
    read = [(e.group.key, e.day, e.field, e.value) for e in table.entries]
    day_before = DAY - timedelta(days=1)
    assert read == [
        ("north", DAY, "members", 312),
        ("north", day_before, "members", 300),
        ("north", day_before, "joins", 2),
        ("t1", DAY, "joins", 1),
    ]
    assert [(each.row, each.heading) for each in table.problems] == [
        (4, "群名"),
        (5, "群人数"),
        (6, "群名"),
        (7, "day"),
    ]


def test_a_group_twice_and_a_table_without_groups_are_refused(north: Group) -> None:
    lines = [(2, ["north", "1"]), (3, ["north", "2"])]
    table = tables.read(["group", "members"], lines, groups=[north], day=DAY)
    assert [each.row for each in table.problems] == [3]
    for headings in (["members"], ["group"]):
        with pytest.raises(tables.InvalidTable):
            tables.find_columns(headings)


def test_system_account_may_type(north: Group) -> None:
    save(staff_models.system(north.community), (north, "members", 3))
    assert load(staff_models.system(north.community), north) == {"members": 3}
