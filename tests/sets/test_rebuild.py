from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.sets.derived_models import DayCount, Position
from qunce.sets.log import log_schema
from qunce.sets.mirror import deriver, mirror, rebuild
from tests.sets import logs

pytestmark = pytest.mark.django_db(transaction=True)


def test_rebuild_gives_the_same_counts_as_catch_up(shop: Community) -> None:
    for seed in (1, 5, 7):
        logs.write(shop, logs.sample_rows(100, seed=seed))
        deriver.catch_up()
    before = logs.stored_counts(shop)
    assert rebuild.rebuild_all().facts == 300
    assert logs.stored_counts(shop) == before
    logs.assert_consistent(shop)


def test_rebuild_includes_facts_that_were_not_derived(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(30))
    deriver.catch_up()
    logs.write(shop, logs.sample_rows(30, seed=5))
    assert rebuild.rebuild_all().facts == 60
    assert deriver.catch_up().facts == 0
    logs.assert_consistent(shop)


@pytest.mark.both_databases
def test_rebuild_reports_its_progress(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_schema, "ROWS_PER_TABLE", 10)
    monkeypatch.setattr("qunce.sets.log.sqlite.MAX_ROWS_IN_PROCESS", 5)
    monkeypatch.setattr("qunce.sets.log.postgresql.MAX_ROWS_IN_PROCESS", 5)
    monkeypatch.setattr("qunce.sets.reader_process.ROWS_PER_BATCH", 5)
    logs.write(shop, logs.sample_rows(30))
    reports: list[tuple[int, int]] = []
    rebuild.rebuild_all(lambda done, total: reports.append((done, total)))
    assert reports[-1] == (30, 30)
    logs.assert_consistent(shop)


def test_rebuild_repairs_missing_counts_and_files(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(50))
    deriver.catch_up()
    DayCount.objects.order_by("pk")[0].delete()
    for path in mirror.folder(mirror.position().folder).iterdir():
        path.unlink()
    rebuild.rebuild_all()
    logs.assert_consistent(shop)


@pytest.mark.both_databases
def test_rebuild_changes_the_token_and_the_folder(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(5))
    deriver.catch_up()
    before = Position.objects.get()
    rebuild.rebuild_all()
    after = Position.objects.get()
    assert after.token != before.token
    assert after.mirror_folder != before.mirror_folder
    logs.assert_consistent(shop)


def test_old_mirror_is_removed_after_its_grace_period(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(5))
    deriver.catch_up()
    old = mirror.folder(mirror.position().folder)
    rebuild.rebuild_all()
    assert old.is_dir(), "a reader may still use it"
    mirror.prune(mirror.position(), grace=0)
    assert not old.exists()
    logs.assert_consistent(shop)


def test_empty_log_can_be_rebuilt(shop: Community) -> None:
    assert rebuild.rebuild_all().facts == 0
    assert deriver.catch_up().facts == 0
    logs.assert_consistent(shop)
