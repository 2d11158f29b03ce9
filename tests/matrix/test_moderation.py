"""Rules that act on a real homeserver: adverts, strikes, appeals, raids (V4, V5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from qunce.channels.matrix.models import Room
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.models import Action, Case, CaseState, Mode, Rule
from qunce.groups.moderation.rules import rules, shadow_runs
from qunce.groups.moderation.staff_decisions import appeals
from qunce.members.accounts.models import Account
from qunce.members.people import staff_accounts
from tests import factories
from tests.matrix.members import SECONDS, Member, RefusedError
from tests.matrix.site import Site, now

Register = Callable[..., list[Member]]
WORDS = {"check": "keywords", "options": {"keywords": ["cheap shoes"]}}


def add_rule(site: Site, mode: Mode = Mode.ACT, check: Any = WORDS) -> Rule:
    rule = rules.create(
        community=site.community, name="Adverts", checks=[check], by=site.by, at=now()
    )
    shadow_runs.run(
        rule=rule, since=now() - timedelta(days=1), until=now(), by=site.by, at=now()
    )
    rules.set_mode(rule=rule, mode=mode, by=site.by, at=now())
    return rule


def moderate(site: Site) -> None:
    """What a worker does: receive, judge, act, tell."""
    site.receive()
    executor.run_due(at=now())
    site.react()
    site.send()


def direct_texts(site: Site, member: Member) -> list[str]:
    """What our account wrote to a member directly."""
    for room in member.list_invites():
        member.join(room)
    rooms = direct_rooms(member)
    return [text for room in rooms for text in member.texts(room, by=site.bot.id)]


def direct_rooms(member: Member) -> list[str]:
    rows = Room.objects.filter(is_direct=True, direct_user=member.id)
    return list(rows.order_by("pk").values_list("room_id", flat=True))


def test_advert_is_seen_in_observe_mode_and_deleted_in_act_mode(
    site: Site, register: Register
) -> None:
    """An advert: first observed with its evidence, then deleted and its author warned."""
    owner, eve = register("owner", "eve")
    room = site.open_room(owner, eve, name="Tea")
    rule = add_rule(site, Mode.OBSERVE)
    seen = eve.say(room, "c h e a p shoes here")
    moderate(site)
    case = Case.objects.get()
    assert (case.state, case.message_key, case.rung) == ("observed", seen, "delete")
    assert case.findings[0]["evidence"][0]["matched"] == "c h e a p shoes"
    assert owner.texts(room, by=eve.id) == ["c h e a p shoes here"]

    rules.set_mode(rule=rule, mode="act", by=site.by, at=now())
    eve.say(room, "cheap shoes again")
    moderate(site)
    assert owner.texts(room, by=eve.id) == ["c h e a p shoes here"]
    (notice,) = direct_texts(site, eve)
    assert "2" in notice and "Adverts" in notice


def test_third_strike_mutes_until_the_appeal_is_heard(
    site: Site, register: Register
) -> None:
    """The third advert mutes; an appeal by direct message is answered, and it is undone."""
    owner, eve = register("owner", "eve")
    room = site.open_room(owner, eve, name="Tea")
    add_rule(site)
    for number in range(3):
        eve.say(room, f"cheap shoes {number}")
    moderate(site)
    assert owner.texts(room, by=eve.id) == []
    with pytest.raises(RefusedError):
        eve.say(room, "muted?")
    assert len(direct_texts(site, eve)) == 3

    last = Case.objects.order_by("-number")[0]
    eve.say(direct_rooms(eve)[0], f"appeal {last.number} I sell no shoes")
    moderate(site)
    (appeal,) = appeals.list_open(site.by, now())
    assert appeal.case_id == last.pk
    second = factories.staff(site.community, "manager", "ben")
    appeals.answer(appeal=appeal, overturn=True, answer="Sorry.", by=second, at=now())
    moderate(site)
    moderate(site)

    last.refresh_from_db()
    assert last.state == CaseState.UNDONE
    eve.say(room, "thank you")
    assert owner.texts(room, by=eve.id) == ["thank you"]
    assert any("Sorry." in text for text in direct_texts(site, eve))


def test_raid_is_turned_away_and_the_door_opens_again(
    site: Site, register: Register
) -> None:
    """A raid of 60: a wave closes the door, later ones stay outside, then it opens."""
    owner, ann = register("owner", "ann")
    room = site.open_room(owner, ann, name="Tea")
    raiders = register(*(f"raider{number}" for number in range(60)))
    # On a slow machine it takes long until so many have joined.
    windows = [{"at_most": 10, "seconds": 3_600}]
    add_rule(site, check={"check": "join_waves", "options": {"windows": windows}})
    refused = 0
    for start in range(0, 60, 6):
        joins = [each.start("join", room=room) for each in raiders[start : start + 6]]
        for join in joins:
            try:
                join.result(SECONDS)
            except RefusedError:
                refused += 1
        moderate(site)

    assert refused >= 42
    assert len(site.members(room)) == 2 + 60 - refused
    group = site.group(room)
    assert doors.find_closed(group) is not None
    doors.open_now(group=group, by=site.by, at=now())
    moderate(site)
    (late,) = register("late")
    late.join(room)
    assert doors.find_closed(group) is None


def test_strong_people_and_staff_are_left_alone(site: Site, register: Register) -> None:
    """Our own account, the room's owner and staff write what they like."""
    owner, anna, eve = register("owner", "anna", "eve")
    room = site.open_room(owner, anna, eve, name="Tea")
    add_rule(site)
    moderation_settings.update(
        community=site.community, by=site.by, at=now(), sends_notices=False
    )
    staff_accounts.mark(
        accounts=[Account.objects.get(key=anna.id).pk], by=site.by, at=now()
    )
    owner.say(room, "no cheap shoes here")
    anna.say(room, "cheap shoes are against the rules")
    eve.say(room, "cheap shoes")
    moderate(site)

    assert len(owner.texts(room, by=anna.id)) == 1
    assert len(owner.texts(room, by=owner.id)) == 1
    assert owner.texts(room, by=eve.id) == []
    assert not Action.objects.filter(state="done", member=anna.id).exists()
    assert not Case.objects.filter(author_name__startswith="anna").exists()
