"""Staff tasks of other kinds: ask, do with one tap, undo, finish, hand over."""

from __future__ import annotations

import dataclasses
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from qunce import reactions
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.layers import layering_specs, layers
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.tags import person_tags
from qunce.outreach import opt_outs
from qunce.outreach.content import file_types, files
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.tasks import invitations, outcomes, requests, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest, TaskTarget
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, EVERYONE

pytestmark = [pytest.mark.django_db]
HOUR = timedelta(hours=1)


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "owner", "ann", name="Ann")


@pytest.fixture
def wang(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "wang", name="Wang")


def ask(by: Staff, *staff: Staff, kind: str = "comment", **fields: Any) -> TaskRequest:
    deriver.catch_up()
    given: dict[str, Any] = {"title": "Say hello", "text": "Hello", "rule": EVERYONE}
    draft = requests.Draft(
        kind=kind, staff=[each.pk for each in staff], **{**given, **fields}
    )
    return requests.create(draft=draft, by=by, at=AT)


def task_of(request: TaskRequest, staff: Staff) -> StaffTask:
    return staff_tasks.list_visible(staff).get(request=request, staff=staff)


def outcome_of(request: TaskRequest) -> dict[int, str]:
    rows = TaskTarget.objects.filter(task__request=request)
    return dict(rows.values_list("target_id", "outcome"))


def depths(of: int) -> dict[str, int]:
    return person_tags.depths_of_person([of])


def test_members_go_to_their_staff_in_charge_and_the_others_evenly(
    shop: Community, by: Staff, wang: Staff
) -> None:
    bob, cyd, dee, eve, out = factories.members(shop, "b", "c", "d", "e", "out")
    staff_assignments.assign(
        community=shop, accounts=[bob, cyd], staff=wang, by=by, at=AT
    )
    opt_outs.opt_out(community=shop, accounts=[out], by=by, at=AT)
    request = ask(by, by, wang)
    shares = {
        task.staff.login: set(task.targets.values_list("target_id", flat=True))
        for task in request.tasks.select_related("staff")
    }
    assert {bob, cyd} <= shares["wang"]
    assert sorted(shares["wang"] | shares["ann"]) == [bob, cyd, dee, eve]
    assert not shares["wang"] & shares["ann"]
    assert len(shares["ann"]) == 1


def test_one_tap_deepens_a_tag_and_undo_takes_it_back(
    shop: Community, by: Staff, wang: Staff
) -> None:
    (bob,) = factories.members(shop, "bob")
    tag = factories.tag(shop, "chats")
    request = ask(by, wang, tag=tag)
    task = task_of(request, wang)
    act: dict[str, Any] = {"task": task, "account": bob, "by": wang, "at": AT}
    outcomes.record(outcome="done", **act)
    assert depths(bob) == {}
    with pytest.raises(outcomes.OutcomeAlreadyRecorded):
        outcomes.record(outcome="replied", **act)
    outcomes.undo(**act)
    outcomes.record(outcome="replied", **act)
    assert depths(bob) == {"chats": 1}
    outcomes.undo(**act)
    assert depths(bob) == {}
    assert outcome_of(request) == {bob: ""}
    with pytest.raises(errors.Invalid):
        outcomes.record(outcome="loved", **act)


def test_moments_likes_are_added_as_they_come_and_deepen(
    shop: Community, by: Staff, wang: Staff
) -> None:
    bob, cyd = factories.members(shop, "bob", "cyd")
    tag = factories.tag(shop, "tea")
    factories.apply_tag(shop, "tea", bob)
    request = ask(by, wang, kind="moments", tag=tag, rule=None)
    task = task_of(request, wang)
    for account, outcome in ((bob, "liked"), (cyd, "commented")):
        outcomes.record(task=task, account=account, outcome=outcome, by=wang, at=AT)
    assert (depths(bob), depths(cyd)) == ({"tea": 2}, {"tea": 1})
    outcomes.undo(task=task, account=cyd, by=wang, at=AT)
    assert outcome_of(request) == {bob: "liked"}
    outcomes.finish(task=task, by=wang, at=AT)
    deriver.catch_up()
    liked = {"did": {"kind": "staff_task.outcome", "where": {"outcome": "liked"}}}
    assert list(audiences.people(community=shop, rule=liked, by=by, at=AT)) == [bob]
    request.refresh_from_db()
    assert request.state == "done"


def test_task_is_finished_once_everybody_has_a_result_and_is_late_or_not(
    shop: Community, by: Staff, wang: Staff
) -> None:
    (bob,) = factories.members(shop, "bob")
    request = ask(by, wang, kind="red_packet", due_at=AT + HOUR)
    task = task_of(request, wang)
    finish: dict[str, Any] = {"task": task, "by": wang}
    with pytest.raises(outcomes.TargetsLeft, match="1 member is left"):
        outcomes.finish(at=AT, result={"spent": "5"}, **finish)
    outcomes.record(task=task, account=bob, outcome="sent", by=wang, at=AT)
    with pytest.raises(errors.Invalid, match="Fill in “Spent in all”"):
        outcomes.finish(at=AT, **finish)
    late = AT + 2 * HOUR
    assert staff_tasks.list_late_of_others(by, late) == [task]
    outcomes.finish(at=late, result={"spent": "5"}, note=" on\ntime ", **finish)
    task.refresh_from_db()
    assert (task.result, task.note, task.is_late(late)) == (
        {"spent": 500},
        "on time",
        True,
    )
    assert staff_tasks.list_late_of_others(by, late) == []
    with pytest.raises(outcomes.TaskNotOpen):
        outcomes.undo(task=task, account=bob, by=wang, at=late)


def test_proof_is_a_picture_and_is_kept(
    shop: Community, by: Staff, wang: Staff
) -> None:
    task = task_of(ask(by, wang, kind="weibo", rule=None), wang)
    picture = io.BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    attach: dict[str, Any] = {"task": task, "by": wang, "at": AT}
    for name, content in (
        ("list.pdf", b"%PDF-1.4"),
        ("shot.png", b"<html>not a picture"),
    ):
        with pytest.raises(file_types.InvalidFile):
            outcomes.attach_proof(content=io.BytesIO(content), name=name, **attach)
    picture.seek(0)
    outcomes.attach_proof(content=picture, name="shot.png", **attach)
    assert files.prune(at=AT + timedelta(days=3)) == 0
    task.refresh_from_db()
    first = task.proof
    assert first is not None
    assert first.width == 20
    other = io.BytesIO()
    Image.new("RGB", (30, 30)).save(other, "PNG")
    other.seek(0)
    outcomes.attach_proof(content=other, name="shot.png", **attach)
    assert task.proof is not None
    assert task.proof.width == 30
    assert not files.path_of(first).exists()
    # Neither is seen without its task, also not by putting it into a material.
    assert files.find_all(shop, [first.pk, task.proof.pk]) == []
    with pytest.raises(files.FileNotFound):
        files.get(shop, task.proof.pk)


def test_task_is_handed_over_with_what_is_done(
    shop: Community, by: Staff, wang: Staff
) -> None:
    bob, cyd = factories.members(shop, "bob", "cyd")
    li = factories.staff(shop, "operator", "li", name="Li")
    request = ask(by, wang)
    task = task_of(request, wang)
    outcomes.record(task=task, account=bob, outcome="done", by=wang, at=AT)
    with pytest.raises(staff_tasks.StaffTaskNotFound):
        outcomes.hand_over(task=task, to=li, by=li, at=AT)
    with pytest.raises(errors.Invalid, match="already assigned to"):
        outcomes.hand_over(task=task, to=task.staff, by=by, at=AT)
    viewer = factories.staff(by.community, "viewer", "ada", name="Ada")
    with pytest.raises(errors.Invalid, match="cannot be assigned to Ada"):
        outcomes.hand_over(task=task, to=viewer, by=by, at=AT)
    outcomes.hand_over(task=task, to=li, by=by, at=AT)
    assert staff_tasks.list_open(wang) == []
    outcomes.record(
        task=task_of(request, li), account=cyd, outcome="done", by=li, at=AT
    )
    assert outcome_of(request) == {bob: "done", cyd: "done"}
    with pytest.raises(staff_tasks.StaffTaskNotFound):
        outcomes.record(task=task, account=bob, outcome="done", by=wang, at=AT)


def test_invitation_ends_when_enough_have_joined(
    shop: Community, by: Staff, wang: Staff
) -> None:
    bob, cyd, _dee = factories.members(shop, "bob", "cyd", "dee")
    room = factories.group(shop, "room", "dee")
    request = ask(by, wang, kind="invitation", group=room, goal=1)
    task = task_of(request, wang)
    # Who is in the group already is not invited.
    assert outcome_of(request) == {bob: "", cyd: ""}
    outcomes.record(task=task, account=bob, outcome="invited", by=wang, at=AT)
    groups.add_members(group=room, accounts=[bob], by=by, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    assert outcome_of(request) == {bob: "joined", cyd: "not_needed"}
    request.refresh_from_db()
    assert request.state == "done"
    assert staff_tasks.list_open(wang) == []


def test_standing_invitation_follows_who_rises_into_a_layer(
    shop: Community, by: Staff, wang: Staff
) -> None:
    accounts = factories.members(shop, *"abcde")
    room = factories.group(shop, "room")
    for account, amount in zip(accounts, (500, 400, 300, 200, 100), strict=True):
        factories.order(shop, account, amount)
    deriver.catch_up()
    value = layers.create(
        community=shop,
        key="value",
        name="Value",
        spec=layering_specs.VALUE,
        by=by,
        at=AT,
    )
    layers.recompute(layering=value, by=by, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    request = ask(
        by, wang, kind="invitation", group=room, rule=None, layering=value, layer="high"
    )
    assert outcome_of(request) == {}
    factories.order(shop, accounts[4], 10_000)
    deriver.catch_up()
    layers.recompute(layering=value, by=by, at=AT + HOUR)
    reactions.CONSUMER.catch_up(at=AT + HOUR)
    # E has risen into it; A, who fell out of it, is not asked.
    assert outcome_of(request) == {accounts[4]: ""}
    assert [task.request for task in staff_tasks.list_open(wang)] == [request]
    assert not invitations.is_rise(value, "high", "mid")


def test_standing_invitation_leaves_out_who_is_held_out(
    shop: Community, by: Staff, wang: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_outs, "MIN_MEMBERS", 20)
    hold_outs.update(community=shop, per_mille=500, by=by, at=AT)
    accounts = set(factories.members(shop, *(f"m{n:02}" for n in range(20))))
    value = layers.create(
        community=shop, key="value", name="Value", spec=layering_specs.VALUE,
        by=by, at=AT,
    )  # fmt: skip
    request = ask(
        by,
        wang,
        kind="invitation",
        group=factories.group(shop, "room"),
        rule=None,
        layering=value,
        layer="high",
    )
    rise = {"layering": "value", "from": "low", "to": "high"}
    risen = [
        dataclasses.replace(
            factories.recorded_fact(shop, "member.layer_changed", pk), payload=rise
        )
        for pk in sorted(accounts)
    ]
    invitations.react_to_layer_change(community=shop, facts=risen, at=AT)
    held_out = set(hold_outs.list_held_out(by=by, at=AT))
    assert 2 < len(held_out) < 18
    assert outcome_of(request).keys() == accounts - held_out


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": " "}, "needs a title"),
        ({"text": "", "url": ""}, "Write a text, or give an address"),
        ({"url": "weibo.com"}, "must be an address"),
        ({"due_at": AT - HOUR}, "is in the past"),
        ({"rule": None}, "Choose the members"),
        ({"kind": "invitation"}, "Choose the group"),
        ({"goal": 5}, "Only an invitation"),
        ({"kind": "invitation", "goal": 10**20}, "The goal is between 1 and 1,000,000"),
        ({"staff": ()}, "Choose who does it"),
        ({"rule": {"not": EVERYONE}}, "None of these members can be added"),
    ],
)
def test_incomplete_request_says_what_is_missing(
    shop: Community, by: Staff, fields: dict[str, Any], sentence: str
) -> None:
    factories.members(shop, "bob")
    staff = fields.pop("staff", (by,))
    if "goal" in fields and "kind" in fields:
        fields["group"] = factories.group(shop)
    with pytest.raises(errors.QunceError, match=sentence):
        ask(by, *staff, **fields)
    assert not TaskRequest.objects.exists()


def test_operator_asks_only_themself_and_sees_nothing_of_others(
    shop: Community, by: Staff, wang: Staff
) -> None:
    factories.members(shop, "bob")
    with pytest.raises(permissions.NotAllowed):
        ask(wang, by)
    assert ask(wang, wang).by == wang
    hidden = ask(by, by)
    with pytest.raises(staff_tasks.TaskRequestNotFound):
        staff_tasks.get_request(by=wang, pk=hidden.pk)
    with pytest.raises(staff_tasks.StaffTaskNotFound):
        staff_tasks.get(by=wang, pk=task_of(hidden, by).pk)


def test_cancelled_request_leaves_nothing_to_do(
    shop: Community, by: Staff, wang: Staff
) -> None:
    factories.members(shop, "bob")
    request = ask(by, wang)
    requests.cancel(request=request, by=by, at=AT)
    assert staff_tasks.list_open(wang) == []
    with pytest.raises(errors.Refused):
        requests.cancel(request=request, by=by, at=AT)


def test_result_stays_as_it_was_when_the_task_was_finished(
    shop: Community, by: Staff
) -> None:
    bob = factories.members(shop, "bob")[0]
    request = ask(by, by)
    given: dict[str, Any] = {"account": bob, "by": by, "at": AT}
    # Loaded before another tab finished the task.
    old = task_of(request, by)
    task = task_of(request, by)
    outcomes.record(task=task, outcome="done", **given)
    outcomes.finish(task=task, by=by, at=AT)
    with pytest.raises(outcomes.TaskNotOpen):
        outcomes.undo(task=old, **given)
    assert outcome_of(request) == {bob: "done"}
    second = ask(by, by)
    old = task_of(second, by)
    li = factories.staff(shop, "operator", "li", name="Li")
    outcomes.hand_over(task=task_of(second, by), to=li, by=by, at=AT)
    with pytest.raises(outcomes.TaskNotOpen):
        outcomes.record(task=old, outcome="done", **given)
