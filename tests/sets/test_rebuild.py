from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.sets.derived_models import DayCount, Position
from qunce.sets.log import schema
from qunce.sets.mirror import deriver, mirror, rebuild
from tests.sets import logs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    return logs.made()


def test_rebuilding_gives_what_catching_up_gave(shop: Community) -> None:
    for seed in (1, 5, 7):
        logs.write(shop, logs.some(100, seed=seed))
        deriver.catch_up()
    before = logs.counted(shop)
    assert rebuild.rebuild_all().facts == 300
    assert logs.counted(shop) == before
    logs.assert_sound(shop)


def test_it_takes_in_what_was_not_derived_yet(shop: Community) -> None:
    logs.write(shop, logs.some(30))
    deriver.catch_up()
    logs.write(shop, logs.some(30, seed=5))
    assert rebuild.rebuild_all().facts == 60
    assert deriver.catch_up().facts == 0
    logs.assert_sound(shop)


def test_it_tells_how_far_it_is(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "TABLE", 10)
    monkeypatch.setattr("qunce.sets.log.sqlite.MAX_ROWS_IN_PROCESS", 5)
    monkeypatch.setattr("qunce.sets.log.postgresql.MAX_ROWS_IN_PROCESS", 5)
    monkeypatch.setattr("qunce.sets.reader_process.ROWS_PER_BATCH", 5)
    logs.write(shop, logs.some(30))
    told: list[tuple[int, int]] = []
    rebuild.rebuild_all(lambda done, total: told.append((done, total)))
    assert told[-1] == (30, 30)
    logs.assert_sound(shop)


def test_whatever_was_wrong_is_right_after_it(shop: Community) -> None:
    logs.write(shop, logs.some(50))
    deriver.catch_up()
    DayCount.objects.order_by("pk")[0].delete()
    for path in mirror.folder(mirror.position().folder).iterdir():
        path.unlink()
    rebuild.rebuild_all()
    logs.assert_sound(shop)


def test_no_process_goes_on_with_what_it_had_cached(shop: Community) -> None:
    logs.write(shop, logs.some(5))
    deriver.catch_up()
    before = Position.objects.get()
    rebuild.rebuild_all()
    after = Position.objects.get()
    assert after.token != before.token
    assert after.mirror_folder != before.mirror_folder


def test_the_old_mirror_goes_after_its_grace(shop: Community) -> None:
    logs.write(shop, logs.some(5))
    deriver.catch_up()
    old = mirror.folder(mirror.position().folder)
    rebuild.rebuild_all()
    assert old.is_dir(), "somebody may still read it"
    mirror.prune(mirror.position(), grace=0)
    assert not old.exists()
    logs.assert_sound(shop)


def test_an_empty_log_can_be_rebuilt(shop: Community) -> None:
    assert rebuild.rebuild_all().facts == 0
    assert deriver.catch_up().facts == 0
    logs.assert_sound(shop)
