"""Everything that is declared is explained, and the pages say so as of now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from django.conf import settings as django_settings

from docs import __main__ as writer
from docs import columns, commands, pages, rooms, settings
from qunce.core.facts import facts
from qunce.importing import registry
from qunce.sets.rules import base

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _every_room() -> None:
    rooms.import_all()


def test_every_page_is_current() -> None:
    """In a process of its own: other tests declare kinds and permissions, too."""
    checked = subprocess.run(
        [sys.executable, "-m", "docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, f"run `make docs`: {checked.stdout}"
    assert {path.name for path in writer.FOLDER.iterdir()} == set(pages.all_pages())


def test_every_kind_of_fact_is_put_into_words() -> None:
    declared = facts.declared().values()
    events = [event for event in declared if event.__module__.startswith("qunce.")]
    assert [event.kind for event in events if not event.label] == []


def test_every_clause_is_explained() -> None:
    declared = base.DECLARATIONS
    assert declared
    assert [name for name in declared if not declared[name].description] == []
    assert [name for name in declared if not declared[name].fields] == []


def test_every_command_and_option_says_what_it_is() -> None:
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


def test_every_target_of_an_import_is_explained() -> None:
    assert registry.list_keys()
    for key in registry.list_keys():
        target = registry.get(key)
        assert {field.type for field in target.fields} <= set(columns.TYPES), key
        assert target.extras in columns.EXTRAS, key


def test_every_environment_variable_is_explained() -> None:
    assert settings.read_in_code() == set(settings.VARIABLES)


def test_every_limit_of_the_engine_is_explained() -> None:
    source = (ROOT / "qunce" / "settings.py").read_text()
    limits = source.partition("# The engine's own limits")[2]
    names = {line.split(" = ")[0] for line in limits.splitlines() if " = " in line}
    assert names == set(settings.LIMITS)
    assert all(hasattr(django_settings, name) for name in names)
