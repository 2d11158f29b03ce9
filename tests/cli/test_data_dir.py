from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from qunce.core import data_dir
from tests.cli.runner import command, environment


@pytest.mark.django_db
@pytest.mark.both_databases
def test_no_migration_is_pending_in_a_migrated_home() -> None:
    for alias in settings.DATABASES:
        assert data_dir.pending(alias) == set()


def test_migrations_of_every_app_are_found() -> None:
    migrations = data_dir.migrations_on_disk()
    assert ("core", "0001_initial") in migrations
    assert ("auth", "0001_initial") in migrations
    assert all(name[0].isdigit() for _app, name in migrations)


def test_two_concurrent_first_starts_create_one_data_directory(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            command("status", "--community", "acme", "--json"),
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _number in range(2)
    ]
    for process in both:
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        assert json.loads(output)["community"] == "acme"


def test_home_with_a_server_cannot_be_locked_exclusively() -> None:
    with (
        data_dir.shared(),
        data_dir.shared(),
        pytest.raises(data_dir.HomeInUse),
        data_dir.exclusive(),
    ):
        pass
    with data_dir.exclusive():
        pass
