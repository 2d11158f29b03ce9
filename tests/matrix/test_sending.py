"""Messages that reach rooms and members of a real homeserver exactly once (X2, S3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from qunce.channels.channel_contract import DeliveryStatus, Message
from qunce.channels.matrix.models import Room
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.playbooks import lifecycle, playbooks, polling
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.sending import channel_sending, ledger
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.sets import audiences
from tests import factories, synapse
from tests.matrix import members
from tests.matrix.members import Member, People
from tests.matrix.site import Site, now
from tests.synapse import Synapse

Register = Callable[..., list[Member]]
OPTED_OUT = {"opted_out": {"of": "messages"}}


class WorkerKilled(BaseException):
    """Stands for the death of the process between a send and its record."""


def message(key: str, to: str, *, is_group: bool = True) -> Message:
    return Message(key=key, to=to, text=f"text {key}", is_group=is_group)


def test_same_key_arrives_once(site: Site, register: Register) -> None:
    """The same message twice, in a room and to a member, arrives once."""
    owner, bob = register("owner", "bob")
    room = site.open_room(owner)
    batch = [message("k1", room), message("k2", bob.id, is_group=False)]
    outcomes = [site.channel.send(batch, at=now()) for _attempt in range(2)]
    assert outcomes[0] == outcomes[1]
    assert {each.status for each in outcomes[0]} == {DeliveryStatus.DELIVERED}
    assert owner.texts(room, by=site.bot.id) == ["text k1"]
    (direct,) = bob.list_invites()
    bob.join(direct)
    assert bob.texts(direct, by=site.bot.id) == ["text k2"]
    site.receive()
    # A direct room is no group, and our account no member.
    assert site.members(room) == [owner.id]
    assert Room.objects.get(room_id=direct).is_direct


def test_room_of_direct_messages_is_found_after_a_crash(
    site: Site, register: Register
) -> None:
    """A process that died after it had created a direct room finds it again."""
    (bob,) = register("bob")
    site.channel.send([message("k1", bob.id, is_group=False)], at=now())
    Room.objects.all().delete()
    site.channel.send([message("k2", bob.id, is_group=False)], at=now())
    (direct,) = bob.list_invites()
    bob.join(direct)
    assert bob.texts(direct) == ["text k1", "text k2"]
    # Somebody who has left is not invited again.
    bob.leave(direct)
    site.receive()
    (outcome,) = site.channel.send([message("k3", bob.id, is_group=False)], at=now())
    assert (outcome.reason, outcome.is_permanent_failure) == ("blocked", True)
    assert bob.list_invites() == []


def group_campaign(site: Site, rooms: list[str], text: str) -> Campaign:
    groups = [site.group(room).pk for room in rooms]
    campaign = factories.campaign(
        site.by, target="groups", groups=groups, channel="matrix", staff=[], text=text
    )
    launch.start(campaign=campaign, by=site.by, at=now())
    return campaign


def test_campaign_arrives_once_although_the_worker_was_killed(
    site: Site, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign to two rooms, its worker killed after sending: read once in each."""
    (owner,) = register("owner")
    rooms = [site.open_room(owner) for _number in range(2)]
    campaign = group_campaign(site, rooms, "Tea at four")
    with monkeypatch.context() as patch:
        patch.setattr(ChannelQueue, "record_outcomes", _die)
        with pytest.raises(WorkerKilled):
            channel_sending.send_due(at=now())
    later = now() + timedelta(hours=1)
    assert channel_sending.send_due(at=later) == 2
    for room in rooms:
        assert owner.texts(room, by=site.bot.id) == ["Tea at four"]
    rows = ledger.list_of(ledger.Origin.CAMPAIGN, campaign.pk)
    assert {row.state for row in rows} == {"delivered"}
    events = {event["event_id"] for room in rooms for event in owner.read(room)}
    assert {row.channel_message_id for row in rows} <= events


def test_playbooks_arrive_once_in_rooms_and_with_members(
    site: Site, register: Register
) -> None:
    """Playbooks write to a room that has grown and to who joins: once, read back."""
    owner, bob, cat = register("owner", "bob", "cat")
    rooms = [site.open_room(owner) for _number in range(2)]
    grown = {"for": "group", "entry": {"on": "size", "members": 2}}
    playbook(site, grown, "We are two")
    playbook(
        site, {"entry": {"on": "fact", "fact": "group.joined"}}, "Nice to meet you"
    )
    bob.join(rooms[0])
    cat.join(rooms[1])
    for _round in range(3):
        site.step()
        polling.poll_all(at=now())
        site.step()
    for room in rooms:
        assert owner.texts(room, by=site.bot.id) == ["We are two"]
    for member in (bob, cat):
        (direct,) = member.list_invites()
        member.join(direct)
        assert member.texts(direct, by=site.bot.id) == ["Nice to meet you"]


def playbook(site: Site, definition: dict[str, Any], text: str) -> None:
    step = {"id": "a", "kind": "send", "text": text, "channel": "matrix"}
    created = playbooks.create(
        community=site.community,
        name=text,
        definition={**definition, "steps": [{**step, "purpose": "service"}]},
        by=site.by,
        at=now(),
    )
    lifecycle.switch_on(playbook=created, choice=Choice(), by=site.by, at=now())


def _die(*_args: Any, **_named: Any) -> None:
    raise WorkerKilled


def test_opt_out_in_a_direct_chat(site: Site, register: Register) -> None:
    """A member writes 退订 in a direct chat: opted out, and answered once."""
    owner, bob = register("owner", "bob")
    room = site.open_room(owner, bob)
    bob.say(room, "退订")
    direct = bob.create_room(is_public=False, is_direct=True, invite=[site.bot.id])
    site.receive()
    opted_out = audiences.list_ids(
        community=site.community, rule=OPTED_OUT, by=site.by, at=now(), limit=10
    )
    assert opted_out == []
    bob.say(direct, " 退订。")
    bob.say(direct, "TD")
    site.step()
    site.step()
    account = factories.account_ids(site.community, (bob.id,))[0]
    assert opt_outs.among({account: [account]}) == {account}
    assert len(bob.texts(direct, by=site.bot.id)) == 1
    assert [fact["source"] for fact in site.facts("member.opted_out")] == ["matrix"]


@pytest.fixture(scope="module")
def limited() -> Iterator[tuple[Synapse, People]]:
    """A homeserver that limits messages as a new one does, and its people."""
    with (
        synapse.server(synapse.DEFAULT_MESSAGE_LIMIT) as server,
        members.driver(server) as people,
    ):
        yield server, people


def test_limits_of_the_server_are_honoured(
    transactional_db: None, limited: tuple[Synapse, People], settings: Settings
) -> None:
    """The server refuses with 429: messages wait as long as it asks, and none is lost."""
    settings.ALLOW_PRIVATE_HOMESERVERS = True
    site = Site.create(*limited, "bot")
    (owner,) = site.people.register("owner")
    rooms = [site.open_room(owner, level=0) for _number in range(3)]
    batch = [message(f"k{number}", rooms[number % 3]) for number in range(16)]
    outcomes = site.channel.send(batch, at=now())
    sent = [each for each in outcomes if each.status == DeliveryStatus.DELIVERED]
    waiting = [each for each in outcomes if each.retry_after is not None]
    assert len(sent) + len(waiting) == 16
    assert sent
    assert waiting
    assert {each.reason for each in waiting} == {"rate_limited"}
    assert not any(each.is_attempt for each in waiting)
    waits = [each.retry_after for each in waiting]
    assert len(set(waits)) == len(waits)  # with jitter
    arrived = [text for room in rooms for text in owner.texts(room, by=site.bot.id)]
    assert len(arrived) == len(sent)
    # An administrator lifts the limit, as the guide says; then the rest arrives.
    admin = site.server.register("admin", is_admin=True)
    site.server.lift_limits(admin, site.bot)
    assert {each.status for each in site.channel.send(batch, at=now())} == {
        DeliveryStatus.DELIVERED
    }
    arrived = [text for room in rooms for text in owner.texts(room, by=site.bot.id)]
    assert sorted(arrived) == sorted(each.text for each in batch)
