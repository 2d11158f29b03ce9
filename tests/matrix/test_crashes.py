"""Servers and workers that die at any moment: nothing is lost and nothing doubled (X2)."""

from __future__ import annotations

import signal
from collections.abc import Callable

from qunce.activities.activities.models import Answer
from qunce.activities.check_ins.models import CheckIn
from qunce.channels.accounts import leases
from qunce.members.message_texts.models import MessageText
from qunce.outreach.campaigns import launch
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import Message, Origin
from tests import factories
from tests.matrix import live_server, worker
from tests.matrix.live_server import wait_until
from tests.matrix.members import Member
from tests.matrix.site import Site, now
from tests.matrix.test_activities import approve, publish
from tests.matrix.test_moderation import direct_texts
from tests.synapse import Synapse

Register = Callable[..., list[Member]]
MESSAGES, CHECK_IN = 15, 7


def count_texts() -> int:
    return MessageText.objects.count()


def test_killed_server_and_killed_worker_lose_and_double_nothing(
    site: Site, register: Register, server: Synapse
) -> None:
    """The worker is killed thrice and the server once while members write, enter and get."""
    owner, *writers = register("owner", "ann", "bob", "cat")
    rooms = [site.open_room(owner, *writers) for _number in range(2)]
    for room in rooms:
        approve(site, publish(site, room, "check_in", f"Check-in {room}"))
    leases.release(site.account, site.lease)
    said = [
        (who.start_say(rooms[number % 2], text), text)
        for number in range(MESSAGES)
        for who in writers
        if (text := "打卡" if number == CHECK_IN else f"{who.id} {number}")
    ]
    with worker.running() as running:
        wait_until(lambda: count_texts() > 5, "nothing is received")
        campaign = factories.campaign(
            site.by,
            target="groups",
            groups=[site.group(room).pk for room in rooms],
            channel="matrix",
            staff=[],
            text="Tea at four",
        )
        launch.start(campaign=campaign, by=site.by, at=now())
        running.kill()
        server.stop(signal.SIGKILL)
        running.start()
        server.start()
        before = count_texts()
        wait_until(
            lambda: count_texts() > before or before == len(said),
            "nothing after the restart",
        )
        running.kill()
        running.start()
        for future, _text in said:
            future.result(live_server.SECONDS)
        wait_until(lambda: count_texts() >= len(said), "messages are missing")
        rows = ledger.list_of(ledger.Origin.CAMPAIGN, campaign.pk)
        wait_until(
            lambda: rows.all().filter(state="delivered").count() == len(rooms),
            "the campaign is not sent",
        )
        # Everybody is entered, and nobody answered, when it dies once more.
        running.kill()
        assert CheckIn.objects.count() == Answer.objects.count() == len(writers)
        site.react()
        answers = Message.objects.filter(origin=Origin.ACTIVITY, is_group=False)
        assert set(answers.values_list("state", flat=True)) == {"planned"}
        running.start()
        wait_until(
            lambda: answers.filter(state="delivered").count() == len(writers),
            "somebody is not answered",
        )
    assert sorted(site.texts()) == sorted(text for _future, text in said)
    assert len(site.facts("message.posted")) == len(said)
    for room in rooms:
        assert owner.texts(room, by=site.bot.id).count("Tea at four") == 1
    for who in writers:
        assert direct_texts(site, who) == ["Checked in. 1 day in a row."]
