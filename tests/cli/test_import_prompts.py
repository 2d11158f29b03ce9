from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from qunce.cli import import_prompts
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.plan import ImportPlan
from tests.factories import AT
from tests.importing import helpers

pytestmark = pytest.mark.django_db


def ask(
    shop: Community,
    folder: Path,
    typed: str,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[ImportPlan, list[str]]:
    text = "key,joined_at,tags\na,3/5/2024,vip;tea、cup\n"
    source = sources.inspect(helpers.write(folder, text))
    lines: list[str] = []
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    def plan_with(options: ImportOptions) -> ImportPlan:
        return pipeline.plan(
            community=shop,
            source=source,
            options=options,
            by=staff_models.system(shop),
            at=AT,
        )

    out: Any = SimpleNamespace(note=lines.append)
    plan = import_prompts.answer_all(plan_with, ImportOptions(), out)
    return plan, lines


def test_open_questions_are_asked_one_by_one(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, lines = ask(shop, tmp_path, "x\n2\n;\n", monkeypatch)
    assert plan.traits["joined_at"].order == "mdy"
    assert plan.traits["tags"].separator == ";"
    assert any("2024-03-05" in line for line in lines)
    assert not any(question.is_open for question in plan.questions)


def test_end_of_input_stops_the_import(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(click.Abort):
        ask(shop, tmp_path, "", monkeypatch)
