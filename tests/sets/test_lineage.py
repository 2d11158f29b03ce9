"""Replacing the primary database by another one after it was derived."""

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
from qunce.core.facts import committed_facts, interned_names
from qunce.core.facts.fact_consumers import ConsumerPosition
from qunce.core.facts.facts import Fact
from qunce.sets.mirror import deriver, lineage, mirror
from tests import postgres
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.both_databases
def test_renewed_lineage_derives_everything_again(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(40))
    deriver.catch_up()
    lineage.renew()
    Fact.objects.filter(pk__in=logs.fact_ids()[:10]).delete()
    assert deriver.catch_up().facts == 30
    logs.assert_consistent(shop)


@pytest.mark.both_databases
def test_lineage_in_the_same_cluster_stays(shop: Community) -> None:
    assert lineage.ensure_current() == lineage.ensure_current()
    logs.write(shop, logs.sample_rows(3))
    deriver.catch_up()
    assert lineage.Lineage.objects.get().token == lineage.ensure_current()


def test_older_copy_of_the_log_is_recognised(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(40))
    deriver.catch_up()
    _restore_copy(30)
    assert deriver.catch_up().facts == 30
    logs.assert_consistent(shop)


def test_older_copy_with_new_facts_is_recognised(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(40))
    deriver.catch_up()
    _restore_copy(30)
    logs.write(shop, [Row(2, 9, hours=n) for n in range(25)])
    assert deriver.catch_up().facts == 55
    logs.assert_consistent(shop)


def test_erasing_the_newest_fact_does_not_change_the_log(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(40))
    deriver.catch_up()
    before = mirror.position().folder
    Fact.objects.filter(pk=logs.fact_ids()[-1]).delete()
    deriver.catch_up()
    assert mirror.position().folder == before, "it is still the same log"


def _restore_copy(count: int) -> None:
    """As if the file had been replaced by a copy with so many facts."""
    last = logs.fact_ids()[count - 1]
    Fact.objects.filter(pk__gt=last).delete()
    db.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = 'core_fact'", [last])


# A dump of PostgreSQL, restored into a cluster with lower transaction ids


@pytest.fixture
def other_cluster(tmp_path: Path) -> Iterator[postgres.Cluster]:
    with postgres.cluster() as other:
        yield other


def _restore(other: postgres.Cluster, tmp_path: Path) -> str:
    """Restore this test's database into another cluster; returns its URL."""
    target, dump = other.create("moved"), str(tmp_path / "dump")
    params = connection.get_connection_params()
    source = [f"--dbname={params['dbname']}", f"--host={params['host']}"]
    source += [f"--username={params['user']}"]
    options = ["--format=custom", f"--file={dump}", *source]
    subprocess.run([postgres.binary("pg_dump"), *options], check=True)
    subprocess.run(
        [postgres.binary("pg_restore"), f"--dbname={target}", dump], check=True
    )
    return target


def _call_there(target: str, tmp_path: Path, function: str) -> Any:
    """Call a function of this module in a process that uses the other cluster."""
    code = (
        "import django; django.setup(); import json;"
        f"from tests.sets import test_lineage as t; print(json.dumps(t.{function}()))"
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


def _use_up_transaction_ids() -> None:
    """Make the transaction ids of the other cluster lower than those here."""
    for _ in range(3000):
        db.rows("SELECT pg_current_xact_id()")


def write_before_deriving() -> int:
    """In the other cluster, write facts before the move is noticed."""
    logs.write(communities.get("shop"), logs.sample_rows(30, seed=7))
    numbers = db.rows("SELECT max(xid), min(xid) FROM core_fact")[0]
    assert numbers[0] > committed_facts.last_position(), (
        "the old numbers are ahead of this cluster"
    )
    return int(Fact.objects.count())


def derive_twice() -> list[int]:
    shop = communities.get("shop")
    first = deriver.catch_up().facts
    logs.assert_consistent(shop)
    logs.write(shop, logs.sample_rows(5))
    second = deriver.catch_up().facts
    logs.assert_consistent(shop)
    return [first, second]


def count_facts_to_react_to() -> int:
    """How many facts a consumer has not handled yet."""
    start = ConsumerPosition.objects.get(consumer="reactions").position
    kinds = interned_names.names_by_id("kind", 0).values()
    return len(committed_facts.read(after=start, limit=1000, kinds=kinds).facts)


@pytest.mark.postgres_only
def test_restored_dump_continues_in_another_cluster(
    shop: Community, other_cluster: postgres.Cluster, tmp_path: Path
) -> None:
    _use_up_transaction_ids()
    for seed in (1, 5):
        logs.write(shop, logs.sample_rows(100, seed=seed))
        deriver.catch_up()
    ConsumerPosition.objects.create(
        consumer="reactions", position=committed_facts.last_position()
    )
    target = _restore(other_cluster, tmp_path)
    assert _call_there(target, tmp_path, "write_before_deriving") == 230
    assert _call_there(target, tmp_path, "derive_twice") == [230, 5]
    assert _call_there(target, tmp_path, "count_facts_to_react_to") == 35, (
        "no fact is handled twice or lost"
    )


@pytest.mark.postgres_only
def test_restored_dump_that_was_never_derived_continues(
    shop: Community, other_cluster: postgres.Cluster, tmp_path: Path
) -> None:
    _use_up_transaction_ids()
    logs.write(shop, logs.sample_rows(100))
    target = _restore(other_cluster, tmp_path)
    assert _call_there(target, tmp_path, "write_before_deriving") == 130
    assert _call_there(target, tmp_path, "derive_twice") == [130, 5]


@pytest.mark.postgres_only
def test_move_does_not_wait_for_readers(shop: Community) -> None:
    params = connection.get_connection_params()
    options = {name: params[name] for name in ("dbname", "user", "host")}
    lineage.ensure_current()
    lineage.Lineage.objects.update(cluster="elsewhere")
    with psycopg.connect(**options) as reader:
        reader.execute("SELECT count(*) FROM core_fact")
        token = lineage.ensure_current()
    assert token == lineage.ensure_current()
