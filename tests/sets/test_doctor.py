"""The doctor is examined: each defect is planted and must be told."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import parquet

from qunce.core import communities, db
from qunce.core.communities import Community
from qunce.core.facts import ingest, interned_names
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.sets import log
from qunce.sets.bitmaps import aliases, persisted_sets
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, mirror
from tests.sets import logs
from tests.sets.logs import AT, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    made = logs.made()
    logs.write(made, logs.some(60))
    deriver.catch_up()
    return made


def change(day: DayCount, stack: BitCounter) -> None:
    day.blob = stack.to_bytes()
    day.save()


def heal(shop: Community) -> None:
    """What was found is mended, by the doctor himself."""
    doctor.run_checks(repair=True)
    logs.assert_sound(shop)


def texts() -> str:
    return " ".join(each.text for each in doctor.run_checks())


def test_nothing_is_found_where_nothing_is_wrong(shop: Community) -> None:
    assert doctor.run_checks() == []


def test_a_fact_that_was_counted_twice(shop: Community) -> None:
    day = DayCount.objects.order_by("pk")[0]
    stack = BitCounter.from_bytes(day.blob)
    change(day, stack + BitCounter.from_counts({next(iter(stack.nonzero())): 1}))
    assert logs.codes() == ["day_count"]
    assert "0 lost, 1 too many" in texts()
    heal(shop)


def test_a_fact_that_was_lost(shop: Community) -> None:
    day = DayCount.objects.order_by("pk")[3]
    stack = BitCounter.from_bytes(day.blob)
    account = next(iter(stack.nonzero()))
    change(day, stack.with_counts({account: stack.get(account) - 1}))
    kind = interned_names.names_by_id("kind", 0)[day.kind_id]
    (found,) = doctor.run_checks()
    assert (found.code, kind in found.subject) == ("day_count", True)
    assert "1 lost, 0 too many" in found.text
    heal(shop)


def test_a_day_that_is_missing_and_one_too_many(shop: Community) -> None:
    gone, moved = DayCount.objects.order_by("pk")[:2]
    gone.delete()
    DayCount.objects.filter(pk=moved.pk).update(day=moved.day + 5000)
    assert logs.codes() == ["day_count"]
    assert len(doctor.run_checks()) == 3
    heal(shop)


def test_many_differing_days_are_counted_not_listed(shop: Community) -> None:
    logs.write(shop, [Row(0, 1, hours=24 * n) for n in range(30)])
    deriver.catch_up()
    DayCount.objects.all().delete()
    found = doctor.run_checks(only="derived")
    assert len(found) == 21
    assert "more days differ" in found[-1].text
    heal(shop)


def test_a_position_that_is_too_far(shop: Community) -> None:
    logs.write(shop, logs.some(5))
    Position.objects.update(reached=log.end())
    assert {"mirror.gap", "day_count"} <= set(logs.codes())
    heal(shop)


def test_a_position_of_another_log(shop: Community) -> None:
    if db.is_postgresql():
        return  # there the lineage knows
    Position.objects.update(last_fact=f"{logs.ids()[-1]}:1:1:1")
    assert logs.codes() == ["position"]
    heal(shop)


def test_days_that_were_cut_by_a_former_clock(shop: Community) -> None:
    communities.set_clock(community=shop, timezone="America/Lima", day_start=0)
    assert "clock" in logs.codes()
    heal(shop)


def test_a_segment_that_is_missing(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    (mirror.folder(mirror.position().folder) / name).unlink()
    assert logs.codes() == ["mirror.gap"]
    heal(shop)


def test_a_segment_with_a_fact_changed(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    path = mirror.folder(mirror.position().folder) / name
    held = parquet.read_table(path)
    field = held.schema.get_field_index("happened_at")
    later = pa.array([when + 1 for when in held["happened_at"].to_pylist()])
    parquet.write_table(held.set_column(field, "happened_at", later), path)
    assert logs.codes() == ["mirror"]
    assert "differ" in texts()
    heal(shop)


def test_a_segment_with_rows_doubled(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    path = mirror.folder(mirror.position().folder) / name
    held = parquet.read_table(path)
    parquet.write_table(pa.concat_tables([held, held.slice(0, 1)]), path)
    (found,) = doctor.run_checks()
    assert found.code == "mirror"
    heal(shop)


def test_a_fact_that_truth_no_longer_has(shop: Community) -> None:
    Fact.objects.filter(pk=logs.ids()[0]).delete()
    assert logs.codes() == ["day_count", "mirror"]
    heal(shop)


# Kept sets


@pytest.fixture
def tag(shop: Community, monkeypatch: pytest.MonkeyPatch) -> tag_models.Tag:
    monkeypatch.setattr(persisted_sets, "MAX_UNSAVED_ROWS", 3)
    by = staff_models.system(shop)
    known = accounts.ensure(
        community=shop, keys=[f"m{n}" for n in range(9)], by=by, at=AT
    )
    made = library.create(community=shop, key="vip", by=by, at=AT)
    assignments.apply(tag=made, accounts=sorted(known.values())[:6], by=by, at=AT)
    persisted_sets.save_all()
    deriver.catch_up()
    return made


def of_tag(tag: tag_models.Tag) -> PersistedSet:
    return PersistedSet.objects.get(kind=tag_models.KIND.name, ref=tag.pk)


def test_large_sets_are_kept_and_small_changes_left_to_the_rows(
    tag: tag_models.Tag,
) -> None:
    first = of_tag(tag)
    assert len(BitCounter.from_bytes(first.blob).nonzero()) == 6
    by = staff_models.system(tag.community)
    some = sorted(BitCounter.from_bytes(first.blob).nonzero())
    assignments.remove(tag=tag, accounts=some[:1], by=by, at=AT)
    assert persisted_sets.save_all() == 0
    assignments.remove(tag=tag, accounts=some[1:3], by=by, at=AT)
    persisted_sets.save_all()
    assert len(BitCounter.from_bytes(of_tag(tag).blob).nonzero()) == 3
    assert logs.codes() == []


def test_a_kept_set_that_differs_from_its_rows(
    shop: Community, tag: tag_models.Tag
) -> None:
    row = of_tag(tag)
    row.blob = BitCounter.from_counts({7777: 1}).to_bytes()
    row.save()
    assert logs.codes() == ["persisted_set"]
    heal(shop)
    assert persisted_sets.save_all() == 1


def test_a_kept_set_from_the_future(shop: Community, tag: tag_models.Tag) -> None:
    row = of_tag(tag)
    persisted_sets.save(
        shop.pk, (row.kind, row.ref), rev=row.rev + 9, blob=bytes(row.blob)
    )
    assert logs.codes() == ["persisted_set"]
    heal(shop)


# Truth's own indexes


def test_an_alias_of_an_alias(shop: Community) -> None:
    aliases.Alias.objects.create(account_id=9, community_id=shop.pk, person_id=8)
    aliases.Alias.objects.create(account_id=8, community_id=shop.pk, person_id=7)
    assert "alias" in logs.codes()


def record_keyed(shop: Community, keys: list[str]) -> None:
    source = interned_names.ensure("source", shop.pk, ["till"])["till"]
    kind = interned_names.ensure("kind", 0, ["bell.rung"])["bell.rung"]
    count = len(keys)
    hashes = ingest.hashes_of(source, [key.encode() for key in keys]).tolist()
    ingest.insert_new(
        ingest.FactBatch(
            shop.pk,
            source,
            None,
            logs.micros(),
            [kind] * count,
            [5] * count,
            [None] * count,
            [logs.micros()] * count,
            [None] * count,
            keys,
            hashes,
        )
    )


def test_a_key_that_is_not_in_the_index(shop: Community) -> None:
    if db.is_postgresql():
        return  # a unique index cannot be wrong
    record_keyed(shop, ["a", "b", "c"])
    deriver.catch_up()
    assert logs.codes() == []
    db.execute(
        "DELETE FROM core_factkey WHERE fact_id = (SELECT max(id) FROM core_fact)"
    )
    assert logs.codes() == ["key"]
    heal(shop)
    record_keyed(shop, ["a", "b", "c"])
    assert deriver.lag() == 0, "each was taken once"


def test_an_entry_of_the_index_without_a_fact(shop: Community) -> None:
    if db.is_postgresql():
        return
    record_keyed(shop, ["a", "b"])
    deriver.catch_up()
    db.execute("INSERT INTO core_factkey (hash, fact_id) VALUES (12345, 987654321)")
    assert logs.codes() == ["key"]
    heal(shop)


def test_two_keys_of_one_hash_are_both_known(shop: Community) -> None:
    if db.is_postgresql():
        return
    record_keyed(shop, ["a"])
    fact = logs.ids()[-1]
    source = interned_names.ensure("source", shop.pk, ["till"])["till"]
    db.execute("DELETE FROM core_factkey WHERE fact_id = %s", [fact])
    db.execute(
        "INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, 'a', %s)",
        [source, fact],
    )
    deriver.catch_up()
    assert logs.codes() == []
