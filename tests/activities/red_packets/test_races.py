"""Many people open a red packet at the same moment, on both databases."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.db.models import F

from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.points.models import PointEntry
from qunce.activities.red_packets import doctor_checks, red_packets
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities import running
from tests.factories import AT
from tests.shares import IS_EXACT

IS_ONE_WRITER = connection.vendor == "sqlite"
SHARES, FEW = 10, 20
PEOPLE = 200 if IS_EXACT else 40
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_packet(by: Staff, shares: int = SHARES) -> Activity:
    settings = {"total": 1_000, "shares": shares, "minimum": 5}
    return running.running(
        by, "red_packet", ends_at=AT + running.HOUR, settings=settings
    )


def join(activity_id: int, account: int, key: str = "k") -> base.Reply:
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity, account_id=account, way=Way.PORTAL, key=key, at=AT
    )


def test_ten_shares_for_many_people(by: Staff) -> None:
    people = factories.members(by.community, *(f"m{n}" for n in range(PEOPLE)))
    activity = open_packet(by)
    replies = threads.run(*(partial(join, activity.pk, pk) for pk in people))
    counts = Counter(reply.accepted for reply in replies)
    assert counts == {True: SHARES, False: PEOPLE - SHARES}
    amounts = RedPacketShare.objects.values_list("amount", flat=True)
    assert sum(amounts) == sum(PointEntry.objects.values_list("amount", flat=True))
    assert (sum(amounts), len(amounts)) == (1_000, SHARES)
    assert list(doctor_checks.check_shares()) == []


def test_one_person_opens_one_share_with_twenty_forms(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = open_packet(by)
    tasks = [partial(join, activity.pk, bob, f"k{n}") for n in range(FEW)]
    replies = threads.run(*tasks)
    assert Counter(reply.accepted for reply in replies) == {True: 1, False: FEW - 1}
    assert RedPacket.objects.get().taken == RedPacketShare.objects.count() == 1


def test_without_its_condition_not_everybody_is_answered(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_what_was_left(packet: RedPacket) -> int | None:
        # It trusts what was read before, without a lock.
        RedPacket.objects.filter(pk=packet.pk).update(taken=F("taken") + 1)
        return int(packet.taken)

    people = factories.members(by.community, *(f"m{n}" for n in range(FEW)))
    monkeypatch.setattr(red_packets, "_take_position", take_what_was_left)

    def goes_wrong() -> bool:
        activity = open_packet(by, shares=1)
        try:
            threads.run(*(partial(join, activity.pk, pk) for pk in people))
        except Exception:
            return True
        return False

    # SQLite runs whole transactions one after the other, so that its read is fresh.
    assert any(goes_wrong() for _attempt in range(5)) is not IS_ONE_WRITER
