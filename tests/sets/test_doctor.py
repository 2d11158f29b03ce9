"""Each defect is planted, and the doctor must find and repair it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import parquet

from qunce.core import communities, db
from qunce.core.communities import Community
from qunce.core.facts import ingest, interned_names, key_hashes
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

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    shop = logs.create_community()
    logs.write(shop, logs.sample_rows(60))
    deriver.catch_up()
    return shop


def save(day: DayCount, counter: BitCounter) -> None:
    day.blob = counter.to_bytes()
    day.save()


def assert_repaired(shop: Community) -> None:
    doctor.run_checks(repair=True)
    logs.assert_consistent(shop)


def texts() -> str:
    return " ".join(finding.text for finding in doctor.run_checks())


def test_sound_data_has_no_findings(shop: Community) -> None:
    assert len(logs.mirrored_ids()) == 60
    assert doctor.run_checks() == []


@pytest.mark.both_databases
def test_fact_counted_twice(shop: Community) -> None:
    day = DayCount.objects.order_by("pk")[0]
    counter = BitCounter.from_bytes(day.blob)
    save(day, counter + BitCounter.from_counts({next(iter(counter.nonzero())): 1}))
    assert logs.codes() == ["day_count"]
    assert "lacks 0 entries and has 1 too many" in texts()
    assert_repaired(shop)


@pytest.mark.both_databases
def test_fact_not_counted(shop: Community) -> None:
    day = DayCount.objects.order_by("pk")[3]
    counter = BitCounter.from_bytes(day.blob)
    account = next(iter(counter.nonzero()))
    save(day, counter.with_counts({account: counter.get(account) - 1}))
    kind = interned_names.names_by_id("kind", 0)[day.kind_id]
    (finding,) = doctor.run_checks()
    assert (finding.code, kind in finding.subject) == ("day_count", True)
    assert "lacks 1 entries and has 0 too many" in finding.text
    assert_repaired(shop)


@pytest.mark.both_databases
def test_missing_day_and_surplus_day(shop: Community) -> None:
    missing, moved = DayCount.objects.order_by("pk")[:2]
    missing.delete()
    DayCount.objects.filter(pk=moved.pk).update(day=moved.day + 5000)
    assert logs.codes() == ["day_count"]
    assert len(doctor.run_checks()) == 3
    assert_repaired(shop)


def test_many_wrong_days_are_reported_as_a_number(shop: Community) -> None:
    logs.write(shop, [Row(0, 1, hours=24 * n) for n in range(30)])
    deriver.catch_up()
    DayCount.objects.all().delete()
    findings = doctor.run_checks(only="derived")
    assert len(findings) == 21
    assert "more days differ" in findings[-1].text
    assert_repaired(shop)


@pytest.mark.both_databases
def test_position_ahead_of_the_derived_data(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(5))
    Position.objects.update(reached=log.end())
    assert {"mirror.gap", "day_count"} <= set(logs.codes())
    assert_repaired(shop)


def test_position_of_another_log(shop: Community) -> None:
    if db.is_postgresql():
        return  # the lineage recognises it there
    Position.objects.update(last_fact=f"{logs.fact_ids()[-1]}:1:1:1")
    assert logs.codes() == ["position"]
    assert_repaired(shop)


@pytest.mark.both_databases
def test_days_of_a_former_clock(shop: Community) -> None:
    communities.set_clock(community=shop, timezone="America/Lima", day_start=0)
    assert "clock" in logs.codes()
    assert_repaired(shop)


def test_missing_mirror_file(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    (mirror.folder(mirror.position().folder) / name).unlink()
    assert logs.codes() == ["mirror.gap"]
    assert_repaired(shop)


def test_mirror_file_with_a_changed_fact(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    path = mirror.folder(mirror.position().folder) / name
    table = parquet.read_table(path)
    field = table.schema.get_field_index("happened_at")
    later = pa.array([when + 1 for when in table["happened_at"].to_pylist()])
    parquet.write_table(table.set_column(field, "happened_at", later), path)
    assert logs.codes() == ["mirror"]
    assert "differ" in texts()
    assert_repaired(shop)


def test_mirror_file_with_a_repeated_row(shop: Community) -> None:
    (name,) = mirror.coverage(mirror.position()).names()
    path = mirror.folder(mirror.position().folder) / name
    table = parquet.read_table(path)
    parquet.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)
    (finding,) = doctor.run_checks()
    assert finding.code == "mirror"
    assert_repaired(shop)


@pytest.mark.both_databases
def test_fact_deleted_from_the_log(shop: Community) -> None:
    Fact.objects.filter(pk=logs.fact_ids()[0]).delete()
    assert logs.codes() == ["day_count", "mirror"]
    assert_repaired(shop)


# Persisted sets


@pytest.fixture
def tag(shop: Community, monkeypatch: pytest.MonkeyPatch) -> tag_models.Tag:
    monkeypatch.setattr(persisted_sets, "MAX_UNSAVED_ROWS", 3)
    by = staff_models.system(shop)
    ids = accounts.ensure(
        community=shop, keys=[f"m{n}" for n in range(9)], by=by, at=AT
    )
    tag = library.create(community=shop, key="vip", by=by, at=AT)
    assignments.apply(tag=tag, accounts=sorted(ids.values())[:6], by=by, at=AT)
    persisted_sets.save_all()
    deriver.catch_up()
    return tag


def of_tag(tag: tag_models.Tag) -> PersistedSet:
    return PersistedSet.objects.get(kind=tag_models.KIND.name, ref=tag.pk)


@pytest.mark.both_databases
def test_large_sets_are_saved_and_small_changes_are_not(
    tag: tag_models.Tag,
) -> None:
    first = of_tag(tag)
    assert len(BitCounter.from_bytes(first.blob).nonzero()) == 6
    by = staff_models.system(tag.community)
    people = sorted(BitCounter.from_bytes(first.blob).nonzero())
    assignments.remove(tag=tag, accounts=people[:1], by=by, at=AT)
    assert persisted_sets.save_all() == 0
    assignments.remove(tag=tag, accounts=people[1:3], by=by, at=AT)
    persisted_sets.save_all()
    assert len(BitCounter.from_bytes(of_tag(tag).blob).nonzero()) == 3
    assert logs.codes() == []


@pytest.mark.both_databases
def test_persisted_set_that_differs_from_its_rows(
    shop: Community, tag: tag_models.Tag
) -> None:
    row = of_tag(tag)
    row.blob = BitCounter.from_counts({7777: 1}).to_bytes()
    row.save()
    assert logs.codes() == ["persisted_set"]
    assert_repaired(shop)
    assert persisted_sets.save_all() == 1


@pytest.mark.both_databases
def test_persisted_set_newer_than_its_rows(
    shop: Community, tag: tag_models.Tag
) -> None:
    row = of_tag(tag)
    persisted_sets.save(
        shop.pk, (row.kind, row.ref), rev=row.rev + 9, blob=bytes(row.blob)
    )
    assert logs.codes() == ["persisted_set"]
    assert_repaired(shop)


# Aliases and keys


def test_alias_of_an_alias(shop: Community) -> None:
    aliases.Alias.objects.create(account_id=9, community_id=shop.pk, person_id=8)
    aliases.Alias.objects.create(account_id=8, community_id=shop.pk, person_id=7)
    assert "alias" in logs.codes()


def record_keyed(shop: Community, keys: list[str]) -> None:
    source = interned_names.ensure("source", shop.pk, ["till"])["till"]
    kind = interned_names.ensure("kind", 0, ["bell.rung"])["bell.rung"]
    count = len(keys)
    hashes = key_hashes.hashes_of(source, [key.encode() for key in keys]).tolist()
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


def test_key_missing_from_the_index(shop: Community) -> None:
    if db.is_postgresql():
        return  # a unique index is always correct
    record_keyed(shop, ["a", "b", "c"])
    deriver.catch_up()
    assert logs.codes() == []
    db.execute(
        "DELETE FROM core_factkey WHERE fact_id = (SELECT max(id) FROM core_fact)"
    )
    assert logs.codes() == ["key"]
    assert_repaired(shop)
    record_keyed(shop, ["a", "b", "c"])
    assert deriver.lag() == 0, "no key was inserted twice"


def test_index_entry_without_a_fact(shop: Community) -> None:
    if db.is_postgresql():
        return
    record_keyed(shop, ["a", "b"])
    deriver.catch_up()
    db.execute("INSERT INTO core_factkey (hash, fact_id) VALUES (12345, 987654321)")
    assert logs.codes() == ["key"]
    assert_repaired(shop)


@pytest.mark.both_databases
def test_key_in_the_overflow_table_counts_as_indexed(shop: Community) -> None:
    if db.is_postgresql():
        return
    record_keyed(shop, ["a"])
    fact = logs.fact_ids()[-1]
    source = interned_names.ensure("source", shop.pk, ["till"])["till"]
    db.execute("DELETE FROM core_factkey WHERE fact_id = %s", [fact])
    deriver.catch_up()
    assert logs.codes() == ["key"]
    db.execute(
        "INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, 'a', %s)",
        [source, fact],
    )
    deriver.catch_up()
    assert logs.codes() == []
