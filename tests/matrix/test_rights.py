"""Rights that are lost while everything runs, on a real homeserver (X2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qunce.channels.accounts import polling
from qunce.channels.accounts.receiving import AccountRefused
from qunce.channels.channel_contract import ActionKind
from qunce.groups.moderation.models import Action, ActionState
from qunce.members.accounts.models import Account
from qunce.members.people import people, person_export
from qunce.outreach.tasks.staff_tasks import StaffTask
from qunce.queued_jobs import JOBS
from tests.matrix.members import Member, RefusedError
from tests.matrix.site import Site, now
from tests.matrix.test_moderation import add_rule, moderate

Register = Callable[..., list[Member]]


def test_account_that_lost_its_rights_leaves_it_to_staff(
    site: Site, register: Register
) -> None:
    """The account loses its rights in a room: staff get the task, and then it goes on."""
    owner, eve = register("owner", "eve")
    room = site.open_room(owner, eve, name="Tea")
    add_rule(site)
    name = site.bot.id[1:].partition(":")[0]
    owner.give_levels(room, **{name: 0})
    eve.say(room, "cheap shoes")
    moderate(site)
    assert owner.texts(room, by=eve.id) == ["cheap shoes"]
    action = Action.objects.get()
    assert (action.state, action.result) == (ActionState.WITH_STAFF, "no_right")
    assert StaffTask.objects.exists()
    assert "rights_missing" in site.problems()

    owner.give_levels(room, **{name: 100})
    eve.say(room, "cheap shoes again")
    moderate(site)
    assert owner.texts(room, by=eve.id) == ["cheap shoes"]
    assert "rights_missing" not in site.problems()


def test_token_that_is_revoked_while_it_is_used(site: Site, register: Register) -> None:
    """The token is revoked: nothing is lost, and the page says what to do."""
    owner, eve = register("owner", "eve")
    room = site.open_room(owner, eve, name="Tea")
    add_rule(site)
    eve.say(room, "cheap shoes")
    site.receive()
    with site.connected() as connection:
        connection.call("POST", "/_matrix/client/v3/logout", body={})
    with pytest.raises(AccountRefused):
        site.sync()
    site.react()
    site.run_actions()
    assert Action.objects.get().state == ActionState.PENDING
    polling.poll_all(at=now())
    assert site.problems() == ["token_invalid"]


def test_erased_member_is_unmuted_and_forgotten(site: Site, register: Register) -> None:
    """A muted member is erased: they may write again, and no room remembers them."""
    owner, bob = register("owner", "bob")
    room = site.open_room(owner, bob, name="Tea")
    assert site.act(ActionKind.MUTE, room, bob.id).reason == ""
    with pytest.raises(RefusedError):
        bob.say(room, "muted?")
    account = Account.objects.get(key=bob.id)
    data = person_export.export(account=account.pk, by=site.by, at=now())
    (record,) = data.sections["channel_records"]
    assert (record["user"], record["muted_in"]) == (bob.id, "Tea")

    people.erase(account=account, by=site.by, at=now())
    site.react()
    JOBS["members.scrub"].run(str(account.pk), at=now())
    row = site.account.matrix_rooms.get(room_id=room)
    assert bob.id not in str(row.muted)
    polling.poll_all(at=now())
    row.refresh_from_db()
    assert row.muted == {}
    bob.say(room, "thank you")
    assert owner.texts(room, by=bob.id) == ["thank you"]
