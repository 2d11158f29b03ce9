"""Undo a tag batch, or remove a tag from members"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli import member_selection, options
from qunce.cli.output import Out
from qunce.core import errors
from qunce.core.communities import Community
from qunce.members.tags import assignments, library
from qunce.members.tags.models import TagBatch
from qunce.sets.mirror import deriver


class UnknownBatch(errors.NotFound):
    """There is no such batch in this community."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "tag", metavar="TAG", nargs="?", help=_("key or synonym of the tag")
    )
    member_selection.add_arguments(parser, required=False)
    parser.add_argument("--batch", type=int, metavar="N", help=_("undo this batch"))
    parser.add_argument("--note", default="", help=_("note saved with the batch"))


def run(args: argparse.Namespace, out: Out) -> int:
    whom = args.rule or args.members or args.file
    if (args.batch is None) == (args.tag is None) or bool(args.tag) != bool(whom):
        raise options.BadUsage(
            _("Give --batch N, or a tag with --rule, --members or --file.")
        )
    community = options.community(args)
    if args.batch is not None:
        _undo(args, community, out)
    else:
        _take_off(args, community, out)
    return 0


def _undo(args: argparse.Namespace, community: Community, out: Out) -> None:
    by = options.staff(args, community)
    found = TagBatch.objects.filter(community=community, pk=args.batch)
    for batch in found:
        restored = assignments.undo(batch=batch, by=by, at=args.at)
        out.answer(
            {"batch": batch.pk, "restored": restored},
            _("Batch %(batch)s undone: %(n)s tags restored.")
            % {"batch": batch.pk, "n": restored},
        )
        return
    raise UnknownBatch(_("There is no batch %(batch)s.") % {"batch": args.batch})


def _take_off(args: argparse.Namespace, community: Community, out: Out) -> None:
    by = options.staff(args, community)
    if args.rule:
        deriver.catch_up(most=options.BEARABLE)
    batch = assignments.remove(
        tag=library.get(community, args.tag),
        accounts=member_selection.chosen(args, community=community, by=by),
        by=by,
        at=args.at,
        note=args.note,
    )
    out.answer(
        {"batch": batch.pk, "changed": batch.changed},
        _("Batch %(batch)s: %(changed)s tags removed.")
        % {"batch": batch.pk, "changed": batch.changed},
    )
