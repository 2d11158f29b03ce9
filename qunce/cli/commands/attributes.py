"""`qunce attributes`: the typed fields of members."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.attributes import attributes as attribute_store
from qunce.members.attributes import type_changes
from qunce.members.attributes.attributes import AttributeType

attributes = base.Group("attributes")


@attributes.command("list", help=N_("List attributes with their types"))
@options.pass_invocation
def list_attributes(invocation: Invocation) -> None:
    rows = [
        {
            "name": attribute.name,
            "label": attribute.label,
            "type": attribute.type,
            "section": attribute.section,
            "choices": attribute.choices,
        }
        for attribute in attribute_store.list_all(invocation.community)
    ]
    invocation.out.answer({"attributes": rows})
    for row in rows:
        invocation.out.line(f"{row['name']}  {row['type']}")


@attributes.command("add", help=N_("Create an attribute"))
@base.argument("name", help=N_("name used in rules and files"))
@base.argument(
    "type_",
    metavar="TYPE",
    type=click.Choice(AttributeType.values),
    help=N_("the type of its values"),
)
@base.option("--label", default="", help=N_("display name"))
@base.option("--choices", default="", help=N_("the only valid values, with commas"))
@options.pass_invocation
def define(
    invocation: Invocation, name: str, type_: str, label: str, choices: str
) -> None:
    attribute = attribute_store.define(
        name=name,
        type=type_,
        label=label,
        choices=[choice for each in choices.split(",") if (choice := each.strip())],
        **invocation.query_args,
    )
    invocation.out.answer(
        {"name": attribute.name, "type": attribute.type, "choices": attribute.choices},
        f"{attribute.name}  {attribute.type}",
    )


@attributes.command(
    "change-type", help=N_("Convert an attribute and its values to another type")
)
@base.argument("name", help=N_("name used in rules and files"))
@base.argument(
    "type_",
    metavar="TYPE",
    type=click.Choice(AttributeType.values),
    help=N_("the new type"),
)
@base.option(
    "--drop-unreadable",
    is_flag=True,
    help=N_("move values that cannot be converted to the history of their members"),
)
@base.option("--dry-run", is_flag=True, help=N_("show what would change"))
@options.pass_invocation
def change_type(
    invocation: Invocation,
    name: str,
    type_: str,
    drop_unreadable: bool,
    dry_run: bool,
) -> None:
    attribute = attribute_store.get(invocation.community, name)
    about = {"attribute": attribute, "type": type_, **invocation.verb_args}
    if dry_run:
        change = type_changes.preview(**about)
    else:
        change = type_changes.change_type(**about, drop_unreadable=drop_unreadable)
    record = {
        "attribute": name,
        "type": attribute.type,
        "converted": change.converted,
        "restored": change.restored,
        "altered": change.altered.count,
        "unreadable": change.unreadable.count,
        "broken_rules": [str(rule) for rule in change.broken_rules],
    }
    lines = type_changes.describe(change)
    if change.broken_rules:
        lines.append(type_changes.describe_broken_rules(change))
    if dry_run:
        lines.append(_("Nothing was changed."))
    invocation.out.answer(record, *lines)
