"""`qunce message-templates`: texts by purpose, in variants."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.outreach.campaigns import content_uses
from qunce.outreach.content import message_templates
from qunce.outreach.content.message_templates import LETTERS, MessageTemplate

TEMPLATE_HELP = N_("number of the template")

group = base.Group("message-templates")


def _to_json(template: MessageTemplate) -> dict[str, Any]:
    return {
        "id": template.pk,
        "name": template.name,
        "purpose": template.purpose,
        "target": template.target,
        "texts": {key: version.text for key, version in template.texts.items()},
    }


@group.command("list", help=N_("List message templates, by purpose"))
@base.option("--purpose", default="", help=N_("purpose, such as welcome"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_templates(invocation: Invocation, purpose: str, archived: bool) -> None:
    rows = message_templates.list_visible(invocation.by, archived=archived)
    found = [_to_json(row) for row in rows if purpose in ("", row.purpose)]
    invocation.out.answer({"message_templates": found})
    for row in found:
        variants = "".join(row["texts"])
        invocation.out.line(
            f"{row['id']:>6} {row['purpose']:<14} {variants:<4} {row['name']}"
        )


@group.command(
    "show", help=N_("Show a message template and the results of its variants")
)
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def show(invocation: Invocation, template: int) -> None:
    found = message_templates.get(by=invocation.by, pk=template)
    results = content_uses.list_template_results(by=invocation.by, template=found)
    rows = [
        {
            "variant": version.variant,
            "version": version.number,
            "campaigns": count,
            "messages": result.total,
            "reached": result.reached,
            "clicked": result.clicked,
        }
        for version, count, result in results
    ]
    texts = [f"{key}: {version.text}" for key, version in found.texts.items()]
    invocation.out.answer({**_to_json(found), "results": rows}, found.name, *texts)
    for row in rows:
        invocation.out.line(
            f"{row['variant']}{row['version']:<4} {row['messages']:>8,}"
            f" {row['reached']:>8,} {row['clicked']:>8,}"
        )


@group.command("add", help=N_("Add a message template"))
@base.argument("purpose", help=N_("purpose, such as welcome"))
@base.argument("name", help=N_("name"))
@base.option(
    "--text",
    "texts",
    multiple=True,
    required=True,
    help=N_("text; repeat it for variants"),
)
@base.option(
    "--to",
    "target",
    type=click.Choice(["members", "groups"]),
    default="members",
    help=N_("members or groups"),
)
@base.option("--notes", default="", help=N_("notes for staff"))
@options.pass_invocation
def add(invocation: Invocation, texts: tuple[str, ...], **fields: Any) -> None:
    if len(texts) > len(LETTERS):
        raise message_templates.InvalidTemplate(
            _("A template needs a text, and has at most four.")
        )
    by_letter = dict(zip(LETTERS, texts, strict=False))
    created = message_templates.create(
        texts=by_letter, **fields, **invocation.query_args
    )
    invocation.out.answer(
        {"id": created.pk},
        _("Template %(id)s “%(name)s” added.") % {"id": created.pk, "name": created},
    )


@group.command("archive", help=N_("Archive a message template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def archive(invocation: Invocation, template: int) -> None:
    found = message_templates.get(by=invocation.by, pk=template)
    message_templates.archive(template=found, **invocation.verb_args)
    invocation.out.answer({"id": found.pk}, _("“%(name)s” archived.") % {"name": found})


@group.command("restore", help=N_("Restore an archived message template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def restore(invocation: Invocation, template: int) -> None:
    found = message_templates.get(by=invocation.by, pk=template)
    message_templates.restore(template=found, **invocation.verb_args)
    invocation.out.answer(
        {"id": found.pk}, _("“%(name)s” can be used again.") % {"name": found}
    )
