from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from qunce.core import timestamps
from qunce.core.backup import backups
from qunce.core.backup.backups import Manifest
from qunce.core.facts import facts
from tests.core import made
from tests.core.made import AT
from tests.core.test_facts import BellRung

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    bell = BellRung(account=7)
    facts.record(bell, community=made.community(), by=None, at=AT)
    file = tmp_path / "backup.zip"
    backups.create(file, at=AT)
    return file


def altered(backup: Path, **changed: object) -> Path:
    """The same with another manifest or, without one, with a byte turned."""
    other = backup.with_name("altered.zip")
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(other, "w") as new:
        for each in old.namelist():
            content = old.read(each)
            if each == backups.MANIFEST:
                content = json.dumps(json.loads(content) | changed).encode()
            elif not changed:
                content = content[:-1] + bytes([content[-1] ^ 1])
            new.writestr(each, content)
    return other


def unpacked(backup: Path) -> tuple[Path, Manifest]:
    manifest, copy = backups.read_manifest(backup), backup.with_name("copy")
    backups.unpack(backup, manifest, copy)
    return copy, manifest


@pytest.mark.both_databases
def test_the_manifest_tells_rows_and_sums(backup: Path) -> None:
    manifest = backups.read_manifest(backup)
    left = timestamps.to_micros(AT) % 1_000_003
    assert manifest.tables["core_fact"] == [1, left, 7]
    assert manifest.tables["core_community"] == [1]
    assert "core.0001_initial" in manifest.schema
    assert manifest.made_at == AT.isoformat()
    assert [path.name for path in backup.parent.iterdir()] == ["backup.zip"]


def test_what_was_backed_up_can_be_proven(backup: Path) -> None:
    copy, manifest = unpacked(backup)
    backups.verify_copy(copy, manifest)
    with sqlite3.connect(copy) as connection:
        found = connection.execute("SELECT account_id FROM core_fact")
        assert found.fetchall() == [(7,)]
    connection.close()


def test_other_counts_than_the_manifests_are_not_proven(backup: Path) -> None:
    tables = backups.read_manifest(backup).tables
    copy, manifest = unpacked(
        altered(backup, tables={**tables, "core_fact": [2, 5, 7]})
    )
    with pytest.raises(backups.VerificationFailed, match="core_fact"):
        backups.verify_copy(copy, manifest)


def test_a_byte_that_turned_is_found(backup: Path) -> None:
    with pytest.raises(backups.InvalidBackup, match="damaged"):
        unpacked(altered(backup))


@pytest.mark.parametrize("left", [0, 10, 3000])
def test_half_a_file_is_refused(backup: Path, left: int) -> None:
    backup.write_bytes(backup.read_bytes()[:left])
    with pytest.raises(backups.InvalidBackup):
        backups.read_manifest(backup)


def test_a_newer_format_is_refused(backup: Path) -> None:
    with pytest.raises(backups.InvalidBackup, match="newer"):
        backups.read_manifest(altered(backup, format=2))


@pytest.mark.both_databases
def test_a_newer_or_another_database_is_refused(backup: Path) -> None:
    manifest = backups.read_manifest(backup)
    known = set(manifest.schema)
    backups.check_compatible(manifest, migrations=known)
    with pytest.raises(backups.InvalidBackup, match="0001_initial"):
        backups.check_compatible(manifest, migrations=known - {"core.0001_initial"})
    other = backups.read_manifest(altered(backup, database="another"))
    with pytest.raises(backups.OtherDatabase):
        backups.check_compatible(other, migrations=known)


def test_a_backup_is_of_one_moment_though_others_write(tmp_path: Path) -> None:
    made.community()
    manifest = backups.create(tmp_path / "before.zip", at=AT)
    made.community("second")
    assert manifest.tables["core_community"] == [1]
    backups.verify_copy(*unpacked(tmp_path / "before.zip"))
