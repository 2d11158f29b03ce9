"""`qunce funnels`: list, show, create, change and archive funnels."""

from __future__ import annotations

import json
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight import breakdowns
from qunce.insight.funnels import funnels as store
from qunce.insight.funnels import results, templates
from qunce.insight.funnels.models import Funnel
from qunce.insight.funnels.results import FunnelResult

NUMBER_HELP = N_("number of the funnel")
DEFINITION_HELP = N_(
    'steps and times, such as {"steps": [{"kind": "send.clicked"}, {"kind": "order.paid"}], "within": "7d", "during": {"within": "90d"}}'
)
BY_HELP = N_(
    "break down: source, group, staff, layer:key, tag_group:key or attribute:name"
)

funnels = base.Group("funnels")


def _to_json(row: Funnel) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "state": row.state,
        "definition": row.definition,
    }


@funnels.command("list", help=N_("List the funnels"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_funnels(invocation: Invocation, archived: bool) -> None:
    rows = store.list_visible(invocation.by, archived=archived)
    invocation.out.answer({"funnels": [_to_json(row) for row in rows]})
    for row in rows:
        invocation.out.line(f"{row.pk:>6} {row.name}")


@funnels.command("show", help=N_("Show how many people took each step"))
@base.argument("number", type=int, help=NUMBER_HELP)
@base.option("--by", "breakdown", default="", help=BY_HELP)
@options.pass_invocation
def show(invocation: Invocation, number: int, breakdown: str) -> None:
    row = store.get(by=invocation.by, pk=number)
    invocation.derive()
    asked: dict[str, Any] = {
        "definition": row.definition,
        "by": invocation.by,
        "at": invocation.at,
    }
    found = results.compute(**asked)
    parsed = breakdowns.parse(breakdown)
    lines = [] if parsed is None else results.compare(breakdown=parsed, **asked)
    invocation.out.answer(
        {
            **_to_json(row),
            **_result_json(found),
            "lines": [
                {"key": line.key, "label": line.label, **_result_json(line.result)}
                for line in lines
            ],
        },
        row.name,
    )
    for step in found.steps:
        share = "" if step.of_first is None else f"{step.of_first:6.1f} %"
        invocation.out.line(f"{step.people:>10,} {share:>9}  {step.label}")
    for line in lines:
        numbers = " → ".join(f"{step.people:,}" for step in line.result.steps)
        invocation.out.line(f"{line.label}: {numbers}")


def _result_json(found: FunnelResult) -> dict[str, Any]:
    return {
        "may_go_on": found.may_go_on,
        "steps": [
            {
                "label": step.label,
                "people": step.people,
                "dropped": step.dropped,
                "of_first": step.of_first,
                "of_previous": step.of_previous,
                "median_seconds": step.median.total_seconds() if step.median else None,
            }
            for step in found.steps
        ],
    }


@funnels.command("create", help=N_("Save a funnel"))
@base.argument("name", help=N_("name"))
@base.option("--definition", metavar="JSON", help=DEFINITION_HELP)
@base.option(
    "--template",
    type=click.Choice(sorted(templates.TEMPLATES)),
    help=N_("a ready-made funnel"),
)
@options.pass_invocation
def create(
    invocation: Invocation, name: str, definition: str | None, template: str | None
) -> None:
    if template is not None:
        _name, wanted = templates.TEMPLATES[template](invocation.community)
    else:
        wanted = _load(definition)
    row = store.create(name=name, definition=wanted, **invocation.query_args)
    invocation.out.answer(_to_json(row), f"{row.pk} {row.name}")


@funnels.command("update", help=N_("Rename a funnel or change its definition"))
@base.argument("number", type=int, help=NUMBER_HELP)
@base.option("--name", help=N_("name"))
@base.option("--definition", metavar="JSON", help=DEFINITION_HELP)
@options.pass_invocation
def update(
    invocation: Invocation, number: int, name: str | None, definition: str | None
) -> None:
    row = store.get(by=invocation.by, pk=number)
    wanted = None if definition is None else _load(definition)
    store.update(funnel=row, name=name, definition=wanted, **invocation.verb_args)
    invocation.out.answer(_to_json(row), f"{row.pk} {row.name}")


def _load(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        raise click.UsageError("--definition: JSON") from None


@funnels.command("archive", help=N_("Archive a funnel"))
@base.argument("number", type=int, help=NUMBER_HELP)
@options.pass_invocation
def archive(invocation: Invocation, number: int) -> None:
    row = store.get(by=invocation.by, pk=number)
    store.archive(funnel=row, **invocation.verb_args)
    invocation.out.answer(_to_json(row), f"{row.pk} {row.state}")


@funnels.command("restore", help=N_("Restore an archived funnel"))
@base.argument("number", type=int, help=NUMBER_HELP)
@options.pass_invocation
def restore(invocation: Invocation, number: int) -> None:
    row = store.get(by=invocation.by, pk=number)
    store.restore(funnel=row, **invocation.verb_args)
    invocation.out.answer(_to_json(row), f"{row.pk} {row.state}")
