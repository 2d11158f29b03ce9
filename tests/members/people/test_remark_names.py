"""K14 · remark name from a pattern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.people import people, remark_names
from qunce.members.tags import assignments
from tests import factories
from tests.factories import AT, LATER

VALUES = {"name": "Ann", "stage": "warm", "none": ""}
RENDERED = [
    ("{name}", "Ann"),
    ("{stage}-{name}", "warm-Ann"),
    ("{none}-{name}", "Ann"),
    ("{name}-{none}-{stage}", "Ann-warm"),
    ("{none|cold}-{name}", "cold-Ann"),
    ("{stage} {none} · {name}", "warm · Ann"),
    ("VIP {name}", "VIP Ann"),
]


@pytest.mark.parametrize(("pattern", "remark"), RENDERED)
def test_pattern_is_rendered(pattern: str, remark: str) -> None:
    assert remark_names.render(remark_names.parse(pattern), VALUES, 20) == remark


@pytest.mark.parametrize("pattern", ["{name", "name}", "{{name}}", "{}", "{|x}"])
def test_unmatched_brace_is_rejected(pattern: str) -> None:
    with pytest.raises(remark_names.InvalidPattern):
        remark_names.parse(pattern)


@given(st.lists(st.sampled_from(["{name}", "{none}", "{stage|x}", "-", "vip"])))
def test_no_separator_is_left_at_the_ends(parts: list[str]) -> None:
    remark = remark_names.render(remark_names.parse("".join(parts)), VALUES, 40)
    assert remark == remark.strip(remark_names.SEPARATORS)
    assert len(remark) <= 40


@pytest.mark.both_databases
def test_attributes_and_tag_groups_are_variables(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "c-1", name="王芳")
    attributes.define(community=shop, name="subject", type="text", by=by, at=AT)
    subject = attributes.get(shop, "subject")
    attributes.set_values(attribute=subject, values={ann.pk: "数学"}, by=by, at=AT)
    stage = factories.tag_group(shop, "stage")
    assignments.apply(
        tag=factories.tag(shop, "warm", stage), accounts=[ann.pk], by=by, at=AT
    )
    person = people.get_by_account(ann.pk)
    assert remark_names.render_for(person, by=by) == "王芳"
    text = "{subject}-{stage}-{name}-{joined}"
    remark_names.set_pattern(community=shop, text=text, max_length=30, by=by, at=LATER)
    assert remark_names.render_for(person, by=by) == "数学-warm-王芳-2026-03-05"
    assert factories.recorded_facts(shop, "remark_name.pattern_changed") == [
        (None, {"pattern": text})
    ]
    remark_names.set_pattern(
        community=shop, text="{key}", max_length=2, by=by, at=LATER
    )
    assert remark_names.render_for(person, by=by) == "c"


@pytest.mark.both_databases
def test_unknown_variables_and_operators_are_rejected(
    shop: Community, by: Staff
) -> None:
    for text in ("{phone}", "plain", ""):
        with pytest.raises(remark_names.InvalidPattern):
            remark_names.set_pattern(community=shop, text=text, by=by, at=AT)
    staff = factories.staff(shop, "operator", login="olga")
    with pytest.raises(permissions.NotAllowed):
        remark_names.set_pattern(community=shop, text="{name}", by=staff, at=AT)
