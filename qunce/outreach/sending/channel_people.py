"""The members and groups that events of channels name; unknown ones are created."""

from __future__ import annotations

from datetime import datetime

from qunce.channels.inbox import IncomingEvent
from qunce.core.facts import interned_names
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.members.accounts import accounts, suppression
from qunce.members.accounts.models import Account


def ensure_account(
    event: IncomingEvent, at: datetime, *, field: str = "from"
) -> int | None:
    """The id of the account in `from`. A new one joined when the event happened.

    None for somebody who was erased; the event keeps nothing of them.
    """
    key = str(event.payload.get(field, ""))
    try:
        account_ids = accounts.ensure(
            community=event.community,
            keys={key: event.happened_at},
            by=staff_models.system(event.community),
            at=at,
            channel=event.channel,
        )
    except suppression.PersonErased:
        IncomingEvent.objects.filter(pk=event.pk).update(payload={})
        return None
    return account_ids[key]


def ensure_group(event: IncomingEvent, at: datetime) -> Group | None:
    """The group in `group`, None for an event outside of any group."""
    key = str(event.payload.get("group") or "")
    if not key:
        return None
    ids = groups.ensure(
        community=event.community,
        keys=[key],
        by=staff_models.system(event.community),
        at=at,
        platform=event.channel,
    )
    return Group.objects.select_related("community").get(pk=ids[key])


def rename(account: int, name: str, *, event: IncomingEvent, at: datetime) -> bool:
    """Give an account the name that it has on the channel now; False if it has it."""
    row = Account.objects.select_related("community").get(pk=account)
    if not name or row.name == name:
        return False
    by = staff_models.system(event.community)
    try:
        return bool(accounts.update(account=row, name=name, by=by, at=at))
    except accounts.InvalidAccount:
        # Names of the platform may have what cannot be stored.
        return False


def source_of(event: IncomingEvent) -> int:
    """The id of the name of the channel as a source of facts."""
    ids = interned_names.ensure("source", event.community_id, [event.channel])
    return ids[event.channel]
