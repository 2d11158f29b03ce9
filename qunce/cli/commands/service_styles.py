"""`qunce service-styles`: styles of service and who has which."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.people import named_members
from qunce.outreach.service_styles import explanations, rules, styles

group = base.Group("service-styles")


@group.command("list", help=N_("List styles of service and how many have each"))
@options.pass_invocation
def list_styles(invocation: Invocation) -> None:
    query = {name: invocation.query_args[name] for name in ("by", "at")}
    found = explanations.overview(**query)
    rows = [
        {"id": row.pk, "name": row.name, "members": found.by_style[row.pk]}
        for row in styles.list_all(invocation.by)
    ]
    invocation.out.answer({"service_styles": rows})
    for row in rows:
        invocation.out.line(f"{row['id']:>6} {row['members']:>10,}  {row['name']}")


@group.command("create-usual", help=N_("Create the three usual styles of service"))
@options.pass_invocation
def create_usual(invocation: Invocation) -> None:
    styles.create_usual(**invocation.query_args)
    names = [row.name for row in styles.list_all(invocation.by)]
    invocation.out.answer({"service_styles": names}, *names)


@group.command("assign", help=N_("Set who has which style, replacing the whole list"))
@base.argument("default", type=int, help=N_("number of the style of everyone else"))
@base.option(
    "--rule",
    "texts",
    multiple=True,
    metavar="WHAT=STYLE",
    help=N_("such as source:parcel=2, layer:value:high=3, group:north=2; in order"),
)
@options.pass_invocation
def assign(invocation: Invocation, default: int, texts: tuple[str, ...]) -> None:
    drafts = [_parse(text, invocation) for text in texts]
    rules.update(
        rules=drafts,
        default=styles.get(by=invocation.by, pk=default),
        **invocation.query_args,
    )
    invocation.out.answer({"rules": len(drafts)}, _("Saved."))


def _parse(text: str, invocation: Invocation) -> rules.Draft:
    what, _equals, number = text.rpartition("=")
    kind, _colon, value = what.partition(":")
    if kind not in set(rules.Kind) or not value or not number.isdecimal():
        raise rules.InvalidStyleRules(
            _("Write a rule like source:parcel=2 or layer:value:high=3.")
        )
    clause: dict[str, Any] = {"any": [value]}
    if kind == rules.Kind.LAYER:
        layering, _colon, layer = value.rpartition(":")
        clause = {"of": layering, "in": [layer]}
    return rules.Draft({kind: clause}, styles.get(by=invocation.by, pk=int(number)))


@group.command("why", help=N_("Show the style of service of a member, and why"))
@base.argument("member", help=N_("key of the member"))
@options.pass_invocation
def why(invocation: Invocation, member: str) -> None:
    query = {name: invocation.query_args[name] for name in ("by", "at")}
    account = named_members.get_by_key(key=member, **query)
    found = explanations.find_style(account=account.pk, **query)
    name = found.style.name if found else ""
    rule = found.rule if found else None
    text = name or _("There are no styles of service.")
    invocation.out.answer({"service_style": name, "rule": rule}, text)
