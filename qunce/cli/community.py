"""List communities, add one, or change its time zone and start of day"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core import communities
from qunce.core.communities import Community


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action")
    for name in ("list", "add", "clock"):
        each = actions.add_parser(name)
        if name != "list":
            each.add_argument("key", help=_("key used in commands"))
            each.add_argument("--timezone", help=_("such as Asia/Shanghai"))
            each.add_argument("--day-start", type=int, help=_("minutes after midnight"))
        if name == "add":
            each.add_argument("--name", default="", help=_("display name"))
            each.add_argument("--currency", default="CNY", help=_("currency of orders"))
            each.add_argument(
                "--language",
                choices=("zh-hans", "en"),
                default="zh-hans",
                help=_("language of output and of generated content"),
            )
        options.add_arguments(each)


def run(args: argparse.Namespace, out: Out) -> int:
    if args.action == "add":
        _answer(out, [_add(args)])
    elif args.action == "clock":
        _answer(out, [_set_clock(args)])
    else:
        _answer(out, list(Community.objects.order_by("key")))
    return 0


def _add(args: argparse.Namespace) -> Community:
    return communities.create(
        key=args.key,
        name=args.name,
        timezone=args.timezone or "Asia/Shanghai",
        day_start=args.day_start or 0,
        currency=args.currency,
        language=args.language,
        at=args.at,
    )


def _set_clock(args: argparse.Namespace) -> Community:
    community = communities.get(args.key)
    start = community.day_start if args.day_start is None else args.day_start
    communities.set_clock(
        community=community,
        timezone=args.timezone or community.timezone,
        day_start=start,
    )
    return community


def _answer(out: Out, found: list[Community]) -> None:
    out.answer({"communities": [_told(each) for each in found]})
    for each in found:
        clock = f"{each.timezone} {each.day_start // 60:02}:{each.day_start % 60:02}"
        out.line(f"{each.key:<20} {each.name}  {clock}  {each.currency}")


def _told(community: Community) -> dict[str, Any]:
    return {
        "key": community.key,
        "name": community.name,
        "timezone": community.timezone,
        "day_start": community.day_start,
        "currency": community.currency,
        "language": community.language,
        "created_at": community.created_at.isoformat(),
    }
