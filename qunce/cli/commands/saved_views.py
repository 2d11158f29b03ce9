"""`qunce saved-views`: columns, filters and a sorting of the member list by name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.saved_views import saved_views as store
from qunce.members.saved_views.models import SavedView

saved_views = base.Group("saved-views")


@saved_views.command(
    "list", help=N_("List one's own views of the member list, and those of others")
)
@options.pass_invocation
def list_views(invocation: Invocation) -> None:
    _answer(invocation, store.list_for(invocation.by))


@saved_views.command("save", help=N_("Save a view; one with this name is replaced"))
@base.argument("name", help=N_("name of the view"))
@base.option("--column", "columns", multiple=True, help=N_("a column, in this order"))
@base.option(
    "--rule", default="", help=N_("members that are listed, as JSON or segment:KEY")
)
@base.option("--sort-by", default="", help=N_("a column; with - before it, reversed"))
@base.option("--shared", is_flag=True, help=N_("let colleagues see it"))
@options.pass_invocation
def save(
    invocation: Invocation,
    name: str,
    columns: tuple[str, ...],
    rule: str,
    sort_by: str,
    shared: bool,
) -> None:
    parsed = options.parse_rule(rule) if rule else None
    view = store.save(
        name=name,
        columns=columns,
        filters={} if parsed is None else {"rule": [options.format_rule(parsed)]},
        sort_by=sort_by,
        is_shared=shared,
        **invocation.verb_args,
    )
    _answer(invocation, [view])


@saved_views.command("delete", help=N_("Delete a view"))
@base.argument("view", type=int, help=N_("the view's number"))
@options.pass_invocation
def delete(invocation: Invocation, view: int) -> None:
    found = store.get(by=invocation.by, pk=view)
    name = found.name
    store.delete(view=found, **invocation.verb_args)
    invocation.out.answer({"deleted": view}, _("Deleted: %(name)s") % {"name": name})


def _answer(invocation: Invocation, rows: list[SavedView]) -> None:
    records: list[dict[str, Any]] = [
        {
            "id": view.pk,
            "name": view.name,
            "columns": view.columns,
            "filters": view.filters,
            "sort_by": view.sort_by,
            "shared": view.is_shared,
            "staff": view.staff.login,
        }
        for view in rows
    ]
    invocation.out.answer({"saved_views": records})
    for record in records:
        shared = _("shared") if record["shared"] else ""
        parts = [f"{record['id']:>6}", record["name"], record["staff"], shared]
        invocation.out.line("  ".join(part for part in parts if part))
