"""A community that is restored from a backup goes on with ids that it has used (X2)."""

from __future__ import annotations

from collections.abc import Callable

from qunce.channels.channel_contract import DeliveryStatus
from qunce.channels.channel_contract import Message as Sent
from qunce.core import epochs
from qunce.sets.mirror import lineage
from tests.matrix.members import Member
from tests.matrix.site import Site, now

Register = Callable[..., list[Member]]


def test_new_message_with_the_id_of_an_old_one_arrives_after_a_restore(
    site: Site, register: Register
) -> None:
    """Restored from a backup: a message with a used id arrives, and arrives once."""
    (owner,) = register("owner")
    room = site.open_room(owner)

    def send(text: str) -> None:
        message = Sent(key="7", to=room, text=text, is_group=True)
        (outcome,) = site.channel.send([message], at=now())
        assert outcome.status == DeliveryStatus.DELIVERED

    before = epochs.current()
    send("before the backup was restored")
    send("before the backup was restored")
    assert epochs.current() == before
    # What `qunce restore` calls, and what another cluster of PostgreSQL leads to.
    lineage.renew()
    assert epochs.current() != before
    send("after it")
    send("after it")
    assert owner.texts(room, by=site.bot.id) == [
        "before the backup was restored",
        "after it",
    ]
