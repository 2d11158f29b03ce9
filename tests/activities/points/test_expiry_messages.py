"""Members are written to before their points expire: by their channel, or by staff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qunce import reactions
from qunce.activities.points import expiry
from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaints
from qunce.members.staff_in_charge import assignments
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from qunce.outreach.tasks import outcomes
from qunce.outreach.tasks.staff_tasks import TaskRequest, TaskTarget
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY
from tests.factories import AT

pytestmark = pytest.mark.django_db
SOON = AT + timedelta(hours=1)
LAST_DAY = "2026-03-14"


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


def announce(shop: Community) -> None:
    deriver.catch_up()
    expiry.announce_due(at=SOON)
    reactions.CONSUMER.catch_up(at=SOON)


def test_person_is_written_to_once_per_last_day(
    shop: Community, fake: FakeChannel
) -> None:
    factories.staff(shop)
    hand, chat = (
        factories.member(shop, "ann").pk,
        factories.member(shop, "ann2", channel="fake").pk,
    )
    bob = factories.member(shop, "bob", channel="fake").pk
    factories.merge(shop, "ann", "ann2")
    for account, days in ((hand, 8), (chat, 8), (bob, 8), (bob, 7), (bob, 60)):
        builders.award(account, 10, f"prize/{account}/{days}", valid_days=days)
    announce(shop)
    announce(shop)
    channel_sending.send_due(at=SOON)
    rows = Message.objects.order_by("target_id", "pk")
    assert [(row.target_id, row.channel, row.purpose) for row in rows] == [
        (hand, "fake", "service"),
        (bob, "fake", "service"),
        (bob, "fake", "service"),
    ]
    texts = [sent.text for sent in fake.delivered]
    assert len(texts) == 3
    assert sum("20" in text.split() for text in texts) == 1
    # Points that come later for the same day are not announced again.
    builders.award(chat, 5, "prize/late", at=SOON, valid_days=8)
    announce(shop)
    assert Message.objects.count() == 3


def test_staff_get_one_task_for_all_whom_no_channel_reaches(shop: Community) -> None:
    first, zoe = factories.staff(shop, login="amy"), factories.staff(shop, login="zoe")
    ids = factories.members(shop, *(f"m{number}" for number in range(40)))
    assignments.assign(community=shop, accounts=ids[:3], staff=zoe, by=first, at=AT)
    for account in ids:
        builders.award(account, 10, valid_days=8)
    announce(shop)
    announce(shop)
    assert not Message.objects.exists()
    (request,) = TaskRequest.objects.all()
    assert (request.kind, LAST_DAY[:8] in request.title) == ("expiring_points", True)
    assert request.due_at is not None
    assert AT + 7 * DAY < request.due_at <= AT + 9 * DAY
    sizes = {task.staff_id: task.targets.count() for task in request.tasks.all()}
    assert sizes == {first.pk: 37, zoe.pk: 3}
    # Who comes later is added to the same task.
    late = factories.member(shop, "late").pk
    builders.award(late, 10, valid_days=8, at=SOON)
    announce(shop)
    assert TaskRequest.objects.count() == 1
    assert TaskTarget.objects.filter(target_id=late).count() == 1
    task = request.tasks.get(staff=zoe)
    page = clients.browser(zoe).get(f"/tasks/{task.pk}/").content.decode()
    assert "m0" in page or "<bdi>" in page
    outcomes.record(task=task, account=ids[0], outcome="done", by=zoe, at=SOON)
    assert task.targets.get(target_id=ids[0]).outcome == "done"


def test_scoped_staff_get_only_members_whom_they_see(shop: Community) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "mine", ann)
    scope = {"tag": {"any": ["mine"]}}
    limited = factories.staff(shop, "manager", "amy", scope=scope)
    for account in (ann, bob):
        builders.award(account, 10, valid_days=8)
    announce(shop)
    assert [
        (target.task.staff_id, target.target_id)
        for target in TaskTarget.objects.select_related("task")
    ] == [(limited.pk, ann)]


def test_nobody_is_asked_about_members_with_an_open_case(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    complaints.create(
        community=shop,
        kind="complaint",
        title="cracked cup",
        topic="quality",
        account=ann,
        by=by,
        at=AT,
    )
    for account in (ann, bob):
        builders.award(account, 10, valid_days=8)
    announce(shop)
    assert [row.target_id for row in TaskTarget.objects.all()] == [bob]
