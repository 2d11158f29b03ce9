"""Gives each test process its own QUNCE_HOME, and copies of a migrated one.

Loaded by `-p tests.home` in pyproject.toml: pytest-django reads the settings
before any conftest, and the settings read QUNCE_HOME.

Creating all tables takes a second. One run does it once per database and copies the
result; what a first start does is tested in tests/cli.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
HOME = tempfile.mkdtemp(prefix=f"qunce-{WORKER}-")
os.environ["QUNCE_HOME"] = HOME
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
# The workers of a run inherit the folder of the process that starts them.
SHARED = Path(os.environ.setdefault("QUNCE_TEST_SHARED", f"{HOME}/shared"))
TEMPLATE = "qunce_template"
STATIC = "static"
MIGRATE = """
import django
django.setup()
from django.conf import settings
from django.db import connections
from qunce.cli import static_files
from qunce.core import data_dir
for alias in settings.DATABASES:
    data_dir.migrate(alias)
connections.close_all()
if connections["default"].vendor == "sqlite":
    static_files.collect()
"""


def migrated(folder: Path) -> Path:
    """Copy migrated SQLite databases and static files into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with once("home") as created:
        if not created.exists():
            _migrate(created, "")
    for file in created.glob("*.sqlite3"):
        shutil.copy(file, folder)
    # Files that nothing writes to; collecting them takes as long as all tables do.
    shutil.copytree(created / STATIC, folder / STATIC, copy_function=os.link)
    return folder


def fill_test_databases() -> None:
    """Put migrated databases where Django expects the databases of the tests."""
    from django.db import connections
    from django.db.backends.base.creation import TEST_DATABASE_PREFIX

    if connections["default"].vendor == "postgresql":
        # The setting is empty without xdist; Django creates the tables in its own name then.
        given = connections["default"].settings_dict
        clone(given["TEST"]["NAME"] or TEST_DATABASE_PREFIX + given["NAME"])
        return
    folder = migrated(Path(HOME) / "migrated")
    for each in connections.all():
        # No test loses power. Waiting for the disk at every commit takes a minute.
        options = each.settings_dict["OPTIONS"]
        options["init_command"] += ";PRAGMA synchronous=OFF"
        target = Path(each.settings_dict["TEST"]["NAME"])
        (folder / Path(each.settings_dict["NAME"]).name).rename(target)


def clone(database: str) -> str:
    """Create a migrated database in the cluster of DATABASE_URL and return its URL."""
    import psycopg

    url = os.environ["DATABASE_URL"]
    with once("cluster") as created, psycopg.connect(url, autocommit=True) as server:
        if not created.exists():
            server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
            server.execute(f"CREATE DATABASE {TEMPLATE}")
            _migrate(created, _url_of(TEMPLATE))
        server.execute(f'DROP DATABASE IF EXISTS "{database}"')
        server.execute(f'CREATE DATABASE "{database}" TEMPLATE {TEMPLATE}')
    return _url_of(database)


def create_empty(database: str) -> str:
    """Create an empty database in the cluster of DATABASE_URL and return its URL."""
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{database}"')
        server.execute(f'CREATE DATABASE "{database}"')
    return _url_of(database)


def _url_of(database: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


@contextlib.contextmanager
def once(name: str) -> Iterator[Path]:
    """The path of what one process of this run makes while the others wait."""
    SHARED.mkdir(exist_ok=True)
    with (SHARED / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield SHARED / name


def _migrate(home: Path, url: str) -> None:
    """Apply all migrations; a failure leaves no `home` behind."""
    new = Path(tempfile.mkdtemp(dir=SHARED))
    env = os.environ | {"QUNCE_HOME": str(new), "DATABASE_URL": url}
    env["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    subprocess.run([sys.executable, "-c", MIGRATE], env=env, check=True)
    new.rename(home)
