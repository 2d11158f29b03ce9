from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from tests import home, postgres


def test_tests_have_their_own_home_folder() -> None:
    assert os.environ["QUNCE_HOME"] == home.HOME
    assert Path(home.HOME).is_dir()


@pytest.mark.both_databases
@pytest.mark.django_db
def test_every_database_answers_a_query() -> None:
    vendor = "postgresql" if os.environ.get("DATABASE_URL") else "sqlite"
    assert {connections[alias].vendor for alias in settings.DATABASES} == {vendor}
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


@pytest.mark.postgres_only
def test_cluster_keeps_data_over_a_crash_and_is_deleted_at_the_end() -> None:
    with postgres.cluster() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE stored AS SELECT 7 AS n")
        server.stop(signal.SIGQUIT)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM stored").fetchone() == (7,)
    assert not server.folder.exists()


@pytest.mark.postgres_only
def test_dump_is_restored_into_another_cluster(tmp_path: Path) -> None:
    dump = str(tmp_path / "dump")
    with postgres.cluster() as one, postgres.cluster() as other:
        source, target = one.create("source"), other.create("target")
        with psycopg.connect(source) as connection:
            connection.execute("CREATE TABLE moved AS SELECT '社群' AS name")
        for name, *rest in (
            ("pg_dump", "--format=custom", f"--file={dump}", source),
            ("pg_restore", f"--dbname={target}", dump),
        ):
            subprocess.run([postgres.binary(name), *rest], check=True)
        with psycopg.connect(target) as connection:
            assert connection.execute("SELECT name FROM moved").fetchone() == ("社群",)
