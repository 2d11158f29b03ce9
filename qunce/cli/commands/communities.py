"""`qunce communities`: the communities of this installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities as community_store
from qunce.core import permissions
from qunce.core.communities import Community

KEY_HELP = N_("key used in commands")
TIMEZONE_HELP = N_("such as Asia/Shanghai")
REGION_HELP = N_("country of phone numbers without a country code, such as CN")
DAY_START_HELP = N_("minutes after midnight")

communities = base.Group("communities")


@communities.command("list", help=N_("List all communities"))
@options.pass_invocation
def list_communities(invocation: Invocation) -> None:
    _answer(invocation, Community.objects.order_by("key"))


@communities.command("add", help=N_("Add a community"))
@base.argument("key", help=KEY_HELP)
@base.option("--name", default="", help=N_("display name"))
@base.option("--timezone", default="Asia/Shanghai", help=TIMEZONE_HELP)
@base.option("--day-start", type=int, default=0, help=DAY_START_HELP)
@base.option("--currency", default="CNY", help=N_("currency of orders"))
@base.option(
    "--language",
    type=click.Choice(["zh-hans", "en"]),
    default="zh-hans",
    help=N_("language of output and of generated content"),
)
@base.option("--region", default="CN", help=REGION_HELP)
@options.pass_invocation
def add(invocation: Invocation, timezone: str, **fields: Any) -> None:
    _check_may_manage(invocation)
    # Its own time zone is the one in which --at is read.
    invocation.timezone = timezone
    community = community_store.create(timezone=timezone, at=invocation.at, **fields)
    _answer(invocation, [community])


@communities.command(
    "edit", help=N_("Change the clock of a community, or how it reads identifiers")
)
@base.argument("key", help=KEY_HELP)
@base.option("--timezone", help=TIMEZONE_HELP)
@base.option("--day-start", type=int, help=DAY_START_HELP)
@base.option("--region", help=REGION_HELP)
@base.option(
    "--shared-identifier-limit",
    "limit",
    type=int,
    help=N_("a phone under more names than these merges nobody"),
)
@options.pass_invocation
def edit(
    invocation: Invocation,
    key: str,
    timezone: str | None,
    day_start: int | None,
    region: str | None,
    limit: int | None,
) -> None:
    _check_may_manage(invocation)
    community = community_store.get(key)
    if timezone is not None or day_start is not None:
        community_store.set_clock(
            community=community,
            timezone=timezone or community.timezone,
            day_start=community.day_start if day_start is None else day_start,
        )
    if region is not None or limit is not None:
        community_store.set_identity(
            community=community,
            region=region or community.region,
            shared_identifier_limit=(
                community.shared_identifier_limit if limit is None else limit
            ),
        )
    _answer(invocation, [community])


def _check_may_manage(invocation: Invocation) -> None:
    # Without --as there may be no community yet to which a staff member belongs.
    if invocation.is_by_staff:
        permissions.check_may(invocation.by, permissions.MANAGE_COMMUNITIES)


def _answer(invocation: Invocation, found: Sequence[Community] | Any) -> None:
    rows: list[dict[str, Any]] = [
        {
            "key": community.key,
            "name": community.name,
            "timezone": community.timezone,
            "day_start": community.day_start,
            "currency": community.currency,
            "language": community.language,
            "region": community.region,
            "shared_identifier_limit": community.shared_identifier_limit,
            "created_at": community.created_at.isoformat(),
        }
        for community in found
    ]
    invocation.out.answer({"communities": rows})
    for row in rows:
        hour, minute = divmod(row["day_start"], 60)
        clock = f"{row['timezone']} {hour:02}:{minute:02}"
        invocation.out.line(
            f"{row['key']:<20} {row['name']}  {clock}  {row['currency']}"
        )
