"""`qunce channels`: the accounts with which a community sends and receives automatically."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.channels.accounts import accounts, member_sign_in
from qunce.channels.accounts.models import ChannelAccount
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.personal_links import portal_settings

CHANNEL_HELP = N_("name of the channel, such as matrix")

channels = base.Group("channels")


def _to_json(account: ChannelAccount) -> dict[str, Any]:
    return {
        "channel": account.channel,
        "address": account.address,
        "user": account.user,
        "per_minute": account.settings.get("per_minute"),
        "frame_origins": member_sign_in.origins_of(account),
        "received_at": account.received_at.isoformat() if account.received_at else None,
        "checked_at": account.checked_at.isoformat() if account.checked_at else None,
        "problems": [
            {
                "code": problem.code,
                "problem": explanation.problem,
                "remedy": explanation.remedy,
            }
            for problem, explanation in accounts.explain(account)
        ],
    }


def _answer(invocation: Invocation, account: ChannelAccount) -> None:
    content = _to_json(account)
    text = _("%(channel)s: %(user)s at %(address)s.") % content
    lines = [f"- {each['problem']} {each['remedy']}" for each in content["problems"]]
    invocation.out.answer(content, text, *lines)


@channels.command("list", help=N_("List the connected channels and their problems"))
@options.pass_invocation
def list_channels(invocation: Invocation) -> None:
    rows = [_to_json(account) for account in accounts.list_accounts(invocation.by)]
    invocation.out.write_list(
        "channels",
        rows,
        lambda row: f"{row['channel']}  {row['user']}  {len(row['problems'])}",
    )


@channels.command("connect", help=N_("Connect an account of a channel and check it"))
@base.argument("channel", help=CHANNEL_HELP)
@base.option("--homeserver", "address", required=True, help=N_("address of the server"))
@base.option(
    "--token-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("file with the access token; - reads it from the input"),
)
@base.option(
    "--per-minute", type=int, help=N_("most messages a minute; no limit without it")
)
@options.pass_invocation
def connect(
    invocation: Invocation,
    channel: str,
    address: str,
    token_file: Path,
    per_minute: int | None,
) -> None:
    # In a file, as every process of the machine sees the words of a command.
    with click.open_file(str(token_file)) as content:
        secret = content.read(accounts.MAX_SECRET_LENGTH + 1)
    account = accounts.connect(
        channel=channel,
        address=address,
        secret=secret,
        per_minute=per_minute,
        **invocation.query_args,
    )
    _answer(invocation, account)


@channels.command("check", help=N_("Check now what an account may do"))
@base.argument("channel", help=CHANNEL_HELP)
@options.pass_invocation
def check(invocation: Invocation, channel: str) -> None:
    account = accounts.get(channel=channel, by=invocation.by)
    accounts.check(account=account, **invocation.verb_args)
    _answer(invocation, account)


@channels.command("limit", help=N_("Set how many messages a minute are sent at most"))
@base.argument("channel", help=CHANNEL_HELP)
@base.option(
    "--per-minute", type=int, help=N_("most messages a minute; no limit without it")
)
@options.pass_invocation
def limit(invocation: Invocation, channel: str, per_minute: int | None) -> None:
    account = accounts.get(channel=channel, by=invocation.by)
    accounts.change_limit(
        account=account, per_minute=per_minute, **invocation.verb_args
    )
    _answer(invocation, account)


@channels.command(
    "widget",
    help=N_("Set which apps show member pages in a frame, and print its address"),
)
@base.argument("channel", help=CHANNEL_HELP)
@base.option(
    "--origin",
    "origins",
    multiple=True,
    help=N_("origin of an app, such as https://app.element.io; none without it"),
)
@options.pass_invocation
def widget(invocation: Invocation, channel: str, origins: tuple[str, ...]) -> None:
    account = accounts.get(channel=channel, by=invocation.by)
    member_sign_in.allow_frames(
        account=account, origins=origins, **invocation.verb_args
    )
    address = portal_settings.widget_address(account.community, channel)
    stored = member_sign_in.origins_of(account)
    content = {"frame_origins": stored, "widget_address": address}
    if stored:
        text = _("Members sign in at %(address)s in %(apps)s.")
        text %= {"address": address, "apps": ", ".join(stored)}
    else:
        text = _("No app shows member pages in a frame.")
    invocation.out.answer(content, text)


@channels.command("disconnect", help=N_("Forget the token; what was received stays"))
@base.argument("channel", help=CHANNEL_HELP)
@options.pass_invocation
def disconnect(invocation: Invocation, channel: str) -> None:
    account = accounts.get(channel=channel, by=invocation.by)
    accounts.disconnect(account=account, **invocation.verb_args)
    text = _("%(channel)s is disconnected.") % {"channel": channel}
    invocation.out.answer({"channel": channel}, text)
