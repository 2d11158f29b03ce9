"""Another truth in the place of the one that was derived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from qunce.core import communities, db
from qunce.core.communities import Community
from qunce.core.facts import committed
from qunce.core.facts.consumers import ConsumerPosition
from qunce.core.facts.facts import Fact
from qunce.sets.mirror import deriver, lineage, mirror
from tests import postgres
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    return logs.made()


@pytest.mark.both_databases
def test_a_renewed_lineage_starts_over(shop: Community) -> None:
    logs.write(shop, logs.some(40))
    deriver.catch_up()
    lineage.renew()
    Fact.objects.filter(pk__in=logs.ids()[:10]).delete()
    assert deriver.catch_up().facts == 30
    logs.assert_sound(shop)


@pytest.mark.both_databases
def test_a_lineage_that_is_at_home_stays(shop: Community) -> None:
    assert lineage.ensure_current() == lineage.ensure_current()
    logs.write(shop, logs.some(3))
    deriver.catch_up()
    assert lineage.Lineage.objects.get().token == lineage.ensure_current()


def test_an_older_copy_of_the_log_is_noticed(shop: Community) -> None:
    logs.write(shop, logs.some(40))
    deriver.catch_up()
    _put_back(30)
    assert deriver.catch_up().facts == 30
    logs.assert_sound(shop)


def test_an_older_copy_that_went_on_is_noticed(shop: Community) -> None:
    logs.write(shop, logs.some(40))
    deriver.catch_up()
    _put_back(30)
    logs.write(shop, [Row(2, 9, hours=n) for n in range(25)])
    assert deriver.catch_up().facts == 55
    logs.assert_sound(shop)


def test_the_newest_fact_may_be_erased(shop: Community) -> None:
    logs.write(shop, logs.some(40))
    deriver.catch_up()
    before = mirror.position().folder
    Fact.objects.filter(pk=logs.ids()[-1]).delete()
    deriver.catch_up()
    assert mirror.position().folder == before, "it is the same log all the same"


def _put_back(number: int) -> None:
    """As if a copy with so many facts had been put in place of the file."""
    last = logs.ids()[number - 1]
    Fact.objects.filter(pk__gt=last).delete()
    db.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = 'core_fact'", [last])


# A dump of PostgreSQL, restored where transaction ids begin anew


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[postgres.Cluster]:
    with postgres.cluster() as other:
        yield other


def _restored(other: postgres.Cluster, tmp_path: Path) -> str:
    """This test's database, in another cluster."""
    target, dump = other.create("moved"), str(tmp_path / "dump")
    params = connection.get_connection_params()
    source = [f"--dbname={params['dbname']}", f"--host={params['host']}"]
    source += [f"--username={params['user']}"]
    words = ["--format=custom", f"--file={dump}", *source]
    subprocess.run([postgres.binary("pg_dump"), *words], check=True)
    subprocess.run(
        [postgres.binary("pg_restore"), f"--dbname={target}", dump], check=True
    )
    return target


def _there(target: str, tmp_path: Path, what: str) -> Any:
    """Call a function of this module in a process that stands on the other cluster."""
    code = (
        "import django; django.setup(); import json;"
        f"from tests.sets import test_lineages as t; print(json.dumps(t.{what}()))"
    )
    env = os.environ | {"DATABASE_URL": target, "QUNCE_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | {"DJANGO_SETTINGS_MODULE": "qunce.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _age() -> None:
    """Use up transaction ids, so that the other cluster's are lower."""
    for _ in range(3000):
        db.rows("SELECT pg_current_xact_id()")


def write_at_once() -> int:
    """In the other cluster: facts before anybody notices the move."""
    logs.write(communities.get("tea"), logs.some(30, seed=7))
    numbers = db.rows("SELECT max(xid), min(xid) FROM core_fact")[0]
    assert numbers[0] > committed.last_position(), (
        "the old numbers are ahead of this cluster"
    )
    return int(Fact.objects.count())


def go_on() -> list[int]:
    shop = communities.get("tea")
    first = deriver.catch_up().facts
    logs.assert_sound(shop)
    logs.write(shop, logs.some(5))
    second = deriver.catch_up().facts
    logs.assert_sound(shop)
    return [first, second]


def react() -> int:
    """How many facts a consumer of the log still finds."""
    start = ConsumerPosition.objects.get(consumer="reactions").position
    names = dict(
        db.rows("SELECT id, name FROM core_interned_name WHERE namespace = 'kind'")
    )
    return len(committed.read(after=start, limit=1000, kinds=names).facts)


@pytest.mark.postgres_only
def test_a_dump_goes_on_in_another_cluster(
    shop: Community, elsewhere: postgres.Cluster, tmp_path: Path
) -> None:
    _age()
    for seed in (1, 5):
        logs.write(shop, logs.some(100, seed=seed))
        deriver.catch_up()
    ConsumerPosition.objects.create(
        consumer="reactions", position=committed.last_position()
    )
    target = _restored(elsewhere, tmp_path)
    assert _there(target, tmp_path, "write_at_once") == 230
    assert _there(target, tmp_path, "go_on") == [230, 5]
    assert _there(target, tmp_path, "react") == 35, (
        "no fact reacted to twice, none lost"
    )


@pytest.mark.postgres_only
def test_a_dump_that_was_never_derived_goes_on_too(
    shop: Community, elsewhere: postgres.Cluster, tmp_path: Path
) -> None:
    _age()
    logs.write(shop, logs.some(100))
    target = _restored(elsewhere, tmp_path)
    assert _there(target, tmp_path, "write_at_once") == 130
    assert _there(target, tmp_path, "go_on") == [130, 5]


@pytest.mark.postgres_only
def test_moving_waits_for_nobody_who_only_reads(shop: Community) -> None:
    params = connection.get_connection_params()
    words = {name: params[name] for name in ("dbname", "user", "host")}
    lineage.ensure_current()
    lineage.Lineage.objects.update(cluster="elsewhere")
    with psycopg.connect(**words) as reader:
        reader.execute("SELECT count(*) FROM core_fact")
        token = lineage.ensure_current()
    assert token == lineage.ensure_current()
