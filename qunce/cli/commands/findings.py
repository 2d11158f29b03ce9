"""`qunce findings`: what left its weekly rhythm, and what staff decided about it."""

from __future__ import annotations

from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.findings import daily, decisions, sentences
from qunce.insight.findings.actions import ACTIONS
from qunce.insight.findings.models import Decided, FindingDecision

CELL_HELP = N_("the finding, such as group:leaves:up:fruit-3")
ACTION = click.Choice(list(ACTIONS))

findings = base.Group("findings")


@findings.command("list", help=N_("Show the open findings of today"))
@options.pass_invocation
def list_findings(invocation: Invocation) -> None:
    invocation.derive()
    found = daily.load(by=invocation.by, at=invocation.at)
    rows = [
        {"cell": each.cell, "text": sentences.headline(each), **each.to_json()}
        for each in found.open
    ]
    invocation.out.answer(
        {
            "until": found.all.until.isoformat(),
            "asked": found.all.asked,
            "not_enough": found.all.not_enough,
            "findings": rows,
        }
    )
    for finding in found.open:
        invocation.out.line(f"{finding.cell}  {sentences.headline(finding)}")
        invocation.out.line(f"    {sentences.cause_line(finding)}")


def _to_line(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {row['day']} {row['decided']} {row['cell']}  {row['text']}"


def _to_json(decision: FindingDecision) -> dict[str, Any]:
    finding, outcome = decisions.finding_of(decision), decisions.outcome_of(decision)
    text = decision.reason
    if decision.decided == Decided.ACTED:
        text = f"{decision.action}: {sentences.outcome_line(outcome, finding)}"
    return {**decisions.to_json(decision), "text": text}


@findings.command("history", help=N_("Show dismissed findings, and what actions did"))
@options.pass_invocation
def history(invocation: Invocation) -> None:
    rows = [_to_json(row) for row in decisions.list_visible(invocation.by)]
    invocation.out.write_list("decisions", rows, _to_line)


@findings.command("dismiss", help=N_("Keep a finding away for 14 days"))
@base.argument("cell", help=CELL_HELP)
@base.option("--reason", required=True, help=N_("why it is dismissed"))
@options.pass_invocation
def dismiss(invocation: Invocation, cell: str, reason: str) -> None:
    row = decisions.dismiss(cell=cell, reason=reason, **invocation.query_args)
    _answer(invocation, row)


@findings.command("act", help=N_("Record that somebody acts on a finding"))
@base.argument("cell", help=CELL_HELP)
@base.option("--action", type=ACTION, default=None, help=N_("what is done"))
@options.pass_invocation
def act(invocation: Invocation, cell: str, action: str | None) -> None:
    row = decisions.act(cell=cell, action=action or "", **invocation.query_args)
    _answer(invocation, row)


@findings.command("withdraw", help=N_("Undo a decision about a finding"))
@base.argument("decision", type=int, help=N_("number of the decision"))
@options.pass_invocation
def withdraw(invocation: Invocation, decision: int) -> None:
    row = decisions.get(by=invocation.by, pk=decision)
    decisions.withdraw(decision=row, **invocation.verb_args)
    _answer(invocation, row)


def _answer(invocation: Invocation, decision: FindingDecision) -> None:
    row = _to_json(decision)
    invocation.out.answer(row, _to_line(row))
