"""`qunce surveys`: surveys, their results, and their answers as a file."""

from __future__ import annotations

import io
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import csv_safety
from qunce.members.surveys import exports, results
from qunce.members.surveys import surveys as survey_store
from qunce.members.surveys.models import State, Survey

SURVEY_HELP = N_("id of the survey, as in the address of its page")

surveys = base.Group("surveys")


def _to_json(survey: Survey) -> dict[str, Any]:
    names = ("public_id", "name", "state", "is_anonymous", "repeat", "round")
    return {"id": survey.pk, **{name: getattr(survey, name) for name in names}}


def _format(row: dict[str, Any]) -> str:
    return f"{row['public_id']} {State(row['state']).label} · {row['name']}"


@surveys.command("list", help=N_("List surveys, the newest first"))
@options.pass_invocation
def list_surveys(invocation: Invocation) -> None:
    rows = survey_store.list_all(invocation.by)[:1_000]
    invocation.out.write_list("surveys", [_to_json(row) for row in rows], _format)


@surveys.command("results", help=N_("Show how many answered, and each question"))
@base.argument("survey", help=SURVEY_HELP)
@base.option("--round", "round_", default="", help=N_("only this round, such as 2"))
@options.pass_invocation
def show_results(invocation: Invocation, survey: str, round_: str) -> None:
    found = results.compute(
        survey=survey_store.get_by_key(by=invocation.by, key=survey),
        round=round_,
        **invocation.verb_args,
    )
    content = {
        "answered": found.answered,
        "asked": found.asked,
        "held": found.held,
        "questions": [
            {
                "key": each.question.key,
                "text": each.question.text,
                "answered": each.answered,
                "lines": {label: count for label, count, _share in each.lines},
                "mean": each.mean,
                "median": each.median,
                "nps": each.nps,
            }
            for each in found.questions
        ],
    }
    lines = [f"{found.answered:,} / {found.asked:,}", *filter(None, [found.held])]
    for each in found.questions:
        numbers = {"n": each.answered, "mean": each.mean, "median": each.median}
        numbers["nps"] = each.nps
        shown = " ".join(
            f"{name}={value:g}" for name, value in numbers.items() if value is not None
        )
        lines.append(f"{each.question.key} {each.question.text} · {shown}")
        lines += [f"  {label}: {count:,}" for label, count, _share in each.lines]
    invocation.out.answer(content, "\n".join(lines))


@surveys.command("export", help=N_("Write the answers as CSV"))
@base.argument("survey", help=SURVEY_HELP)
@options.pass_invocation
def export(invocation: Invocation, survey: str) -> None:
    rows = exports.table(
        survey=survey_store.get_by_key(by=invocation.by, key=survey),
        **invocation.verb_args,
    )
    file = io.StringIO()
    csv_safety.write_rows(file, rows)
    click.echo(file.getvalue(), nl=False)
