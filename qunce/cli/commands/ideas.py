"""`qunce ideas`: the idea box."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.core.staff import staff as staff_members
from qunce.outreach.ideas import (
    archive as idea_archive,
)
from qunce.outreach.ideas import (
    assignment,
    festivals,
    idea_materials,
    pasted_links,
    search,
)
from qunce.outreach.ideas import (
    ideas as box,
)
from qunce.outreach.ideas.models import Idea, State
from qunce.outreach.ideas.search import Filters

IDEA_HELP = N_("number of the idea")
DAY = click.DateTime(["%Y-%m-%d"])

ideas = base.Group("ideas")


def _to_json(idea: Idea, late: bool) -> dict[str, Any]:
    return {
        "id": idea.pk,
        "title": idea.title,
        "state": idea.state,
        "source": idea.source,
        "content_type": idea.content_type,
        "tags": idea.tags,
        "url": idea.url,
        "day": idea.day.isoformat() if idea.day else None,
        "material": idea.material_id,
        "late": late,
        "archived": idea.archived_at is not None,
    }


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _answer(invocation: Invocation, idea: Idea, *lines: str) -> None:
    late = idea.pk in assignment.list_late([idea], invocation.at)
    state = State(idea.state).label
    text = _("Idea %(id)s “%(title)s”: %(state)s.") % {
        "id": idea.pk,
        "title": idea.title,
        "state": state,
    }
    invocation.out.answer(_to_json(idea, late), text, *lines)


@ideas.command("list", help=N_("List ideas, the last changed first"))
@base.option("--search", "query", default="", help=N_("words, or pinyin of titles"))
@base.option("--state", default="", help=N_("idea, draft, ready or used"))
@base.option("--type", "content_type", default="", help=N_("content type"))
@base.option("--source", default="", help=N_("source, such as feed"))
@base.option("--tag", default="", help=N_("tag of the idea"))
@base.option("--late", is_flag=True, help=N_("those whose picture or video is late"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_ideas(
    invocation: Invocation, late: bool, archived: bool, **filters: Any
) -> None:
    found = search.find(
        invocation.by,
        Filters(due=search.LATE if late else "", archived=archived, **filters),
        at=invocation.at,
    )
    overdue = assignment.list_late(found, invocation.at)
    rows = [_to_json(idea, idea.pk in overdue) for idea in found]

    def format_row(row: dict[str, Any]) -> str:
        mark = f" ({_('overdue')})" if row["late"] else ""
        return f"{row['id']:>6} {row['state']:<6} {row['title']}{mark}"

    invocation.out.write_list("ideas", rows, format_row)


@ideas.command("show", help=N_("Show an idea"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def show(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    _answer(invocation, found, *filter(None, [found.note, found.url]))


@ideas.command("add", help=N_("Add an idea"))
@base.argument("title", help=N_("title"))
@base.option("--note", default="", help=N_("note"))
@base.option("--url", default="", help=N_("link"))
@base.option("--type", "content_type", default="knowledge", help=N_("content type"))
@base.option("--tag", "tags", multiple=True, help=N_("tag of the idea; repeatable"))
@base.option("--day", type=DAY, help=N_("day that it is for"))
@base.option("--source", default="hand", help=N_("hand, link or hot_topic"))
@options.pass_invocation
def add(invocation: Invocation, day: datetime | None, **fields: Any) -> None:
    idea = box.create(day=_day(day), **fields, **invocation.query_args)
    _answer(invocation, idea)


@ideas.command("paste", help=N_("Add an idea for each link of a text"))
@base.argument("text", help=N_("text with links"))
@base.option("--type", "content_type", default="knowledge", help=N_("content type"))
@options.pass_invocation
def paste(invocation: Invocation, text: str, content_type: str) -> None:
    pasted = pasted_links.paste(
        text=text, content_type=content_type, **invocation.query_args
    )
    invocation.out.answer(
        {
            "added": [idea.pk for idea in pasted.added],
            "known": [idea.pk for idea in pasted.known],
        },
        _("Ideas added: %(n)s. Already in the box: %(known)s.")
        % {"n": len(pasted.added), "known": len(pasted.known)},
    )


@ideas.command("change", help=N_("Change an idea; fields that are left out stay"))
@base.argument("idea", type=int, help=IDEA_HELP)
@base.option("--title", help=N_("title"))
@base.option("--note", help=N_("note"))
@base.option("--url", help=N_("link"))
@base.option("--type", "content_type", help=N_("content type"))
@base.option("--tag", "tags", multiple=True, help=N_("tag of the idea; repeatable"))
@base.option("--day", type=DAY, help=N_("day that it is for"))
@options.pass_invocation
def change(
    invocation: Invocation, idea: int, day: datetime | None, **fields: Any
) -> None:
    found = box.get(by=invocation.by, pk=idea)
    given = {name: value for name, value in fields.items() if value not in (None, ())}
    if day is not None:
        given["day"] = day.date()
    box.update(idea=found, **given, **invocation.verb_args)
    _answer(invocation, found)


@ideas.command("move", help=N_("Move an idea to another state"))
@base.argument("idea", type=int, help=IDEA_HELP)
@base.argument("state", help=N_("idea, draft, ready or used"))
@options.pass_invocation
def move(invocation: Invocation, idea: int, state: str) -> None:
    found = box.get(by=invocation.by, pk=idea)
    box.move(idea=found, to=state, **invocation.verb_args)
    _answer(invocation, found)


@ideas.command("assign", help=N_("Ask a staff member for the picture or video"))
@base.argument("idea", type=int, help=IDEA_HELP)
@base.argument("login", help=N_("login of who makes it"))
@base.option(
    "--due",
    required=True,
    type=click.DateTime(["%Y-%m-%d %H:%M"]),
    help=N_("due time in the time zone of the community"),
)
@options.pass_invocation
def assign(invocation: Invocation, idea: int, login: str, due: datetime) -> None:
    found = box.get(by=invocation.by, pk=idea)
    task = assignment.assign(
        idea=found,
        staff=staff_members.get_by_login(by=invocation.by, login=login),
        due_at=due.replace(tzinfo=communities.zone(invocation.community)),
        **invocation.verb_args,
    )
    _answer(invocation, found, _("Task of %(name)s.") % {"name": task.staff.name})


@ideas.command("unassign", help=N_("Cancel the open task for the picture or video"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def unassign(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    assignment.unassign(idea=found, **invocation.verb_args)
    _answer(invocation, found)


@ideas.command("make-material", help=N_("Create a material of an idea"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def make_material(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    material = idea_materials.make_material(idea=found, **invocation.verb_args)
    text = _("Material %(id)s “%(name)s” added.")
    _answer(invocation, found, text % {"id": material.pk, "name": material})


@ideas.command("read-again", help=N_("Read the page of an idea's link again"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def read_again(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    pasted_links.read_again(idea=found, **invocation.verb_args)
    _answer(invocation, found)


@ideas.command("archive", help=N_("Archive an idea, and cancel its open task"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def archive(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    idea_archive.archive(idea=found, **invocation.verb_args)
    _answer(invocation, found, _("Archived."))


@ideas.command("restore", help=N_("Restore an archived idea"))
@base.argument("idea", type=int, help=IDEA_HELP)
@options.pass_invocation
def restore(invocation: Invocation, idea: int) -> None:
    found = box.get(by=invocation.by, pk=idea)
    idea_archive.restore(idea=found, **invocation.verb_args)
    _answer(invocation, found)


@ideas.command("festivals", help=N_("List coming festivals and days off"))
@options.pass_invocation
def list_festivals(invocation: Invocation) -> None:
    found = festivals.list_suggestions(by=invocation.by, at=invocation.at)
    rows = [
        {"key": each.key, "title": each.title, "day": each.day.isoformat()}
        for each in found
    ]
    invocation.out.write_list(
        "festivals", rows, lambda row: f"{row['day']} {row['title']}  {row['key']}"
    )


@ideas.command("add-festival", help=N_("Add an idea for a coming day"))
@base.argument("key", help=N_("key of the day, such as christmas:2026-12-25"))
@options.pass_invocation
def add_festival(invocation: Invocation, key: str) -> None:
    _answer(invocation, festivals.add_idea(key=key, **invocation.verb_args))
