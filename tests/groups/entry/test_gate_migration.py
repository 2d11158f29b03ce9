"""The questions that gates had become surveys, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import home

SCRIPT = """
import json, sys
import django
django.setup()
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.core.management import call_command
from qunce.core import data_dir, new_databases

def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps

before = [
    ("entry", "0002_threshold_in_words"), ("surveys", "0001_initial"),
    ("members", "0008_scores"),
]
apps = migrate(before)
get = apps.get_model
at = "2026-03-05T00:00:00+00:00"
from datetime import datetime
at = datetime.fromisoformat(at)
from django.db import models

def make(model, **given):
    # Whatever other columns there are has a value of its type.
    for field in model._meta.concrete_fields:
        if field.name in given or field.primary_key or field.has_default() or field.null:
            continue
        if field.is_relation:
            if field.name == "by":
                given["by"] = ann
            continue
        if "Timestamp" in type(field).__name__:
            given[field.name] = at
    return model.objects.create(**given)

shop = make(get("core", "Community"), key="shop", name="Shop", language="zh-hans")
ann = make(get("core", "Staff"), community=shop, login="ann", name="Ann")
make(get("members", "Attribute"), community=shop, name="cups", label="Cups", type="number")
Group, Gate = get("groups", "Group"), get("entry", "EntryGate")
north = make(Group, community=shop, key="north", name="North")
south = make(Group, community=shop, key="south", name="South")
questions = [
    {"text": "Where?", "attribute": "", "answers": [
        {"words": ["上海", "Shanghai"], "tag": "local"}]},
    {"text": "Cups?", "attribute": "cups", "answers": []},
    {"text": "Why?", "attribute": "", "answers": []},
]
make(Gate, community=shop, group=north, questions=questions, by=ann, is_on=True)
make(Gate, community=shop, group=south, questions=[], by=ann)
migrate([("entry", "0005_questions_are_of_the_survey")])
call_command("migrate", verbosity=0)

from qunce.groups.entry.models import EntryGate
from qunce.groups.entry import gates
found = {}
for gate in EntryGate.objects.order_by("pk"):
    survey = gate.asked_survey
    found[gate.group.key] = {
        "questions": gate.questions,
        "kinds": [each.kind for each in gate.survey_questions],
        "steps": gates.terms_of(gate, at).steps,
        "name": survey and survey.name,
        "own": gate.owns_survey,
    }
print(json.dumps(found))
"""


@pytest.mark.both_databases
def test_questions_of_gates_become_surveys(tmp_path: Path) -> None:
    env = os.environ | {
        "QUNCE_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "qunce.settings",
    }
    if "DATABASE_URL" in env:
        env["DATABASE_URL"] = home.create_empty("gate_questions")
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()
    found = json.loads(result.stdout.splitlines()[-1])
    north, south = found["north"], found["south"]
    assert north["kinds"] == ["single", "number", "text"]
    assert north["steps"] == ["q1", "q2", "q3"]
    assert north["questions"][0]["answers"] == [
        {"words": ["上海", "Shanghai"], "tag": "local"}
    ]
    assert north["name"] == "入群问题：North"
    assert north["own"]
    assert (south["questions"], south["name"], south["own"]) == ([], None, False)
