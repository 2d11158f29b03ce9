"""Invitations of a channel's account into groups, which staff accept or refuse.

What a channel accepts automatically is in none of these lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.accounts import accounts, providers
from qunce.channels.accounts.accounts import ChannelChanged, ChannelFact
from qunce.channels.accounts.models import ChannelAccount
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff

ASKS_FIRST = "asks_first"
"""The setting by which no invitation into a group is accepted automatically."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(ChannelFact):
    """`room` is the channel's id of the group."""

    kind = "channel.invitation_accepted"
    label = gettext_lazy("invitation of a channel accepted")
    labels = {"room": gettext_lazy("group")}
    room: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class InvitationRefused(ChannelFact):
    kind = "channel.invitation_refused"
    label = gettext_lazy("invitation of a channel refused")
    labels = {"room": gettext_lazy("group")}
    room: str


class InvitationNotFound(errors.NotFound):
    """The invitation was taken back, or somebody has answered it."""


class InvitationNotAnswered(errors.Refused):
    """The platform did not take the answer; the message says why."""


@dataclass(frozen=True)
class Invitation:
    """`key` is the channel's id of the group, `inviter` that of who invites."""

    key: str
    name: str
    inviter: str


@runtime_checkable
class InvitedProvider(Protocol):
    """A provider whose accounts are invited into groups."""

    def list_invitations(self, account: ChannelAccount) -> list[Invitation]:
        """Those that wait for staff."""
        ...

    def answer_invitation(
        self, account: ChannelAccount, key: str, *, accepts: bool, at: datetime
    ) -> None:
        """Join the group, or decline. Raises InvitationNotAnswered or -NotFound."""
        ...


# Verbs


def accept(*, account: ChannelAccount, key: str, by: Staff, at: datetime) -> None:
    """Join the group; its messages are read and its members known from then on."""
    _answer(account, key, by, at, accepts=True)


def refuse(*, account: ChannelAccount, key: str, by: Staff, at: datetime) -> None:
    """Decline. Nobody keeps them from inviting again."""
    _answer(account, key, by, at, accepts=False)


def _answer(
    account: ChannelAccount, key: str, by: Staff, at: datetime, *, accepts: bool
) -> None:
    accounts.check_may(by, account)
    provider = providers.get(account.channel)
    waiting = {each.key for each in _list(account)}
    if key not in waiting or not isinstance(provider, InvitedProvider):
        raise InvitationNotFound(
            _("There is no such invitation. It was taken back or answered already.")
        )
    provider.answer_invitation(account, key, accepts=accepts, at=at)
    kind = InvitationAccepted if accepts else InvitationRefused
    fact = kind(channel=account.channel, room=key)
    with transaction.atomic():
        facts.record(fact, community=account.community, by=by, at=at)
        accounts.request_check(account)


@transaction.atomic
def ask_first(
    *, account: ChannelAccount, asks_first: bool, by: Staff, at: datetime
) -> None:
    """Set whether staff answer each invitation, whoever it comes from."""
    accounts.check_may(by, account)
    if bool(account.settings.get(ASKS_FIRST)) == asks_first:
        return
    account.settings = account.settings | {ASKS_FIRST: asks_first}
    account.save(update_fields=["settings"])
    fact = ChannelChanged(channel=account.channel, fields=[ASKS_FIRST])
    facts.record(fact, community=account.community, by=by, at=at)


# Reads


def list_of(account: ChannelAccount, *, by: Staff) -> Sequence[Invitation]:
    """The invitations that wait for staff."""
    accounts.check_may(by, account)
    return _list(account)


def _list(account: ChannelAccount) -> Sequence[Invitation]:
    provider = providers.get(account.channel)
    if not account.is_connected or not isinstance(provider, InvitedProvider):
        return []
    return provider.list_invitations(account)
