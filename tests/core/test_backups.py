from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from qunce.core import disk_space, errors, timestamps
from qunce.core.backup import backups
from qunce.core.backup.backups import Manifest
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import sessions
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from tests import clients, factories
from tests.core.test_facts import BellRung
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    bell = BellRung(account=7)
    facts.record(bell, community=factories.community(), by=None, at=AT)
    file = tmp_path / "backup.zip"
    backups.create(file, at=AT)
    return file


def altered(backup: Path, **changed: object) -> Path:
    """The same backup with another manifest or, without changes, with a changed byte."""
    other = backup.with_name("altered.zip")
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == backups.MANIFEST:
                content = json.dumps(json.loads(content) | changed).encode()
            elif not changed:
                content = content[:-1] + bytes([content[-1] ^ 1])
            new.writestr(name, content)
    return other


def unpacked(backup: Path) -> tuple[Path, Manifest]:
    manifest, copy = backups.read_manifest(backup), backup.with_name("copy")
    backups.unpack(backup, manifest, copy)
    return copy, manifest


@pytest.mark.both_databases
def test_manifest_has_rows_and_sums_of_tables(backup: Path) -> None:
    manifest = backups.read_manifest(backup)
    rest = timestamps.to_micros(AT) % 1_000_003
    assert manifest.tables["core_fact"] == [1, rest, 7]
    assert manifest.tables["core_community"] == [1]
    assert "core.0001_initial" in manifest.schema
    assert manifest.made_at == AT.isoformat()
    assert [path.name for path in backup.parent.iterdir()] == ["backup.zip"]


def test_unpacked_backup_passes_verification(backup: Path) -> None:
    copy, manifest = unpacked(backup)
    backups.verify_copy(copy, manifest)
    with sqlite3.connect(copy) as connection:
        rows = connection.execute("SELECT account_id FROM core_fact")
        assert rows.fetchall() == [(7,)]
    connection.close()


def test_backup_has_no_session_and_nothing_deleted(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    key = str(clients.browser(by).session.session_key)
    member = factories.member(shop, "ann", name="Ann of the deleted rows")
    Account.objects.filter(pk=member.pk).update(name="")
    file = tmp_path / "backup.zip"
    backups.create(file, at=AT)
    copy, manifest = unpacked(file)
    backups.verify_copy(copy, manifest)
    content = copy.read_bytes()
    assert manifest.tables["core_session"] == [0]
    assert manifest.tables["members_account"] == [1]
    for secret in (key, sessions.digest(key), "Ann of the deleted rows"):
        assert secret.encode() not in content


def test_verification_fails_if_rows_differ_from_the_manifest(backup: Path) -> None:
    tables = backups.read_manifest(backup).tables
    copy, manifest = unpacked(
        altered(backup, tables={**tables, "core_fact": [2, 5, 7]})
    )
    with pytest.raises(backups.VerificationFailed, match="core_fact"):
        backups.verify_copy(copy, manifest)


def test_changed_byte_is_detected(backup: Path) -> None:
    with pytest.raises(backups.InvalidBackup, match="damaged"):
        unpacked(altered(backup))


@pytest.mark.parametrize("rest", [0, 10, 3000])
def test_truncated_file_is_rejected(backup: Path, rest: int) -> None:
    backup.write_bytes(backup.read_bytes()[:rest])
    with pytest.raises(backups.InvalidBackup):
        backups.read_manifest(backup)


def test_newer_format_is_rejected(backup: Path) -> None:
    with pytest.raises(backups.InvalidBackup, match="newer"):
        backups.read_manifest(altered(backup, format=2))


@pytest.mark.both_databases
def test_backup_of_newer_migrations_or_another_database_is_rejected(
    backup: Path,
) -> None:
    manifest = backups.read_manifest(backup)
    migrations = set(manifest.schema)
    backups.check_compatible(manifest, migrations=migrations)
    with pytest.raises(backups.InvalidBackup, match="0001_initial"):
        backups.check_compatible(
            manifest, migrations=migrations - {"core.0001_initial"}
        )
    other = backups.read_manifest(altered(backup, database="another"))
    with pytest.raises(backups.OtherDatabase):
        backups.check_compatible(other, migrations=migrations)


def test_backup_is_consistent_while_others_write(tmp_path: Path) -> None:
    factories.community()
    manifest = backups.create(tmp_path / "before.zip", at=AT)
    factories.community("second")
    assert manifest.tables["core_community"] == [1]
    backups.verify_copy(*unpacked(tmp_path / "before.zip"))


@pytest.mark.parametrize(
    "changed",
    [
        {"size": "many"},
        {"size": -1},
        {"size": 10**30},
        {"tables": []},
        {"tables": {"core_fact": "one"}},
        {"tables": {"core_fact": []}},
        {"schema": {"core": 1}},
        {"schema": [1]},
        {"digest": None},
        {"format": "1"},
        {"database": 7},
        {"made_at": {}},
        {"unknown": 1},
    ],
)
def test_garbled_manifest_is_refused(backup: Path, changed: dict[str, object]) -> None:
    with pytest.raises((backups.InvalidBackup, disk_space.DiskFull)):
        unpacked(altered(backup, **changed))


def test_backup_that_unpacks_to_more_than_it_says_is_refused(backup: Path) -> None:
    manifest = backups.read_manifest(backup)
    with pytest.raises(backups.InvalidBackup, match="larger than its manifest says"):
        unpacked(altered(backup, size=manifest.size // 2))
    assert backup.with_name("copy").stat().st_size <= manifest.size // 2


def test_backup_without_its_database_or_manifest_is_refused(backup: Path) -> None:
    manifest = backups.read_manifest(backup)
    for left_out in (manifest.member, backups.MANIFEST):
        other = backup.with_name("partial.zip")
        with zipfile.ZipFile(backup) as old, zipfile.ZipFile(other, "w") as new:
            for name in set(old.namelist()) - {left_out}:
                new.writestr(name, old.read(name))
        with pytest.raises(backups.InvalidBackup, match="no item named"):
            unpacked(other)


def test_backup_cut_or_garbled_anywhere_is_refused(backup: Path) -> None:
    content, other = backup.read_bytes(), backup.with_name("other.zip")
    for part in range(0, 100, 7):
        other.write_bytes(content[: len(content) * part // 100])
        with pytest.raises(backups.InvalidBackup):
            unpacked(other)
    # In each of the archive's own structures: the ends of members and the directory.
    for index in [*range(0, 64, 3), *range(-400, 0, 5)]:
        garbled = bytearray(content)
        garbled[index] ^= 0xFF
        other.write_bytes(garbled)
        # Bytes that mean nothing, such as a date, do no harm. No other error leaves.
        with contextlib.suppress(errors.QunceError):
            copy, manifest = unpacked(other)
            backups.verify_copy(copy, manifest)
