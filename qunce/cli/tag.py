"""Apply a tag to members as one batch that can be undone"""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import member_selection, options
from qunce.cli.output import Out
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags.models import Tag
from qunce.sets.mirror import deriver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tag", metavar="TAG", help=_("key or synonym of the tag"))
    member_selection.add_arguments(parser)
    parser.add_argument(
        "--depth", type=int, metavar="N", help=_("set exactly this depth")
    )
    parser.add_argument(
        "--expires", metavar="ISO", help=_("remove the tag automatically at this time")
    )
    parser.add_argument(
        "--new-in",
        metavar="GROUP",
        help=_("create the tag in this tag group if it does not exist"),
    )
    parser.add_argument("--note", default="", help=_("note saved with the batch"))


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    by = options.staff(args, community)
    if args.rule:
        deriver.catch_up(most=options.BEARABLE)
    tag = _tag(args, community, by)
    accounts = member_selection.chosen(args, community=community, by=by)
    about: dict[str, Any] = {"tag": tag, "by": by, "at": args.at, "note": args.note}
    about["expires_at"] = _expires(args, community)
    if args.depth is None:
        batch = assignments.apply(accounts=accounts, **about)
    else:
        batch = assignments.set_depths(depths=_depths(accounts, args.depth), **about)
    out.answer(
        {"batch": batch.pk, "members": len(accounts), "changed": batch.changed},
        _("Batch %(batch)s: the tag changed for %(changed)s of %(n)s members.")
        % {"batch": batch.pk, "changed": batch.changed, "n": len(accounts)},
    )
    return 0


def _tag(args: argparse.Namespace, community: Community, by: Staff) -> Tag:
    if not args.new_in:
        return library.get(community, args.tag)
    found = library.find(community, [args.tag])
    if args.tag in found:
        return found[args.tag]
    group = tag_groups.get_by_key(community, args.new_in)
    return library.create(
        community=community, key=args.tag, group=group, by=by, at=args.at
    )


def _expires(args: argparse.Namespace, community: Community) -> datetime | None:
    return options.moment(args.expires, community) if args.expires else None


def _depths(accounts: list[int], depth: int) -> dict[int, int]:
    """A person's depth is the sum over their accounts: the others carry none of it."""
    if depth < 0:
        raise options.BadUsage(_("The depth must be 0 or more."))
    people = account_queries.accounts_by_person(accounts)
    depths = {account: 0 for family in people.values() for account in family}
    return depths | dict.fromkeys(people, depth)
