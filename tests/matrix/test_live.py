"""A real server with its worker: how soon members notice that somebody looks after them.

The scenes print how long it took, and assert order, exactly-once and completion only: a
machine that does something else at the same time is no fault. `make matrix` plays them
with more members than `make test` does.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from qunce.channels.accounts import leases
from qunce.core.staff import api_keys
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.models import MassAction
from qunce.members.accounts.models import Account
from qunce.outreach.welcomes import welcomes
from tests import factories
from tests.matrix import live_server
from tests.matrix.live_server import happened_at, joined_at, redacted_at, wait_until
from tests.matrix.members import Member, RefusedError
from tests.matrix.site import Site, now
from tests.matrix.test_moderation import add_rule, direct_rooms
from tests.server_process import NO_CERTIFICATES

Register = Callable[..., list[Member]]
GOAL = 2.0
IS_FULL = bool(os.environ.get("QUNCE_MATRIX_FULL"))
NEWCOMERS, ADVERTS, RAIDERS, WAVE = (10, 10, 60, 10) if IS_FULL else (2, 2, 12, 3)
RAID_SECONDS = 20.0
WELCOME = "Welcome to the tea room."


@dataclass
class Live:
    """A site whose server runs, and the times that its scenes have measured."""

    site: Site
    url: str
    token: str
    second: str
    room: str
    raided: str
    owner: Member
    times: dict[str, list[float]] = field(default_factory=dict)

    def call(self, method: str, path: str, token: str) -> Any:
        """What the API of the running server answers to a member of staff."""
        reply = httpx.request(
            method,
            f"{self.url}/api/v1{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=live_server.SECONDS,
            verify=NO_CERTIFICATES,
        )
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def measured(self, what: str, seconds: float) -> None:
        self.times.setdefault(what, []).append(seconds)


@pytest.fixture
def live(
    site: Site, register: Register, record_property: Callable[[str, object], None]
) -> Iterator[Live]:
    (owner,) = register("owner")
    rooms = [site.open_room(owner, name=name) for name in ("Tea", "Raided")]
    add_rule(site)
    welcome = welcomes.create(
        community=site.community,
        name="Newcomers",
        text=WELCOME,
        is_for_others=True,
        staff=site.by,
        by=site.by,
        at=now(),
    )
    welcomes.switch_on(welcome=welcome, by=site.by, at=now())
    staff = (site.by, factories.staff(site.community, "manager", "ben"))
    token, second = (
        api_keys.create(
            name="live", scopes=api_keys.SCOPES, staff=each, by=site.by, at=now()
        )[1]
        for each in staff
    )
    moderation_settings.update(
        community=site.community,
        by=site.by,
        at=now(),
        max_per_minute=None,
        max_percent=None,
    )
    leases.release(site.account, site.lease)
    with live_server.running() as url:
        found = Live(site, url, token, second, rooms[0], rooms[1], owner)
        yield found
    for what, seconds in found.times.items():
        record_property("figure", f"{what}: {live_server.describe(seconds, GOAL)}")
    if path := os.environ.get("QUNCE_MATRIX_TIMES"):
        Path(path).write_text(json.dumps(found.times))


def test_live_server_welcomes_deletes_and_closes_the_door(
    live: Live, register: Register
) -> None:
    """A server with its worker: newcomers welcomed, adverts deleted, a raid turned away."""
    newcomers = register(*(f"new{number}" for number in range(NEWCOMERS)))
    for each in newcomers:
        join(live, each, live.room)
    for each in newcomers[:ADVERTS]:
        advertise(live, each)
    turn_away(live, register(*(f"raider{number}" for number in range(RAIDERS + 1))))
    (late,) = register("late")
    join(live, late, live.raided)
    assert not is_closed(live)


def join(live: Live, newcomer: Member, room: str) -> None:
    """Somebody joins and is welcomed, once."""
    newcomer.join(room)
    (message,) = wait_for_direct(live, newcomer, count=1)
    assert message["content"]["body"] == WELCOME
    joined = joined_at(live.owner.read(room), newcomer)
    live.measured("joined → welcomed", happened_at(message) - joined)


def advertise(live: Live, member: Member) -> None:
    """An advert is deleted, and then its author is warned, once."""
    sent = member.say(live.room, "cheap shoes here")
    _welcome, notice = wait_for_direct(live, member, count=2)
    (advert,) = [
        event for event in live.owner.read(live.room) if event["event_id"] == sent
    ]
    assert advert["content"] == {}
    written = happened_at(advert)
    assert written <= redacted_at(advert) <= happened_at(notice)
    live.measured("advert → deleted", redacted_at(advert) - written)
    live.measured("advert → author warned", happened_at(notice) - written)


def turn_away(live: Live, raiders: list[Member]) -> None:
    """A wave closes the door; who came with it is removed; staff open the door again."""
    site = live.site
    # On a slow machine it takes long until so many have joined.
    windows = [{"at_most": WAVE, "seconds": 3_600}]
    add_rule(site, check={"check": "join_waves", "options": {"windows": windows}})
    before = site.members(live.raided)
    raiding = {each.id for each in raiders}
    inside = []
    start = time.monotonic()
    *others, last = raiders
    for number, raider in enumerate(others):
        if IS_FULL:
            # A raid is no single moment.
            due = start + number * RAID_SECONDS / len(raiders)
            time.sleep(max(0.0, due - time.monotonic()))
        elif number > WAVE:
            wait_until(lambda: is_closed(live), "the door stays open")
        with contextlib.suppress(RefusedError):
            raider.join(live.raided)
            inside.append(raider)
    wait_until(lambda: is_closed(live), "the door stays open")
    with pytest.raises(RefusedError):
        last.join(live.raided)
    events = live.owner.read(live.raided)
    (closing,) = [event for event in events if event["type"] == "m.room.join_rules"][1:]
    # The first one who was too many.
    wave = joined_at(events, inside[WAVE])
    live.measured("raid → door closed", happened_at(closing) - wave)

    # Those who slipped in before the door was closed are judged after that.
    came = {event["state_key"] for event in events if event["sender"] in raiding}
    wait_until(lambda: came <= list_proposed(site), "not all raiders are found")
    (removal,) = live.call("GET", "/moderation/mass-actions", live.token)["items"]
    live.call("POST", f"/moderation/mass-actions/{removal['id']}/approve", live.second)
    wait_until(lambda: site.members(live.raided) == before, "raiders stay")
    group = site.group(live.raided)
    live.call("DELETE", f"/groups/{group.pk}/door", live.token)
    asked = time.time()
    wait_until(lambda: not is_closed(live), "the door stays closed")
    opening = [
        event
        for event in live.owner.read(live.raided)
        if event["type"] == "m.room.join_rules"
    ][-1]
    live.measured("asked for → door open", happened_at(opening) - asked)


def list_proposed(site: Site) -> set[str]:
    """The keys of those whose removal is proposed."""
    rows = MassAction.objects.filter(community=site.community)
    accounts = Account.objects.filter(pk__in=rows.get().accounts)
    return set(accounts.values_list("key", flat=True))


def is_closed(live: Live) -> bool:
    rule = live.owner.get_state(live.raided, "m.room.join_rules")
    return str(rule["join_rule"]) == "invite"


def wait_for_direct(live: Live, member: Member, *, count: int) -> list[dict[str, Any]]:
    """What our account wrote to a member directly, once it is so much."""
    room = ""

    def is_there() -> bool:
        nonlocal room
        if not room:
            room = next(iter(direct_rooms(member)), "")
            if room:
                member.join(room)
        return bool(room) and len(messages()) >= count

    def messages() -> list[dict[str, Any]]:
        return [
            event
            for event in member.read(room)
            if event["type"] == "m.room.message" and event["sender"] == live.site.bot.id
        ]

    wait_until(is_there, f"{member.id} was not written to")
    return messages()
