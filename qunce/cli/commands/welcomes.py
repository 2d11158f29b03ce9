"""`qunce welcomes`: the texts for newcomers, and what became of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups import visibility as group_visibility
from qunce.members.people import named_members
from qunce.outreach.welcomes import explanations, results, welcomes
from qunce.outreach.welcomes.explanations import Wanted

WELCOME_HELP = N_("number of the welcome")

group = base.Group("welcomes")


@group.command("list", help=N_("List welcomes in their order, with results"))
@options.pass_invocation
def list_welcomes(invocation: Invocation) -> None:
    listed = welcomes.list_all(invocation.by)
    found = results.list_results(listed, by=invocation.by)
    rows = [
        {
            "id": row.pk,
            "name": row.name,
            "is_on": row.is_on,
            "joins": found[row.pk].joins,
            "sent": found[row.pk].sent,
            "waiting": found[row.pk].waiting,
        }
        for row in listed
    ]
    invocation.out.answer({"welcomes": rows})
    for row in rows:
        on, off = pgettext("welcome", "on"), pgettext("welcome", "off")
        state = on if row["is_on"] else off
        invocation.out.line(
            f"{row['id']:>6} {state:<4} {row['joins']:>8,} {row['sent']:>8,}"
            f" {row['waiting']:>6,}  {row['name']}"
        )


@group.command("add", help=N_("Add a welcome, which is off at first"))
@base.argument("name", help=N_("name"))
@base.option("--text", required=True, help=N_("text, with variables such as {name}"))
@base.option("--source", "sources", multiple=True, help=N_("source of the join"))
@base.option("--group", "group_key", help=N_("key of the group that is joined"))
@base.option("--others", is_flag=True, help=N_("for everyone else"))
@base.option("--posted-by", "login", default="", help=N_("login of who posts it"))
@options.pass_invocation
def add(
    invocation: Invocation,
    name: str,
    text: str,
    sources: tuple[str, ...],
    group_key: str | None,
    others: bool,
    login: str,
) -> None:
    fields: dict[str, Any] = {"sources": list(sources), "is_for_others": others}
    if group_key is not None:
        found = group_visibility.get_by_key(invocation.by, group_key)
        fields |= {"event": "group", "groups": [found.pk]}
    created = welcomes.create(
        name=name,
        text=text,
        staff=options.get_staff(invocation.community, login) if login else None,
        **fields,
        **invocation.query_args,
    )
    invocation.out.answer(
        {"id": created.pk},
        _("Welcome %(id)s “%(name)s” added. It is off.")
        % {"id": created.pk, "name": created},
    )


@group.command("start", help=N_("Switch a welcome on"))
@base.argument("welcome", type=int, help=WELCOME_HELP)
@options.pass_invocation
def start(invocation: Invocation, welcome: int) -> None:
    found = welcomes.get(by=invocation.by, pk=welcome)
    welcomes.switch_on(welcome=found, **invocation.verb_args)
    text = _("“%(name)s” is sent for joins from now on.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@group.command("stop", help=N_("Switch a welcome off"))
@base.argument("welcome", type=int, help=WELCOME_HELP)
@options.pass_invocation
def stop(invocation: Invocation, welcome: int) -> None:
    found = welcomes.get(by=invocation.by, pk=welcome)
    welcomes.switch_off(welcome=found, **invocation.verb_args)
    text = _("“%(name)s” is switched off.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@group.command("preview", help=N_("Show what somebody would get if they joined now"))
@base.option("--member", help=N_("key of a member"))
@base.option("--source", default="", help=N_("source of the join"))
@base.option("--group", "group_key", help=N_("key of the group that is joined"))
@options.pass_invocation
def preview(
    invocation: Invocation, member: str | None, source: str, group_key: str | None
) -> None:
    query = {name: invocation.query_args[name] for name in ("by", "at")}
    account = None
    if member is not None:
        account = named_members.get_by_key(key=member, **query).pk
    joined = (
        group_visibility.get_by_key(invocation.by, group_key) if group_key else None
    )
    wanted = Wanted(account=account, source=source, group=joined.pk if joined else None)
    found = explanations.preview(wanted, **query)
    record = {
        "welcome": found.chosen.pk if found.chosen else None,
        "text": found.text,
        "problem": found.problem,
    }
    fits = pgettext("welcome", "fits")
    lines = [f"{line.welcome}: {line.why_not or fits}" for line in found.lines]
    lines += [text for text in (found.problem, found.text) if text]
    invocation.out.answer(record, *lines)


@group.command("why", help=N_("Show why a member got a welcome or none"))
@base.argument("member", help=N_("key of the member"))
@options.pass_invocation
def why(invocation: Invocation, member: str) -> None:
    query = {name: invocation.query_args[name] for name in ("by", "at")}
    account = named_members.get_by_key(key=member, **query)
    found = explanations.why(account=account.pk, **query)
    rows = [{"joined_at": each.joined_at, "sentence": each.sentence} for each in found]
    invocation.out.answer({"joins": rows}, *(each.sentence for each in found))
