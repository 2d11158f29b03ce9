"""`qunce tags`: the tag library, and tags on members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.tags import assignments, groups, library, report, templates
from qunce.members.tags import levels as tag_levels
from qunce.members.tags import merges as tag_merges
from qunce.members.tags.models import Tag
from qunce.sets import audiences

TAG_HELP = N_("key or synonym of the tag")
NOTE_HELP = N_("note saved with the batch")

tags = base.Group("tags")


@tags.command("list", help=N_("List tags with the number of members who have them"))
@options.pass_invocation
def list_tags(invocation: Invocation) -> None:
    rows = [
        {
            "key": tag.key,
            "name": tag.name,
            "group": tag.group.key if tag.group else None,
            "members": audiences.count(
                rule={"tag": {"any": [tag.key]}}, **invocation.query_args
            ),
        }
        for tag in library.list_tags(invocation.community)
    ]
    invocation.out.answer({"tags": rows})
    for row in rows:
        invocation.out.line(
            f"{row['group'] or '–':<16} {row['key']:<24} {row['members']:>8,}"
        )


@tags.command("add", help=N_("Add a tag to the library"))
@base.argument("key", help=N_("key used in rules"))
@base.option("--group", metavar="GROUP", help=N_("tag group of the tag"))
@base.option("--name", default="", help=N_("display name"))
@base.option("--description", default="", help=N_("meaning of the tag"))
@options.pass_invocation
def add(invocation: Invocation, group: str | None, **fields: Any) -> None:
    tag_group = groups.get_by_key(invocation.community, group) if group else None
    tag = library.create(group=tag_group, **fields, **invocation.query_args)
    invocation.out.answer(
        {"tag": tag.key}, _("Tag “%(key)s” created.") % {"key": tag.key}
    )


@tags.command(
    "add-from-template", help=N_("Add the tags and tag groups of an industry template")
)
@base.argument(
    "template", type=click.Choice(list(templates.TEMPLATES)), help=N_("template")
)
@options.pass_invocation
def add_from_template(invocation: Invocation, template: str) -> None:
    added = templates.apply(template=template, **invocation.query_args)
    invocation.out.answer(
        {"created": [tag.key for tag in added]},
        _("%(n)s tags created.") % {"n": len(added)},
    )


@tags.command("add-synonym", help=N_("Add another key for a tag"))
@base.argument("tag", help=N_("an existing tag"))
@base.argument("key", help=N_("another name for the tag"))
@options.pass_invocation
def add_synonym(invocation: Invocation, tag: str, key: str) -> None:
    target = library.get(invocation.community, tag)
    library.add_synonym(tag=target, key=key, **invocation.verb_args)
    invocation.out.answer(
        {"tag": target.key, "synonym": key},
        _("“%(synonym)s” is a synonym of “%(tag)s”.")
        % {"synonym": key, "tag": target.key},
    )


@tags.command(
    "apply", help=N_("Apply a tag to members as one batch that can be undone")
)
@base.argument("tag", help=TAG_HELP)
@member_selection.selection_options
@base.option(
    "--depth",
    metavar="N",
    help=N_("set this depth or level; +1 adds one to the depth"),
)
@base.option(
    "--expires", metavar="ISO", help=N_("remove the tag automatically at this time")
)
@base.option(
    "--new-in",
    metavar="GROUP",
    help=N_("create the tag in this tag group if it does not exist"),
)
@base.option("--note", default="", help=NOTE_HELP)
@options.pass_invocation
def apply(
    invocation: Invocation,
    tag: str,
    depth: str | None,
    expires: str | None,
    new_in: str | None,
    note: str,
    **selection: Any,
) -> None:
    expires_at = options.parse_time(expires, invocation.community) if expires else None
    # Before the tag is created, so that a wrong key leaves no empty tag behind.
    accounts = member_selection.select(invocation, **selection)
    existing = library.find(invocation.community, [tag])
    if new_in and tag not in existing:
        group = groups.get_by_key(invocation.community, new_in)
        target = library.create(key=tag, group=group, **invocation.query_args)
    else:
        target = library.get(invocation.community, tag)
    arguments: dict[str, Any] = {"tag": target, "note": note, "expires_at": expires_at}
    if depth is None:
        batch = assignments.apply(
            accounts=accounts, **arguments, **invocation.verb_args
        )
    else:
        change = tag_levels.parse_depth(depth, target.levels)
        batch = assignments.change_depth(
            change=change, accounts=accounts, **arguments, **invocation.verb_args
        )
    invocation.out.answer(
        {"batch": batch.pk, "members": len(accounts), "changed": batch.changed},
        _("Batch %(batch)s: the tag changed for %(changed)s of %(n)s members.")
        % {"batch": batch.pk, "changed": batch.changed, "n": len(accounts)},
    )


@tags.command("remove", help=N_("Remove a tag from members"))
@base.argument("tag", help=TAG_HELP)
@member_selection.selection_options
@base.option("--note", default="", help=NOTE_HELP)
@options.pass_invocation
def remove(invocation: Invocation, tag: str, note: str, **selection: Any) -> None:
    batch = assignments.remove(
        tag=library.get(invocation.community, tag),
        accounts=member_selection.select(invocation, **selection),
        note=note,
        **invocation.verb_args,
    )
    invocation.out.answer(
        {"batch": batch.pk, "changed": batch.changed},
        _("Batch %(batch)s. Tags removed: %(changed)s.")
        % {"batch": batch.pk, "changed": batch.changed},
    )


@tags.command("undo", help=N_("Undo a batch of tags"))
@base.argument("batch", type=int, help=N_("number of the batch"))
@options.pass_invocation
def undo(invocation: Invocation, batch: int) -> None:
    found = assignments.get_batch(by=invocation.by, pk=batch)
    restored = assignments.undo(batch=found, **invocation.verb_args)
    invocation.out.answer(
        {"batch": batch, "restored": restored},
        _("Batch %(batch)s undone. Tags restored: %(n)s.")
        % {"batch": batch, "n": restored},
    )


@tags.command("merge", help=N_("Merge a tag into another; its key stays a synonym"))
@base.argument("tag", help=N_("tag to merge"))
@base.argument("into", help=N_("tag to merge into"))
@options.pass_invocation
def merge(invocation: Invocation, tag: str, into: str) -> None:
    merged = library.get(invocation.community, tag)
    target = library.get(invocation.community, into)
    batch = tag_merges.merge(tag=merged, into=target, **invocation.verb_args)
    keys = {"tag": merged.key, "into": target.key}
    invocation.out.answer(
        {**keys, "changed": batch.changed, "batch": batch.pk},
        _("“%(tag)s” is now a synonym of “%(into)s”.") % keys,
    )


@tags.command(
    "set-levels", help=N_("Name depths of a tag, such as “1 newcomer, 3 regular”")
)
@base.argument("tag", help=TAG_HELP)
@base.argument("levels", help=N_("depth and name of each level; empty for none"))
@options.pass_invocation
def set_levels(invocation: Invocation, tag: str, levels: str) -> None:
    target = library.get(invocation.community, tag)
    library.set_levels(
        tag=target, levels=tag_levels.parse(levels), **invocation.verb_args
    )
    invocation.out.answer(
        {"tag": target.key, "levels": target.levels},
        tag_levels.to_text(target.levels) or _("no levels"),
    )


@tags.command("archive", help=N_("Archive a tag; members keep it"))
@base.argument("tag", help=TAG_HELP)
@options.pass_invocation
def archive(invocation: Invocation, tag: str) -> None:
    target = library.get(invocation.community, tag)
    library.archive(tag=target, **invocation.verb_args)
    invocation.out.answer(
        {"tag": target.key, "state": target.state},
        _("Tag “%(key)s” archived.") % {"key": target.key},
    )


@tags.command("restore", help=N_("Restore an archived tag"))
@base.argument("tag", help=TAG_HELP)
@options.pass_invocation
def restore(invocation: Invocation, tag: str) -> None:
    target = library.get(invocation.community, tag)
    library.restore(tag=target, **invocation.verb_args)
    invocation.out.answer(
        {"tag": target.key, "state": target.state},
        _("Tag “%(key)s” restored.") % {"key": target.key},
    )


@tags.command(
    "report", help=N_("Report near duplicates, unused tags and tags with one member")
)
@options.pass_invocation
def report_tags(invocation: Invocation) -> None:
    community, at = invocation.community, invocation.at
    duplicates = [
        [tag.key, other.key] for tag, other in report.list_duplicates(community)
    ]
    unused = _keys(report.list_unused(community, at=at))
    single_use = _keys(report.list_single_use(community, at=at))
    invocation.out.answer(
        {"duplicates": duplicates, "unused": unused, "single_use": single_use},
        *(
            _("nearly the same: %(tags)s") % {"tags": ", ".join(pair)}
            for pair in duplicates
        ),
        _("no members: %(tags)s") % {"tags": ", ".join(unused) or "–"},
        _("only one member: %(tags)s") % {"tags": ", ".join(single_use) or "–"},
    )


def _keys(found: Iterable[Tag]) -> list[str]:
    return [tag.key for tag in found]
