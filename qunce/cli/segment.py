"""List segments, add one, change its rule, or freeze the members that match a rule"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.sets.mirror import deriver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action")
    options.add_arguments(actions.add_parser("list"))
    for name in ("add", "freeze"):
        each = actions.add_parser(name)
        each.add_argument("key", metavar="KEY", help=_("key used in rules"))
        each.add_argument("rule", help=_("a rule as JSON, @file, or segment:KEY"))
        if name == "add":
            each.add_argument("--name", default="", help=_("display name"))
            each.add_argument("--note", default="", help=_("purpose of the segment"))
        options.add_arguments(each)


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    about = {"by": options.staff(args, community), "at": args.at}
    deriver.catch_up(most=options.BEARABLE)
    if args.action == "freeze":
        return _freeze(args, out, {"community": community, **about})
    found = segments.list_active(community)
    if args.action == "add":
        found = [_add(args, {"community": community, **about})]
    told = [_told(segment, about) for segment in found]
    out.answer({"segments": told})
    for each in told:
        out.line(f"{each['key']:<30} {each['members']:>10,}  {each['name']}")
    return 0


def _add(args: argparse.Namespace, about: dict[str, Any]) -> Segment:
    """A segment that is there gets the new rule."""
    rule = options.rule(args.rule)
    words = {"name": args.name, "description": args.note}
    for known in segments.list_active(about["community"]):
        if known.key == args.key:
            changed = {name: text for name, text in words.items() if text}
            by, at = about["by"], about["at"]
            segments.update(segment=known, rule=rule, by=by, at=at, **changed)
            return known
    return segments.create(key=args.key, rule=rule, **words, **about)


def _freeze(args: argparse.Namespace, out: Out, about: dict[str, Any]) -> int:
    frozen = frozen_segments.freeze(key=args.key, rule=options.rule(args.rule), **about)
    out.answer(
        {"key": frozen.key, "members": frozen.size},
        _("Frozen segment “%(key)s” saved with %(n)s members.")
        % {"key": frozen.key, "n": f"{frozen.size:,}"},
    )
    return 0


def _told(segment: Segment, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": segment.key,
        "name": segment.name,
        "members": segments.count(segment=segment, **about),
        "rule": segment.rule,
    }
