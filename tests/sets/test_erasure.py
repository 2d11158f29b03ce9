from __future__ import annotations

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.accounts import erasure as scrubbing
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, files, mirror, mirror_erasure
from tests.sets import logs
from tests.sets.logs import AT, Row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    shop = logs.create_community()
    for seed in (1, 5, 7):
        logs.write(shop, logs.sample_rows(100, seed=seed))
        deriver.catch_up()
    return shop


def count_files_with(account: int) -> int:
    """How many files of the mirror have an account, including superseded ones."""
    folder = mirror.folder(mirror.position().folder)
    return sum(
        account in files.read_accounts(folder / part.name, without=[])
        for part in files.list_parts(folder)
    )


@pytest.mark.both_databases
def test_erased_accounts_are_removed_everywhere(shop: Community) -> None:
    count = Fact.objects.filter(account_id__in=[3, 8]).count()
    assert count and count_files_with(3)
    assert mirror_erasure.erase([3, 8]) == count
    assert not Fact.objects.filter(account_id__in=[3, 8]).exists()
    assert count_files_with(3) == count_files_with(8) == 0
    assert all(
        3 not in BitCounter.from_bytes(day.blob).nonzero()
        for day in DayCount.objects.all()
    )
    logs.assert_consistent(shop)


def test_counts_of_other_accounts_are_unchanged(shop: Community) -> None:
    before = logs.stored_counts(shop)
    mirror_erasure.erase([3])
    others = {key: times for key, times in before.items() if key[3] != 3}
    assert logs.stored_counts(shop) == others


@pytest.mark.both_databases
def test_underived_facts_are_erased_too(shop: Community) -> None:
    logs.write(shop, [Row(0, 3), Row(0, 4)])
    mirror_erasure.erase([3])
    logs.assert_consistent(shop)
    assert Fact.objects.filter(account_id=4).exists()
    assert not Fact.objects.filter(account_id=3).exists()


def test_erasing_again_changes_nothing(shop: Community) -> None:
    assert mirror_erasure.erase([3]) > 0
    assert mirror_erasure.erase([3]) == 0
    assert mirror_erasure.erase([]) == 0
    logs.assert_consistent(shop)


def test_log_can_grow_after_an_erasure(shop: Community) -> None:
    logs.write(shop, [Row(0, 3)])
    mirror_erasure.erase([3])
    logs.write(shop, logs.sample_rows(30))
    deriver.catch_up()
    logs.assert_consistent(shop)


def test_doctor_finds_erased_accounts_until_they_are_scrubbed() -> None:
    shop = logs.create_community()
    by = staff_models.system(shop)
    ids = accounts.ensure(community=shop, keys=["a", "b"], by=by, at=AT)
    logs.write(shop, [Row(0, ids["a"]), Row(0, ids["b"])])
    deriver.catch_up()
    people.erase(account=Account.objects.get(pk=ids["a"]), by=by, at=AT)
    deriver.catch_up()
    findings = [f for f in doctor.run_checks() if f.code == "erased"]
    assert len(findings) == 3, "in the day counts, the mirror and the log"
    scrubbing.scrub(str(ids["a"]), at=AT)
    assert doctor.run_checks() == []


@pytest.mark.both_databases
def test_fact_of_the_erasure_is_kept() -> None:
    shop = logs.create_community()
    by = staff_models.system(shop)
    ids = accounts.ensure(community=shop, keys=["a"], by=by, at=AT)
    people.erase(account=Account.objects.get(pk=ids["a"]), by=by, at=AT)
    doctor.run_checks(repair=True)
    kinds = facts.ensure_kinds(["member.erased"])
    remaining = Fact.objects.filter(account_id=ids["a"])
    assert [fact.kind_id for fact in remaining] == list(kinds.values())
    assert doctor.run_checks() == []
    assert communities.get("tea") == shop
