"""`qunce overlaps`: people in several groups of a set, and clean-ups."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups.overlaps import boards, clean_ups, group_sets, overlap_sets
from qunce.groups.overlaps.clean_ups import Preview
from qunce.groups.overlaps.models import CleanUp, State
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import bitmaps

SET_HELP = N_("number of the set of groups")
RUN_HELP = N_("number of the clean-up")
MAX_PEOPLE = 1_000
"""Members in several groups who are printed."""

overlaps = base.Group("overlaps")


@overlaps.command("list", help=N_("List the sets of groups with their overlaps"))
@options.pass_invocation
def list_sets(invocation: Invocation) -> None:
    invocation.derive()
    rows = [
        {
            "id": row.pk,
            "name": row.name,
            "groups": [group.key for group in row.groups.all()],
            "keep": row.keep,
            "door": row.door,
            "members": len(boards.load(group_set=row, **invocation.verb_args).people),
        }
        for row in group_sets.list_visible(invocation.by)
    ]
    invocation.out.write_list(
        "group_sets",
        rows,
        lambda row: f"{row['id']:>6} {row['members']:>8,}  {row['name']}",
    )


@overlaps.command("show", help=N_("Show who is in several groups of a set"))
@base.argument("group_set", metavar="SET", type=int, help=SET_HELP)
@options.pass_invocation
def show(invocation: Invocation, group_set: int) -> None:
    invocation.derive()
    row = group_sets.get(pk=group_set, by=invocation.by)
    board = boards.load(group_set=row, **invocation.verb_args)
    shown = bitmaps.of(list(board.people)[:MAX_PEOPLE])
    names = dict(account_queries.list_names(list(shown)))
    pairs: list[dict[str, Any]] = [
        {"groups": [board.groups[group].key for group in two], "members": count}
        for two, count in sorted(board.pairs.items(), key=lambda pair: -pair[1])
    ]
    members: list[dict[str, Any]] = [
        {
            "member_id": person,
            "name": names.get(person, ""),
            "groups": [board.groups[group].key for group in own],
        }
        for person, own in overlap_sets.groups_by_person(board.members, shown).items()
    ]
    invocation.out.answer(
        {"members": len(board.people), "pairs": pairs, "people": members},
        *(f"{pair['members']:>8,}  {' + '.join(pair['groups'])}" for pair in pairs),
        *(f"{each['name']}: {', '.join(each['groups'])}" for each in members),
        _("Members in several groups: %(n)s.") % {"n": f"{len(board.people):,}"},
    )


@overlaps.command("clean", help=N_("Start what a dry run has shown"))
@base.argument("group_set", metavar="SET", type=int, help=SET_HELP)
@base.option(
    "--dry-run", is_flag=True, help=N_("only show who would leave which group")
)
@base.option("--expected", type=int, help=N_("the number of departures it has shown"))
@options.pass_invocation
def clean(
    invocation: Invocation, group_set: int, dry_run: bool, expected: int | None
) -> None:
    invocation.derive()
    row = group_sets.get(pk=group_set, by=invocation.by)
    if dry_run:
        _print_preview(
            invocation, clean_ups.preview(group_set=row, **invocation.verb_args)
        )
        return
    if expected is None:
        raise options.BadUsage(
            _("Look with --dry-run first, and give the number it shows as --expected.")
        )
    run = clean_ups.start(group_set=row, expected=expected, **invocation.verb_args)
    _answer(invocation, run)


def _print_preview(invocation: Invocation, shown: Preview) -> None:
    departures = [
        {
            "account_id": each.account,
            "name": each.name,
            "leaves": each.group.key,
            "stays_in": each.kept.key,
        }
        for each in shown.departures
    ]
    lines = [
        _("%(name)s leaves %(group)s and stays in %(kept)s.")
        % {"name": each.name, "group": each.group.name, "kept": each.kept.name}
        for each in shown.departures
    ]
    lines.append(_("Departures: %(n)s.") % {"n": f"{len(departures):,}"})
    if shown.exempt:
        lines.append(_("On the whitelist: %(n)s.") % {"n": f"{shown.exempt:,}"})
    if shown.needs_second_person:
        lines.append(_("A second person has to approve this clean-up."))
    record = {
        "count": len(departures),
        "exempt": shown.exempt,
        "needs_second_person": shown.needs_second_person,
        "departures": departures,
    }
    invocation.out.answer(record, *lines)


# Clean-ups


def _to_json(run: CleanUp) -> dict[str, Any]:
    progress = clean_ups.progress_of(run)
    names = ("total", "done", "waiting", "by_hand", "failed")
    return {
        "id": run.pk,
        "group_set": run.group_set_id,
        "state": run.state,
        "created_at": run.created_at.isoformat(),
        **{name: getattr(progress, name) for name in names},
    }


def _format(row: dict[str, Any]) -> str:
    counts = _("%(done)s of %(total)s done, %(by_hand)s by hand, %(failed)s failed") % {
        name: f"{row[name]:,}" for name in ("done", "total", "by_hand", "failed")
    }
    return f"{row['id']:>6} {State(row['state']).label}: {counts}"


def _answer(invocation: Invocation, run: CleanUp) -> None:
    row = _to_json(run)
    invocation.out.answer(row, _format(row))


@overlaps.command("clean-ups", help=N_("List the clean-ups, the latest first"))
@options.pass_invocation
def list_runs(invocation: Invocation) -> None:
    rows = [_to_json(run) for run in clean_ups.list_visible(invocation.by)]
    invocation.out.write_list("clean_ups", rows, _format)


@overlaps.command("approve", help=N_("Approve a clean-up that somebody else started"))
@base.argument("clean_up", type=int, help=RUN_HELP)
@options.pass_invocation
def approve(invocation: Invocation, clean_up: int) -> None:
    run = clean_ups.get(pk=clean_up, by=invocation.by)
    clean_ups.approve(clean_up=run, **invocation.verb_args)
    _answer(invocation, run)


@overlaps.command("refuse", help=N_("Refuse a clean-up that waits"))
@base.argument("clean_up", type=int, help=RUN_HELP)
@options.pass_invocation
def refuse(invocation: Invocation, clean_up: int) -> None:
    run = clean_ups.get(pk=clean_up, by=invocation.by)
    clean_ups.refuse(clean_up=run, **invocation.verb_args)
    _answer(invocation, run)


@overlaps.command("undo", help=N_("Cancel what is left and invite back who is gone"))
@base.argument("clean_up", type=int, help=RUN_HELP)
@options.pass_invocation
def undo(invocation: Invocation, clean_up: int) -> None:
    run = clean_ups.get(pk=clean_up, by=invocation.by)
    clean_ups.undo(clean_up=run, **invocation.verb_args)
    _answer(invocation, run)
