"""Asks, in a terminal, what the plan of an import leaves open."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable

import click
from django.utils.translation import gettext as _

from qunce.cli.output import Out
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.plan.questions import Question


def answer_all(
    plan_with: Callable[[ImportOptions], ImportPlan], options: ImportOptions, out: Out
) -> ImportPlan:
    """Return the plan once every question has an answer."""
    plan = plan_with(options)
    while open_questions := [q for q in plan.questions if q.is_open]:
        question = open_questions[0]
        answers = {**options.answers, question.key: _ask(question, out)}
        options = dataclasses.replace(options, answers=answers)
        # An answer may raise or settle other questions.
        plan = plan_with(options)
    return plan


def _ask(question: Question, out: Out) -> str:
    out.note(question.text)
    for number, choice in enumerate(question.choices, start=1):
        sample = f"  ({choice.sample})" if choice.sample else ""
        out.note(f"  {number}  {choice.label}{sample}")
    values = [choice.value for choice in question.choices]
    while True:
        out.note(_("Number or value:"))
        line = sys.stdin.readline()
        if not line:
            raise click.Abort
        text = line.strip()
        if text.isdigit() and 0 < int(text) <= len(values):
            return values[int(text) - 1]
        if text in values or (text and not values):
            return text
