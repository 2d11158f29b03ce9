"""Every declaration is described in the reference, and the reference is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from django.conf import settings as django_settings

from docs import __main__ as writer
from docs import all_modules, columns, commands, pages, settings
from qunce.core.facts import facts
from qunce.importing import target_registry
from qunce.sets.rules import base

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _all_modules() -> None:
    all_modules.import_all()


def test_every_page_is_current() -> None:
    # In another process, because other tests declare kinds and permissions, too.
    checked = subprocess.run(
        [sys.executable, "-m", "docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, f"run `make docs`: {checked.stdout}"
    assert {path.name for path in writer.FOLDER.iterdir()} == set(pages.all_pages())


def test_every_fact_kind_has_a_label() -> None:
    declared = facts.declared().values()
    kinds = [kind for kind in declared if kind.__module__.startswith("qunce.")]
    assert kinds
    assert [kind.kind for kind in kinds if not kind.label] == []


def test_every_clause_has_a_description_and_fields() -> None:
    declared = base.DECLARATIONS
    assert declared
    assert [name for name in declared if not declared[name].description] == []
    assert [name for name in declared if not declared[name].fields] == []


def test_every_command_and_option_has_a_help_text() -> None:
    undocumented = []
    for command in commands.commands():
        verbs = command.commands.values() if isinstance(command, click.Group) else ()
        for each in (command, *verbs):
            assert each.help, each.name
            undocumented += [
                f"{each.name} {param.name}"
                for param in commands.own_params(each)
                if not param.help
            ]
    assert undocumented == []


def test_every_type_of_an_import_column_is_described() -> None:
    assert target_registry.list_keys()
    for key in target_registry.list_keys():
        target = target_registry.get(key)
        assert {field.type for field in target.fields} <= set(columns.TYPES), key
        assert target.extras in columns.EXTRAS, key


def test_every_environment_variable_is_described() -> None:
    assert settings.read_in_code() == set(settings.VARIABLES)


def test_every_limit_of_the_engine_is_described() -> None:
    source = (ROOT / "qunce" / "settings.py").read_text()
    limits = source.partition("# Limits of the engine.")[2]
    names = {line.split(" = ")[0] for line in limits.splitlines() if " = " in line}
    assert names == set(settings.LIMITS)
    assert all(hasattr(django_settings, name) for name in names)
