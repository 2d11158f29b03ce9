from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import group_names, groups, membership_erasure, stays
from qunce.groups.groups import Stay
from qunce.groups.stays import Change, Report, State
from tests import factories
from tests.factories import AT, LATER

NOW = 1_000


def result(known: list[State], *reports: Report) -> list[State]:
    """The stays after these reports, in the order of joining."""
    changes = stays.apply(known, reports, now=NOW)
    replaced = [change.before for change in changes]
    kept = [state for state in known if state not in replaced]
    return sorted([*kept, *(change.after for change in changes)], key=lambda s: s[1])


@pytest.mark.parametrize(
    ("known", "report", "after"),
    [
        ([], Report(), [("member", NOW, None)]),
        ([], Report("owner", 5), [("owner", 5, None)]),
        ([], Report(left_at=7), [("member", 7, 7)]),
        ([("m", 5, None)], Report(joined_at=5, left_at=9), [("m", 5, 9)]),
        ([("m", 5, None)], Report(left_at=9), [("m", 5, 9)]),
        ([("m", 5, None)], Report(joined_at=4), [("m", 4, None)]),
        ([("m", 5, None)], Report("x", 5), [("x", 5, None)]),
        # Somebody who left stays left in a list without dates of leaving.
        ([("m", 5, 9)], Report(joined_at=5), [("m", 5, 9)]),
        ([("m", 5, 9)], Report(joined_at=2), [("m", 5, 9)]),
        ([("m", 5, 9)], Report(joined_at=7), [("m", 5, 9)]),
        ([("m", 5, 9)], Report("x"), [("m", 5, 9)]),
        # A stay of its own, before or after.
        ([("m", 5, 9)], Report(joined_at=12), [("m", 5, 9), ("member", 12, None)]),
        ([("m", 5, 9)], Report(joined_at=9), [("m", 5, 9), ("member", 9, None)]),
        ([("m", 5, None)], Report(None, 1, 3), [("member", 1, 3), ("m", 5, None)]),
        # A stay that overlaps a known one corrects it.
        ([("m", 5, 9)], Report(None, 6, 12), [("m", 6, 12)]),
        (
            [("a", 1, 3), ("m", 5, None)],
            Report(joined_at=2),
            [("a", 1, 3), ("m", 5, None)],
        ),
    ],
)
def test_report_changes_the_stay_it_is_about(
    known: list[tuple[str, int, int | None]],
    report: Report,
    after: list[tuple[str, int, int | None]],
) -> None:
    assert result([State(*each) for each in known], report) == [
        State(*each) for each in after
    ]


def test_reports_of_several_stays_are_all_kept() -> None:
    reports = [Report(None, 20, 25), Report(None, 1, 5), Report(None, 30)]
    changes = stays.apply([], reports, now=NOW)
    assert changes == [
        Change(None, State("member", 1, 5)),
        Change(None, State("member", 20, 25)),
        Change(None, State("member", 30, None)),
    ]
    assert stays.apply([change.after for change in changes], reports, now=NOW) == []


@pytest.mark.parametrize(
    ("reports", "contradictions"),
    [
        ([Report(None, 1, 5), Report(None, 5, 9), Report(None, 10)], []),
        ([Report(None, 5, 9), Report(None, 1, 5)], []),
        ([Report(None, 1), Report(None, 1, 5), Report(None, 6)], []),
        ([Report(None, 1), Report(None, 6)], [1]),
        ([Report(None, 6), Report(None, 1)], [0]),
        ([Report(None, 1, 7), Report(None, 6, 8)], [1]),
        ([Report(None, 8, 3)], [0]),
        ([Report(), Report(None, None, 5), Report(None, 4)], []),
    ],
)
def test_overlapping_stays_contradict_each_other(
    reports: list[Report], contradictions: list[int]
) -> None:
    assert stays.list_contradictions(reports) == contradictions


TIMES = st.integers(0, 30)
REPORTS = st.lists(
    st.builds(
        Report,
        st.sampled_from([None, "owner"]),
        st.none() | TIMES,
        st.none() | TIMES,
    ),
    max_size=6,
)


@given(REPORTS, REPORTS)
def test_stays_never_overlap_and_a_second_reading_changes_nothing(
    first: list[Report], second: list[Report]
) -> None:
    known: list[State] = []
    for reports in (first, second):
        bad = stays.list_contradictions(reports)
        good = [each for index, each in enumerate(reports) if index not in bad]
        known = result(known, *good)
        for earlier, later in itertools.pairwise(known):
            assert earlier.end <= later.joined_at
        assert all(state.joined_at <= state.end for state in known)


@pytest.mark.both_databases
def test_stay_is_kept_when_a_member_joins_again(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    north = factories.group(shop, "north", ann)
    groups.remove_members(group=north, accounts=[ann], by=by, at=LATER)
    assert not Stay.objects.exists()
    for _ in range(2):
        groups.add_members(group=north, accounts=[ann], by=by, at=LATER)
    stay = Stay.objects.get()
    assert (stay.account_id, stay.joined_at, stay.left_at) == (ann, AT, LATER)
    membership_erasure.remove_accounts(community=shop, accounts=[ann])
    assert not Stay.objects.exists()


@pytest.mark.both_databases
def test_groups_are_found_by_key_before_name(shop: Community) -> None:
    key = factories.group(shop, "早茶群")
    wecom = factories.group(shop, "wr1", name="晚茶群")
    factories.group(shop, "wr2", name="早茶群")
    factories.group(shop, "wr3", name="夜茶群")
    factories.group(shop, "wr4", name="夜茶群")
    names = ["早茶群", "晚茶群", "夜茶群", "none"]
    found = group_names.find_by_key_or_name(shop, names)
    assert found == {"早茶群": key.pk, "晚茶群": wecom.pk}
    assert group_names.list_ambiguous(shop, names) == {"夜茶群": ["wr3", "wr4"]}
