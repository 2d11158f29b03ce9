"""`qunce tags`: the tag library, and tags on members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import staff
from qunce.members.tags import (
    assignments,
    deepening,
    duplicates,
    groups,
    library,
    report,
    templates,
)
from qunce.members.tags import levels as tag_levels
from qunce.members.tags import merges as tag_merges
from qunce.members.tags.models import Tag
from qunce.sets import audiences

TAG_HELP = N_("key or synonym of the tag")
AUTOMATIC_SOURCES = (*assignments.AUTOMATIC_SOURCES, assignments.EXPIRED)
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


@tags.command("remove-synonym", help=N_("Remove a synonym of a tag"))
@base.argument("tag", help=N_("an existing tag"))
@base.argument("key", help=N_("another name for the tag"))
@options.pass_invocation
def remove_synonym(invocation: Invocation, tag: str, key: str) -> None:
    target = library.get(invocation.community, tag)
    synonym = library.get_synonym_by_key(target, key)
    library.remove_synonym(synonym=synonym, **invocation.verb_args)
    invocation.out.answer(
        {"tag": target.key, "synonym": key},
        _("“%(synonym)s” is no longer a synonym.") % {"synonym": key},
    )


@tags.command("edit", help=N_("Change the name, group, owner or meaning of a tag"))
@base.argument("tag", help=TAG_HELP)
@base.option("--name", help=N_("display name"))
@base.option("--description", help=N_("meaning of the tag"))
@base.option(
    "--group", metavar="GROUP", help=N_("tag group of the tag; empty for none")
)
@base.option(
    "--owner", metavar="LOGIN", help=N_("login of the owner; empty for nobody")
)
@base.option(
    "--deepened-by",
    metavar="KINDS",
    help=N_("kinds of events, separated by commas, that add 1 to the depth"),
)
@options.pass_invocation
def update(
    invocation: Invocation,
    tag: str,
    name: str | None,
    description: str | None,
    group: str | None,
    owner: str | None,
    deepened_by: str | None,
) -> None:
    target = library.get(invocation.community, tag)
    context = {"tag": target, **invocation.verb_args}
    if group is not None:
        tag_group = groups.get_by_key(invocation.community, group) if group else None
        library.move(group=tag_group, **context)
    if owner is not None:
        person = staff.get_by_login(invocation.by, owner) if owner else None
        library.set_owner(owner=person, **context)
    if deepened_by is not None:
        kinds = [kind.strip() for kind in deepened_by.split(",") if kind.strip()]
        deepening.set_kinds(kinds=kinds, **context)
    if name is not None or description is not None:
        library.update(name=name, description=description, **context)
    invocation.out.answer(
        {
            "tag": target.key,
            "name": target.name,
            "group": target.group.key if target.group else None,
            "owner": target.owner.login if target.owner else None,
            "description": target.description,
            "deepened_by": sorted(target.deepened_by),
        },
        _("Tag “%(key)s” changed.") % {"key": target.key},
    )


@tags.command("batches", help=N_("List what changed tags, the newest first"))
@base.option("--limit", type=click.IntRange(1, 1000), default=20, help=N_("how many"))
@options.pass_invocation
def list_batches(invocation: Invocation, limit: int) -> None:
    rows: list[dict[str, Any]] = [
        {
            "batch": batch.pk,
            "at": batch.at.isoformat(),
            "by": batch.by.login,
            "source": batch.source,
            "note": batch.note,
            "changed": batch.changed,
            "undone": batch.undone_at is not None,
        }
        for batch in assignments.list_batches(
            invocation.by, limit=limit, exclude_sources=AUTOMATIC_SOURCES
        )
    ]
    invocation.out.answer({"batches": rows})
    for row in rows:
        undone = _("undone") if row["undone"] else ""
        invocation.out.line(
            f"{row['batch']:>6} {row['at'][:16]} {row['source']:<10}"
            f" {row['changed']:>8,} {row['note']} {undone}".rstrip()
        )


@tags.command(
    "dismiss-duplicate", help=N_("Keep two tags with nearly the same name as two")
)
@base.argument("tag", help=TAG_HELP)
@base.argument("other", help=TAG_HELP)
@options.pass_invocation
def dismiss_duplicate(invocation: Invocation, tag: str, other: str) -> None:
    pair = [library.get(invocation.community, key) for key in (tag, other)]
    duplicates.dismiss(tag=pair[0], other=pair[1], **invocation.verb_args)
    keys = [each.key for each in pair]
    invocation.out.answer(
        {"tags": keys}, _("Both tags stay: %(tags)s.") % {"tags": ", ".join(keys)}
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
