"""What the pages of channels show of an account: its state, problems and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts, providers
from qunce.channels.accounts.models import ChannelAccount
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
    explanations: Sequence[Explanation]
    groups: Sequence[Group]
    group_count: int
    per_minute: int | None


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
    if any(problem.get("is_blocking") for problem in account.problems):
        return _("refused by the server"), False
    if accounts.is_silent(account, at):
        return _("out of reach"), False
    if account.problems:
        return _("connected, with problems"), False
    return _("connected"), True


def present_page(account: ChannelAccount, by: Staff, at: datetime) -> ChannelPage:
    groups = visibility.list_visible(by).filter(platform=account.channel)
    return ChannelPage(
        row=present_row(account.channel, account, at),
        account=account,
        explanations=[each for _problem, each in accounts.explain(account)],
        groups=list(groups.order_by("name", "pk")[:MAX_GROUPS]),
        group_count=groups.count(),
        per_minute=account.settings.get("per_minute"),
    )
