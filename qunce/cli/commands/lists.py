"""`qunce lists`: the whitelist and the blacklist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import csv_safety
from qunce.groups import visibility
from qunce.groups.groups import Group
from qunce.groups.lists import candidates
from qunce.groups.lists import lists as list_store
from qunce.groups.lists.candidates import Candidate
from qunce.groups.lists.models import ListEntry, ListName
from qunce.members.accounts import masking
from qunce.members.people import named_members

NAMES = click.Choice(ListName.values)
LIST_HELP = N_("white or black")
GROUP_HELP = N_("key of a group in which it holds; repeatable; without it in every one")
UNTIL_HELP = N_("when it ends, such as 2026-05-01; never without it")

lists = base.Group("lists")


def _to_json(entry: ListEntry, invocation: Invocation) -> dict[str, Any]:
    seen = set(visibility.list_visible(invocation.by).values_list("key", flat=True))
    keys = {group.key for group in entry.groups.all()}
    return {
        "id": entry.pk,
        "list": entry.list_name,
        "channel": entry.channel,
        "key": masking.key(entry.channel_key, invocation.by),
        "name": entry.name,
        "groups": sorted(keys & seen),
        "reason": entry.reason,
        "added_at": entry.added_at.isoformat(),
        "added_by": entry.by.login,
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else None,
        "ending": entry.ending,
    }


def _format(row: dict[str, Any]) -> str:
    named = " ".join(filter(None, (row["name"], f"{row['channel']}:{row['key']}")))
    return f"{row['id']:>6} {row['list']:<5} {named}  {row['reason']}".rstrip()


def _select(
    invocation: Invocation, list_name: str | None, *, ended: bool = False
) -> Iterator[dict[str, Any]]:
    rows = list_store.list_visible(invocation.by, invocation.at)
    if list_name:
        rows = rows.filter(list_name=list_name)
    rows = rows.filter(ended_at__isnull=not ended)
    for entry in rows.select_related("by").prefetch_related("groups"):
        yield _to_json(entry, invocation)


def _find_groups(invocation: Invocation, keys: tuple[str, ...]) -> list[Group]:
    by = invocation.by
    return [visibility.get_by_key(by, key) for key in dict.fromkeys(keys)]


def _parse_until(invocation: Invocation, text: str | None) -> datetime | None:
    return options.parse_time(text, invocation.community) if text else None


@lists.command("list", help=N_("List who is on the whitelist or the blacklist"))
@base.option("--list", "list_name", type=NAMES, help=LIST_HELP)
@base.option("--ended", is_flag=True, help=N_("those that have ended"))
@options.pass_invocation
def list_entries(invocation: Invocation, list_name: str | None, ended: bool) -> None:
    rows = _select(invocation, list_name, ended=ended)
    invocation.out.write_list("entries", rows, _format)


@lists.command("add", help=N_("Put somebody on a list"))
@base.argument("list_name", metavar="LIST", type=NAMES, help=LIST_HELP)
@base.option("--member", help=N_("key of a member"))
@base.option("--channel", default="", help=N_("channel of somebody not yet known"))
@base.option("--key", "channel_key", default="", help=N_("their id on that channel"))
@base.option("--name", default="", help=N_("what they are called"))
@base.option("--group", "group_keys", multiple=True, help=GROUP_HELP)
@base.option("--reason", default="", help=N_("why"))
@base.option("--evidence", default="", help=N_("what shows it"))
@base.option("--until", help=UNTIL_HELP)
@options.pass_invocation
def add(
    invocation: Invocation,
    member: str | None,
    group_keys: tuple[str, ...],
    until: str | None,
    **fields: Any,
) -> None:
    account = None
    if member is not None:
        named = named_members.get_by_key(key=member, **invocation.verb_args)
        account = named.pk
    entry = list_store.add(
        account=account,
        groups=_find_groups(invocation, group_keys),
        expires_at=_parse_until(invocation, until),
        **fields,
        **invocation.query_args,
    )
    row = _to_json(entry, invocation)
    text = _("%(name)s is on the %(list)s.") % {
        "name": row["name"] or row["key"],
        "list": entry.get_list_name_display(),
    }
    invocation.out.answer(row, text)


@lists.command("remove", help=N_("Take somebody off a list; the entry is kept"))
@base.argument("entry", type=int, help=N_("number of the entry"))
@options.pass_invocation
def remove(invocation: Invocation, entry: int) -> None:
    found = list_store.get(pk=entry, **invocation.verb_args)
    list_store.remove(entry=found, **invocation.verb_args)
    invocation.out.answer(_to_json(found, invocation), _("Removed from the list."))


@lists.command(
    "import", help=N_("Add people from lines of an id and a reason, or policy events")
)
@base.argument("list_name", metavar="LIST", type=NAMES, help=LIST_HELP)
@base.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("CSV, or JSON with state events of a Matrix room; - reads the input"),
)
@base.option("--channel", default="matrix", help=N_("channel of the ids"))
@base.option("--group", "group_keys", multiple=True, help=GROUP_HELP)
@base.option("--reason", default="", help=N_("why, for lines without a reason"))
@base.option("--until", help=UNTIL_HELP)
@base.option("--dry-run", is_flag=True, help=N_("only show whom the lines mean"))
@options.pass_invocation
def import_lines(
    invocation: Invocation,
    list_name: str,
    file: Path,
    channel: str,
    group_keys: tuple[str, ...],
    reason: str,
    until: str | None,
    dry_run: bool,
) -> None:
    found = _read(file, channel)
    shown = candidates.preview(found, list_name=list_name, **invocation.verb_args)
    rows = [
        {
            "channel": row.candidate.channel,
            "key": row.candidate.channel_key,
            "name": row.name,
            "reason": row.candidate.reason,
            "groups": [group.key for group in row.groups],
            "problem": row.problem,
        }
        for row in shown.rows
    ]
    added, left_out = 0, len(shown.refused)
    if not dry_run:
        entries, left_out = candidates.add_all(
            found,
            list_name=list_name,
            groups=_find_groups(invocation, group_keys),
            reason=reason,
            expires_at=_parse_until(invocation, until),
            **invocation.verb_args,
        )
        added = len(entries)
    lines = [
        f"{row['key']}  {row['name']}  {row['problem']}".rstrip()
        for row in rows
        if dry_run or row["problem"]
    ]
    counts = {"added": added, "left_out": left_out}
    text = _("Added: %(added)s. Left out: %(left_out)s.") % counts
    if dry_run:
        text = _("These can be added: %(n)s.") % {"n": len(shown.addable)}
    invocation.out.answer({"people": rows, **counts}, *lines, text)


def _read(file: Path, channel: str) -> list[Candidate]:
    """The candidates of a file; JSON begins with a bracket."""
    with click.open_file(str(file), encoding="utf-8-sig") as content:
        try:
            # One character more than is possible, so that more is refused.
            text = content.read(candidates.MAX_TEXT_LENGTH + 1)
        except UnicodeDecodeError:
            raise options.BadUsage(_("The file is not valid UTF-8.")) from None
    if not text.lstrip().startswith("["):
        return candidates.read_lines(text, channel=channel)
    try:
        events = json.loads(text)
    except (ValueError, RecursionError):
        raise options.BadUsage(_("The file is not valid JSON.")) from None
    return candidates.read_policy_events(events)


@lists.command("export", help=N_("Print a list as CSV that can be imported"))
@base.argument("list_name", metavar="LIST", type=NAMES, help=LIST_HELP)
@base.option("--channel", help=N_("only ids of this channel"))
@options.pass_invocation
def export(invocation: Invocation, list_name: str, channel: str | None) -> None:
    rows = [
        row
        for row in _select(invocation, list_name)
        if channel is None or row["channel"] == channel
    ]
    if invocation.out.as_json:
        invocation.out.write_list("entries", rows)
        return
    names = ("key", "reason", "channel", "name", "expires_at")
    csv_safety.write_rows(
        invocation.out.stream, ([row[name] or "" for name in names] for row in rows)
    )
