"""`qunce communities`: the communities of this installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from qunce import community_settings
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities as community_store
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import identity_settings

KEY_HELP = N_("key used in commands")
TIMEZONE_HELP = N_("such as Asia/Shanghai")
REGION_HELP = N_("country of phone numbers without a country code, such as CN")
LANGUAGE_HELP = N_("language of output and of generated content")
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
    help=LANGUAGE_HELP,
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
    "edit", help=N_("Change a community, after saying what the change brings about")
)
@base.argument("key", help=KEY_HELP)
@base.option("--name", help=N_("display name"))
@base.option("--timezone", help=TIMEZONE_HELP)
@base.option("--day-start", type=int, help=DAY_START_HELP)
@base.option("--currency", help=N_("currency of orders"))
@base.option("--language", type=click.Choice(["zh-hans", "en"]), help=LANGUAGE_HELP)
@base.option("--region", help=REGION_HELP)
@base.option(
    "--shared-identifier-limit",
    "limit",
    type=int,
    help=N_("a phone under more names than these merges nobody"),
)
@options.pass_invocation
def edit(invocation: Invocation, key: str, limit: int | None, **given: Any) -> None:
    _check_may_manage(invocation)
    community = community_store.get(key)
    by = invocation.by if invocation.is_by_staff else staff_models.system(community)
    changes = {name: value for name, value in given.items() if value is not None}
    consequences = community_settings.list_consequences(
        community=community, changes=changes, at=invocation.at
    )
    community_settings.update(community=community, by=by, at=invocation.at, **changes)
    community.refresh_from_db()
    if limit is not None:
        identity_settings.update(
            community=community,
            region=community.region,
            shared_identifier_limit=limit,
            by=by,
            at=invocation.at,
        )
    _answer(invocation, [community])
    for sentence in consequences:
        invocation.out.line(sentence)


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
