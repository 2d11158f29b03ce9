"""The comparison of a group with a template, against an obvious oracle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.group_templates import comparison
from qunce.outreach.group_templates.comparison import Cause, Status

FIELDS = [f"{part}.{name}" for part in ("card", "details") for name in "abc"]
VALUES = st.none() | st.integers(0, 2)
VALUES_BY_FIELD = st.dictionaries(st.sampled_from(FIELDS), VALUES)


@given(
    VALUES_BY_FIELD,
    VALUES_BY_FIELD,
    st.none() | VALUES_BY_FIELD,
    st.sets(st.sampled_from(FIELDS)),
    st.sets(st.tuples(st.sampled_from(FIELDS), VALUES)),
)
def test_each_field_has_the_status_of_the_oracle(
    wanted: dict[str, int | None],
    now: dict[str, int | None],
    followed: dict[str, int | None] | None,
    pinned: set[str],
    impossible: set[tuple[str, int | None]],
) -> None:
    found = comparison.compare(
        wanted=wanted,
        now=now,
        followed=followed,
        pinned=pinned,
        conflict=lambda field, value: "no" if (field, value) in impossible else "",
    )
    assert [each.field for each in found] == list(wanted)
    for each in found:
        same = now.get(each.field) == wanted[each.field]
        kept = each.field in pinned
        stuck = (each.field, wanted[each.field]) in impossible
        assert (each.status == Status.SAME) is same
        assert (each.status == Status.PINNED) is (not same and kept)
        assert (each.status == Status.CONFLICT) is (not same and not kept and stuck)
        assert (each.status == Status.CHANGE) is not (same or kept or stuck)
        assert bool(each.reason) is (each.status == Status.CONFLICT)
        if same or followed is None:
            assert each.cause == Cause.NONE
            continue
        by_group = each.field in followed and followed[each.field] != each.now
        by_template = each.field not in followed or followed[each.field] != each.then
        assert (each.cause in (Cause.GROUP, Cause.BOTH)) is by_group
        assert (each.cause in (Cause.TEMPLATE, Cause.BOTH)) is by_template


@given(VALUES_BY_FIELD)
def test_splitting_reverses_flattening(fields: dict[str, int | None]) -> None:
    assert comparison.flatten(comparison.split(fields)) == fields
