"""`qunce materials`: the library of what staff send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.outreach.campaigns import content_uses
from qunce.outreach.content import files
from qunce.outreach.content.files import Depth
from qunce.outreach.content.materials import checks, library, search
from qunce.outreach.content.materials.models import Material
from qunce.outreach.content.materials.search import Filters

MATERIAL_HELP = N_("number of the material")

materials = base.Group("materials")


def _why_not_sendable(material: Material, invocation: Invocation) -> str:
    return checks.why_version_not_sendable(material.version, invocation.at, Depth.SIZE)


def _to_json(material: Material, reason: str) -> dict[str, Any]:
    version = material.version
    return {
        "id": material.pk,
        "kind": material.kind,
        "content_type": material.content_type,
        "title": version.title,
        "version": version.number,
        "folder": material.folder,
        "tags": material.tags,
        "stock": material.stock,
        "licence_until": material.licence_until.isoformat()
        if material.licence_until
        else None,
        "archived": material.archived_at is not None,
        "not_sendable": reason,
    }


@materials.command("list", help=N_("List materials, the newest first"))
@base.option("--search", "query", default="", help=N_("words, or pinyin of names"))
@base.option("--kind", default="", help=N_("kind, such as image"))
@base.option("--type", "content_type", default="", help=N_("content type"))
@base.option("--folder", default="", help=N_("folder"))
@base.option("--tag", default="", help=N_("tag of the library"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_materials(invocation: Invocation, archived: bool, **filters: str) -> None:
    found = search.find(
        invocation.by,
        Filters(state="archived" if archived else "", **filters),
        at=invocation.at,
    )
    rows = [_to_json(each, _why_not_sendable(each, invocation)) for each in found]
    invocation.out.answer({"materials": rows})
    for row in rows:
        invocation.out.line(
            f"{row['id']:>6} {row['kind']:<12} {row['title']} {row['not_sendable']}".rstrip()
        )


@materials.command("show", help=N_("Show a material, its versions and its results"))
@base.argument("material", type=int, help=MATERIAL_HELP)
@options.pass_invocation
def show(invocation: Invocation, material: int) -> None:
    found = library.get(by=invocation.by, pk=material)
    reason, version = _why_not_sendable(found, invocation), found.version
    result = content_uses.total_results(by=invocation.by, material=found)
    uses = content_uses.list_uses(by=invocation.by, material=found)
    invocation.out.answer(
        {
            **_to_json(found, reason),
            "text": version.text,
            "notes": version.notes,
            "url": version.url,
            "files": [file.name for file in version.files],
            "versions": [each.number for each in library.list_versions(found)],
            "campaigns": [use.campaign.key for use in uses],
            "messages": result.total,
            "reached": result.reached,
            "delivered": result.delivered,
        },
        version.title,
        *filter(None, [version.text, version.url, reason]),
        _("Campaigns: %(n)s. Messages: %(total)s, sent or delivered: %(reached)s.")
        % {"n": len(uses), "total": result.total, "reached": result.reached},
    )


@materials.command("add", help=N_("Add a material"))
@base.argument("kind", help=N_("kind, such as image"))
@base.argument("title", help=N_("name"))
@base.option("--type", "content_type", required=True, help=N_("content type"))
@base.option("--text", help=N_("text that is sent"))
@base.option("--notes", help=N_("notes for staff"))
@base.option("--url", help=N_("link"))
@base.option("--app-id", help=N_("AppID of the mini-program"))
@base.option("--app-path", help=N_("page of the mini-program"))
@base.option("--points", help=N_("selling points, one per line"))
@base.option("--price", help=N_("price in the currency of the community"))
@base.option("--stock", type=click.IntRange(0), help=N_("stock of a product"))
@base.option("--folder", default="", help=N_("folder"))
@base.option("--tag", "tags", multiple=True, help=N_("tag of the library; repeatable"))
@base.option("--origin", default="", help=N_("source, such as a studio"))
@base.option("--licence", default="", help=N_("licence"))
@base.option(
    "--licence-until", metavar="DAY", help=N_("last day on which it may be sent")
)
@base.option(
    "--file",
    "paths",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help=N_("file; repeatable"),
)
@options.pass_invocation
def add(
    invocation: Invocation,
    paths: tuple[str, ...],
    price: str | None,
    licence_until: str | None,
    **fields: Any,
) -> None:
    # Before the files, so that a wrong price stores none.
    currency = invocation.community.currency
    fields["price"] = None if price is None else money.to_units(price, currency)
    fields["licence_until"] = checks.licence_day(licence_until or "")
    stored = []
    for path in paths:
        with Path(path).open("rb") as content:
            name = Path(path).name
            stored.append(
                files.store(content=content, name=name, **invocation.verb_args)
            )
    material = library.create(files=stored, **fields, **invocation.query_args)
    invocation.out.answer(
        {"id": material.pk, "version": material.version.number},
        _("Material %(id)s “%(name)s” added.") % {"id": material.pk, "name": material},
    )


@materials.command("set-stock", help=N_("Set the stock of a product"))
@base.argument("material", type=int, help=MATERIAL_HELP)
@base.argument("stock", type=click.IntRange(0, 2**31 - 1), help=N_("pieces left"))
@options.pass_invocation
def set_stock(invocation: Invocation, material: int, stock: int) -> None:
    found = library.get(by=invocation.by, pk=material)
    library.update(material=found, stock=stock, **invocation.verb_args)
    invocation.out.answer(
        {"id": found.pk, "stock": found.stock},
        _("“%(name)s”: stock %(n)s.") % {"name": found, "n": f"{stock:,}"},
    )


@materials.command("archive", help=N_("Archive a material; what was sent keeps it"))
@base.argument("material", type=int, help=MATERIAL_HELP)
@options.pass_invocation
def archive(invocation: Invocation, material: int) -> None:
    found = library.get(by=invocation.by, pk=material)
    uses = content_uses.list_uses(by=invocation.by, material=found)
    library.archive(material=found, **invocation.verb_args)
    invocation.out.answer(
        {"id": found.pk, "campaigns": [use.campaign.key for use in uses]},
        _("“%(name)s” archived. Campaigns that use it: %(n)s.")
        % {"name": found, "n": len(uses)},
    )


@materials.command("restore", help=N_("Restore an archived material"))
@base.argument("material", type=int, help=MATERIAL_HELP)
@options.pass_invocation
def restore(invocation: Invocation, material: int) -> None:
    found = library.get(by=invocation.by, pk=material)
    library.restore(material=found, **invocation.verb_args)
    invocation.out.answer(
        {"id": found.pk}, _("“%(name)s” can be used again.") % {"name": found}
    )
