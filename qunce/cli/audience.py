"""Count, list or explain the members of an audience, or compare two audiences"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import time
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import member_selection, options, output
from qunce.cli.output import Out
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences
from qunce.sets.mirror import deriver

MARK = {True: "✓", False: "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    rule = _("a rule as JSON, @file, or segment:KEY")
    for name in ("count", "list", "explain"):
        each = actions.add_parser(name)
        each.add_argument("rule", help=rule)
        if name == "list":
            each.add_argument(
                "--limit", type=int, help=_("maximum number of members to list")
            )
            each.add_argument(
                "--after", metavar="KEY", help=_("continue after this member")
            )
        if name == "explain":
            each.add_argument(
                "--member",
                metavar="KEY",
                required=True,
                help=_("the member to explain"),
            )
        options.add_arguments(each)
    overlap = actions.add_parser("overlap")
    overlap.add_argument("left", help=rule)
    overlap.add_argument("right", help=rule)
    options.add_arguments(overlap)


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    by = options.staff(args, community)
    deriver.catch_up(most=options.BEARABLE)
    asked = {"community": community, "by": by, "at": args.at}
    action = {"count": _count, "list": _list, "explain": _explain, "overlap": _overlap}
    action[args.action](args, out, asked)
    return 0


def _count(args: argparse.Namespace, out: Out, asked: dict[str, Any]) -> None:
    rule = options.rule(args.rule)
    start = time.perf_counter()
    count = audiences.count(rule=rule, **asked)
    took = round((time.perf_counter() - start) * 1000, 2)
    out.answer({"count": count, "took_ms": took}, f"{count:,}")


def _list(args: argparse.Namespace, out: Out, asked: dict[str, Any]) -> None:
    """Written page by page, so a million keys need no memory."""
    after, left = _start(args, asked), args.limit
    pages = member_selection.pages_of(after, rule=options.rule(args.rule), **asked)
    # What is wrong with the rule has to show before anything is written.
    first = next(pages, [])
    if out.as_json:
        out.write('{"keys": [')
    comma = ""
    for page in itertools.chain([first], pages):
        some = page if left is None else page[:left]
        keys = account_queries.keys_by_id(asked["community"], some)
        comma = _write_keys([keys[each] for each in some], out, comma)
        left = None if left is None else left - len(some)
        if left == 0:
            break
    if out.as_json:
        out.write("]}\n")


def _start(args: argparse.Namespace, asked: dict[str, Any]) -> int:
    if not args.after:
        return 0
    return account_queries.person_ids([_account(args.after, asked)]).popitem()[1]


def _account(key: str, asked: dict[str, Any]) -> int:
    return member_selection.accounts(keys=[key], **asked)[0]


def _write_keys(keys: list[str], out: Out, comma: str) -> str:
    if not out.as_json:
        out.write("".join(f"{key}\n" for key in keys))
        return ""
    if not keys:
        return comma
    out.write(comma + ", ".join(member_selection.quoted(key) for key in keys))
    return ", "


def _explain(args: argparse.Namespace, out: Out, asked: dict[str, Any]) -> None:
    account = _account(args.member, asked)
    told = audiences.explain(rule=options.rule(args.rule), account=account, **asked)
    because = [dataclasses.asdict(each) for each in told.because]
    verdict = (
        _("%(key)s is in the audience.")
        if told.holds
        else _("%(key)s is not in the audience.")
    )
    out.answer(
        {"in": told.holds, "because": because},
        verdict % {"key": args.member},
        *map(_said, told.because),
    )


def _said(reason: audiences.Reason) -> str:
    """✓ means that it is as the rule wants it, also behind a `not`."""
    text = reason.text if reason.wanted else _("not: %(text)s") % {"text": reason.text}
    return f"  {MARK[reason.holds == reason.wanted]} {text}"


def _overlap(args: argparse.Namespace, out: Out, asked: dict[str, Any]) -> None:
    left, right = options.rule(args.left), options.rule(args.right)
    shared = dataclasses.asdict(audiences.overlap(left=left, right=right, **asked))
    words = {"left": _("left only"), "both": _("both"), "right": _("right only")}
    out.answer(
        shared,
        *(
            f"{output.padded(words[name], 12)} {count:,}"
            for name, count in shared.items()
        ),
    )
