"""Declarations are complete once Django has started.

Facts, permissions, clauses and metrics are declared by importing a module. A module that
nobody imports at start-up would be unknown in one process and known in another, so that a
role page or a webhook filter would depend on what was opened before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PRINT_DECLARATIONS = """
import json
import django

django.setup()

from docs import all_modules
from qunce.core import permissions
from qunce.core.facts import facts
from qunce.insight import metric_definitions
from qunce.sets.rules import base


def declared():
    return {
        "facts": sorted(facts.declared()),
        "permissions": sorted(permissions.declared()),
        "clauses": sorted(base.DECLARATIONS),
        "metrics": sorted(metric_definitions.METRICS),
    }


at_start = declared()
all_modules.import_all()
print(json.dumps([at_start, declared()]))
"""
EXAMPLES = {
    "facts": "task.handed_over",
    "permissions": "campaigns.export",
    "clauses": "opted_out",
    "metrics": "orders",
}


@cache
def declarations() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Declarations at start-up, and after importing every module, in a new process."""
    process = subprocess.run(
        [sys.executable, "-c", PRINT_DECLARATIONS],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "qunce.settings"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    at_start, complete = json.loads(process.stdout)
    return at_start, complete


@pytest.mark.parametrize("registry", sorted(EXAMPLES))
def test_declarations_are_complete_at_start_up(registry: str) -> None:
    at_start, complete = declarations()
    assert EXAMPLES[registry] in at_start[registry]
    assert at_start[registry] == complete[registry]
