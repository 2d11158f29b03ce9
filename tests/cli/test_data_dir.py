from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from qunce.cli import data_dir
from tests.cli.runner import command, environment


@pytest.mark.django_db
@pytest.mark.both_databases
def test_nothing_is_pending_in_a_home_that_is_ready() -> None:
    for alias in settings.DATABASES:
        assert data_dir.pending(alias) == set()


def test_it_finds_the_migrations_of_every_room() -> None:
    found = data_dir.on_disk()
    assert ("core", "0001_initial") in found
    assert ("auth", "0001_initial") in found
    assert all(name[0].isdigit() for _app, name in found)


def test_two_processes_that_come_first_make_one_home(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            command("status", "--community", "acme", "--json"),
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _turn in range(2)
    ]
    for process in both:
        said, complained = process.communicate(timeout=120)
        assert process.returncode == 0, complained
        assert json.loads(said)["community"] == "acme"


def test_a_home_in_use_is_not_to_be_had_alone() -> None:
    with (
        data_dir.in_use(),
        data_dir.in_use(),
        pytest.raises(data_dir.HomeInUse),
        data_dir.alone(),
    ):
        pass
    with data_dir.alone():
        pass
