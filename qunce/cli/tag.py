"""Put a tag on members, as one batch that can be undone"""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import given, readers
from qunce.cli.output import Out
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import roster, tagging, tags
from qunce.members.tags import Tag
from qunce.sets import tail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tag", metavar="TAG", help=_("its key or a synonym"))
    readers.add_arguments(parser)
    parser.add_argument("--depth", type=int, metavar="N", help=_("exactly so deep"))
    parser.add_argument("--expires", metavar="ISO", help=_("taken off by itself then"))
    parser.add_argument(
        "--new-in", metavar="GROUP", help=_("make the tag in this tag group, if new")
    )
    parser.add_argument("--note", default="", help=_("kept with the batch"))


def run(args: argparse.Namespace, out: Out) -> int:
    community = given.community(args)
    by = given.operator(args, community)
    if args.rule:
        tail.catch_up(most=given.BEARABLE)
    tag = _tag(args, community, by)
    accounts = readers.chosen(args, community=community, by=by)
    about: dict[str, Any] = {"tag": tag, "by": by, "at": args.at, "note": args.note}
    about["expires_at"] = _expires(args, community)
    if args.depth is None:
        batch = tagging.put(accounts=accounts, **about)
    else:
        batch = tagging.set_depths(depths=_depths(accounts, args.depth), **about)
    out.answer(
        {"batch": batch.pk, "members": len(accounts), "changed": batch.changed},
        _("Batch %(batch)s: %(changed)s of %(n)s taggings changed.")
        % {"batch": batch.pk, "changed": batch.changed, "n": len(accounts)},
    )
    return 0


def _tag(args: argparse.Namespace, community: Community, by: Operator) -> Tag:
    if not args.new_in:
        return tags.get(community, args.tag)
    found = tags.find(community, [args.tag])
    if args.tag in found:
        return found[args.tag]
    group = tags.get_group(community, args.new_in)
    return tags.create(
        community=community, key=args.tag, group=group, by=by, at=args.at
    )


def _expires(args: argparse.Namespace, community: Community) -> datetime | None:
    return given.moment(args.expires, community) if args.expires else None


def _depths(accounts: list[int], depth: int) -> dict[int, int]:
    """A person's depth is the sum over their accounts: the others carry none of it."""
    if depth < 0:
        raise given.BadUsage(_("A depth is 0 or more."))
    people = roster.people_of(accounts)
    depths = {account: 0 for family in people.values() for account in family}
    return depths | dict.fromkeys(people, depth)
