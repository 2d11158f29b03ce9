"""Group templates applied, followed and undone."""

from __future__ import annotations

import copy
import functools
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group, GroupNotFound
from qunce.outreach.group_templates import (
    applications,
    following,
    previews,
)
from qunce.outreach.group_templates.models import (
    FollowedTemplate,
    GroupTemplate,
)
from qunce.outreach.playbooks import excluded_groups, lifecycle, polling
from qunce.outreach.playbooks.models import Playbook, Run
from qunce.outreach.series import series
from qunce.outreach.welcomes import welcomes
from tests import factories, shares, threads
from tests.factories import AT, LATER
from tests.outreach.group_templates.setups import (
    CONTENT,
    apply,
    group_playbook,
    make,
    values,
)

STAGES = st.sampled_from(["growing", "lasting", "recalling", "dead"])


SETUPS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["", "vip", "local"]),
        "capacity": st.sampled_from([None, 1, 5]),
        "state": STAGES,
        "rhythm": st.sampled_from(["", "at 8", "at 9"]),
        "role": st.sampled_from([None, "member", "service"]),
        "size": st.integers(0, 2),
        "pinned": st.sets(st.sampled_from(["details.kind", "card.rhythm"])),
        "excluded": st.booleans(),
    }
)


CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "details": st.fixed_dictionaries(
            {"kind": st.sampled_from(["vip", "local"])},
            optional={"capacity": st.sampled_from([None, 1, 5])},
        ),
        "card": st.just({"rhythm": "at 8"}),
        "stage": STAGES.map(lambda stage: {"stage": stage}),
        "roles": st.sampled_from(["service", "expert"]).map(lambda role: {"p": role}),
        "playbooks": st.booleans().map(lambda runs: {"anniversary": runs}),
    },
).filter(bool)


@settings(
    max_examples=shares.examples(12),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(SETUPS, min_size=1, max_size=3), CONTENTS, st.data())
def test_applying_gives_what_the_oracle_says_and_undo_restores_it(
    by: Staff,
    setups: list[dict[str, Any]],
    content: dict[str, Any],
    data: st.DataObject,
) -> None:
    shop = by.community
    unique = uuid.uuid4().hex
    li, *others = factories.members(shop, *(f"{unique}{n}" for n in range(4)))
    playbook = Playbook.objects.filter(community=shop).first() or group_playbook(by)
    content = copy.deepcopy(content)
    if "roles" in content:
        content["roles"] = {f"person:{li}": content["roles"]["p"]}
    chosen = [
        _set_up(shop, f"{unique}-{n}", setup, li, others, playbook, by)
        for n, setup in enumerate(setups)
    ]
    template = make(by, content, unique)
    before = {group.pk: values(group, template, by) for group in chosen}
    for group, setup in zip(chosen, setups, strict=True):
        FollowedTemplate.objects.create(
            group=group,
            template=template,
            version=1,
            pinned=sorted(setup["pinned"]),
            since=AT,
        )
    results = apply(template, chosen, by)
    assert {row.state for row in results.values()} == {"done"}
    for group, setup in zip(chosen, setups, strict=True):
        assert values(group, template, by) == _oracle(
            template, before[group.pk], setup, len(others)
        )
    # What somebody changes afterwards stays; the rest is as it was.
    changed_later = data.draw(st.booleans())
    if changed_later:
        groups.update(
            group=Group.objects.get(pk=chosen[0].pk), by=by, at=AT, kind="seeding"
        )
    application = results[chosen[0].key].application
    assert applications.undo(application=application, by=by, at=LATER) == len(chosen)
    for group in chosen:
        expected = dict(before[group.pk])
        if changed_later and group == chosen[0] and "details.kind" in expected:
            expected["details.kind"] = "seeding"
        found = values(group, template, by)
        if content.get("stage") == {"stage": "dead"}:
            # A retired group can only grow again, so another stage does not come back.
            found.pop("stage.stage")
            expected.pop("stage.stage")
        assert found == expected


def _set_up(
    shop: Community,
    key: str,
    setup: dict[str, Any],
    li: int,
    others: list[int],
    playbook: Playbook,
    by: Staff,
) -> Group:
    group = factories.group(
        shop, key, kind=setup["kind"], card={"rhythm": setup["rhythm"]}
    )
    groups.add_members(group=group, accounts=others[: setup["size"]], by=by, at=AT)
    if setup["role"]:
        groups.add_members(group=group, accounts=[li], role=setup["role"], by=by, at=AT)
    Group.objects.filter(pk=group.pk).update(
        state=setup["state"], capacity=setup["capacity"]
    )
    excluded_groups.set_excluded(
        playbook=playbook, group=group, excluded=setup["excluded"], by=by, at=AT
    )
    return Group.objects.get(pk=group.pk)


TRANSITIONS = {
    ("growing", "lasting"),
    ("recalling", "lasting"),
    ("growing", "recalling"),
    ("lasting", "recalling"),
    ("growing", "dead"),
    ("lasting", "dead"),
    ("recalling", "dead"),
    ("dead", "growing"),
    ("recalling", "growing"),
    ("lasting", "growing"),
}


def _oracle(
    template: GroupTemplate, before: dict[str, Any], setup: dict[str, Any], _n: int
) -> dict[str, Any]:
    """Field by field: the template's value, unless it is pinned or impossible."""
    expected = dict(before)
    size = setup["size"] + bool(setup["role"])
    for part, fields in template.content.items():
        for field, value in fields.items():
            name = f"{part}.{field}"
            if name in setup["pinned"]:
                continue
            if name == "details.capacity" and value and size > value:
                continue
            if part == "stage" and (setup["state"], value) not in TRANSITIONS:
                continue
            if part == "roles" and setup["role"] is None:
                continue
            expected[name] = value
    return expected


def test_one_failing_group_stops_no_other(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [factories.group(shop, key) for key in ("a", "b", "c")]
    template = make(by)
    update = groups.update

    def fail_in_b(*, group: Group, **rest: Any) -> None:
        update(group=group, **rest)
        if group.key == "b" and "card" in rest:
            raise errors.Refused("not today")

    monkeypatch.setattr(groups, "update", fail_in_b)
    results = apply(template, chosen, by)
    assert {key: (row.state, row.problem) for key, row in results.items()} == {
        "a": ("done", ""),
        "b": ("failed", "not today"),
        "c": ("done", ""),
    }
    assert Group.objects.get(pk=chosen[1].pk).kind == ""
    assert following.find(group=chosen[1], by=by) is None


def test_staff_in_a_scope_see_and_change_their_groups_only(
    shop: Community, by: Staff
) -> None:
    mine, hidden = factories.group(shop, "mine"), factories.group(shop, "hidden")
    limited = factories.staff(shop, "manager", "lim", groups=["mine"])
    playbook = group_playbook(by)
    template = make(by, {**CONTENT, "playbooks": {playbook.key: False}})
    application = apply(template, [mine, hidden], by)["mine"].application
    shown = following.compare_followers(template=template, by=limited, at=AT)
    assert [row.group.key for row in shown.groups] == ["mine"]
    assert [part.key for part in shown.hidden] == ["playbooks"]
    assert following.count_followers(limited) == {template.pk: 1}
    with pytest.raises(GroupNotFound):
        previews.compute(
            template=template, groups=[mine.pk, hidden.pk], by=limited, at=AT
        )
    assert applications.undo(application=application, by=limited, at=LATER) == 1
    assert Group.objects.get(pk=mine.pk).kind == ""
    assert Group.objects.get(pk=hidden.pk).kind == "vip"
    # The playbook is not theirs to switch.
    assert excluded_groups.list_groups(playbook) == {mine.pk, hidden.pk}
    only_hidden = apply(template, [hidden], by, LATER)["hidden"].application
    with pytest.raises(applications.ApplicationNotFound):
        applications.get(by=limited, pk=only_hidden.pk)


def test_playbook_starts_no_run_in_a_group_that_it_leaves_out(
    shop: Community, by: Staff
) -> None:
    kept, left_out = factories.group(shop, "kept"), factories.group(shop, "out")
    playbook = group_playbook(by)
    lifecycle.switch_on(playbook=playbook, choice=lifecycle.Choice(), by=by, at=AT)
    apply(make(by, {"playbooks": {playbook.key: False}}), [left_out], by)
    polling.poll(playbook, at=LATER)
    runs = Run.objects.filter(playbook=playbook)
    assert list(runs.values_list("target_id", flat=True)) == [kept.pk]
    # Leaving a group out ends what has begun there.
    excluded_groups.set_excluded(
        playbook=playbook, group=kept, excluded=True, by=by, at=LATER
    )
    assert not runs.exclude(state="ended").exists()


def test_series_and_welcomes_get_the_groups_of_the_template(shop: Community) -> None:
    by = factories.staff(shop, "owner", "olga", name="Olga")
    first, second = factories.group(shop, "first"), factories.group(shop, "second")
    rhythm = {"days": {"weekdays": [2]}, "slots": [{"time": "19:00"}]}
    column = series.create(
        community=shop, name="Column", rhythm=rhythm, groups=[first.pk], by=by, at=AT
    )
    by_filter = series.create(
        community=shop, name="All", rhythm=rhythm, group_filter={}, by=by, at=AT
    )
    welcome = welcomes.create(
        community=shop,
        name="Hello",
        event="group",
        groups=[first.pk],
        text="Hi",
        by=by,
        at=AT,
    )
    fields = {"series": {str(column.pk): True, str(by_filter.pk): False}}
    template = make(by, {**fields, "welcomes": {welcome.key: True}})
    shown = previews.compute(template=template, groups=[second.pk], by=by, at=AT)
    (row,) = shown.groups
    assert [shown.label(each.field) for each in row.changes] == ["Column", "Hello"]
    assert [each.reason for each in row.conflicts] == [
        "“All” chooses its groups by a filter. Change the filter instead."
    ]
    result = apply(template, [second], by)["second"]
    column.refresh_from_db()
    welcome.refresh_from_db()
    both = [first.pk, second.pk]
    assert (result.state, column.groups, welcome.groups) == ("done", both, both)
    # A welcome for no group would be one for all groups.
    without = make(by, {"welcomes": {welcome.key: False}}, "Without")
    results = apply(without, [first, second], by, LATER)
    assert [results[key].state for key in ("first", "second")] == ["done", "failed"]
    assert "It is the last group of “Hello”" in results["second"].problem
    applications.undo(application=result.application, by=by, at=LATER)
    column.refresh_from_db()
    assert column.groups == [first.pk]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_templates_applied_at_the_same_time_lose_no_group(shop: Community) -> None:
    by = factories.staff(shop, "owner", "olga", name="Olga")
    first, *others = (factories.group(shop, f"g{n}") for n in range(9))
    rhythm = {"days": {"weekdays": [2]}, "slots": [{"time": "19:00"}]}
    columns = [
        series.create(
            community=shop, name=name, rhythm=rhythm, groups=[first.pk], by=by, at=AT
        )
        for name in ("Column", "Quiz")
    ]
    welcome = welcomes.create(
        community=shop,
        name="Hello",
        event="group",
        groups=[first.pk],
        text="Hi",
        by=by,
        at=AT,
    )
    fields = [str(column.pk) for column in columns]
    # Each order of the fields, so that no two applications wait for each other.
    templates = [
        make(
            by,
            {"series": dict.fromkeys(each, True), "welcomes": {welcome.key: True}},
            f"Club {number}",
        )
        for number, each in enumerate((fields, fields[::-1]))
    ]
    done = threads.run(
        *(
            functools.partial(apply, templates[number % 2], others[number::4], by)
            for number in range(4)
        )
    )
    assert {row.state for rows in done for row in rows.values()} == {"done"}
    everywhere = [first.pk, *(group.pk for group in others)]
    for column in columns:
        column.refresh_from_db()
        assert column.groups == everywhere
    welcome.refresh_from_db()
    assert welcome.groups == everywhere
