"""What the pages of channels show of an account: its state, problems and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.channels import channel_contract
from qunce.channels.accounts import (
    accounts,
    invitations,
    member_sign_in,
    missed_messages,
    providers,
)
from qunce.channels.accounts.invitations import Invitation
from qunce.channels.accounts.models import ChannelAccount, MissedMessages
from qunce.channels.accounts.providers import Explanation
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.groups.groups import Group

MAX_GROUPS = 50


@dataclass(frozen=True)
class ChannelRow:
    """A channel that needs an account, and the connected account, if any."""

    name: str
    label: StrOrPromise
    account: ChannelAccount | None
    state: str
    is_well: bool


@dataclass(frozen=True)
class ChannelPage:
    row: ChannelRow
    account: ChannelAccount
    problems: Sequence[Explanation]
    hints: Sequence[Explanation]
    missed: Sequence[MissedMessages]
    invitations: Sequence[Invitation]
    can_be_invited: bool
    groups: Sequence[Group]
    group_count: int
    per_minute: int | None
    can_sign_in: bool
    frame_origins: Sequence[str]


def list_rows(by: Staff, at: datetime) -> list[ChannelRow]:
    connected = {account.channel: account for account in accounts.list_accounts(by)}
    return [
        present_row(name, connected.get(name), at) for name in providers.list_channels()
    ]


def present_row(name: str, account: ChannelAccount | None, at: datetime) -> ChannelRow:
    label = channel_contract.get(name).label
    if account is None:
        return ChannelRow(name, label, None, _("not connected"), is_well=False)
    state, is_well = _state(account, at)
    return ChannelRow(name, label, account, state, is_well=is_well)


def _state(account: ChannelAccount, at: datetime) -> tuple[str, bool]:
    if accounts.is_blocked(account):
        return _("refused by the server"), False
    if accounts.is_silent(account, at):
        return _("out of reach"), False
    if accounts.has_problems(account):
        return _("connected, with problems"), False
    return _("connected"), True


def present_page(account: ChannelAccount, by: Staff, at: datetime) -> ChannelPage:
    explained = accounts.explain(account)
    groups = visibility.list_visible(by).filter(platform=account.channel)
    return ChannelPage(
        row=present_row(account.channel, account, at),
        account=account,
        problems=[each for problem, each in explained if not problem.is_hint],
        hints=[each for problem, each in explained if problem.is_hint],
        missed=list(
            missed_messages.list_open(by).filter(account=account)[
                : missed_messages.MAX_LISTED
            ]
        ),
        invitations=invitations.list_of(account, by=by),
        can_be_invited=isinstance(
            providers.get(account.channel), invitations.InvitedProvider
        ),
        groups=list(groups.order_by("name", "pk")[:MAX_GROUPS]),
        group_count=groups.count(),
        per_minute=account.settings.get("per_minute"),
        can_sign_in=member_sign_in.find_provider(account.channel) is not None,
        frame_origins=member_sign_in.origins_of(account),
    )
