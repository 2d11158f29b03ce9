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
from qunce.sets.mirror import deriver, erasure, files, mirror
from tests.sets import logs
from tests.sets.logs import AT, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    made = logs.made()
    for seed in (1, 5, 7):
        logs.write(made, logs.some(100, seed=seed))
        deriver.catch_up()
    return made


def in_files(account: int) -> int:
    """How many files of the mirror name an account, superseded ones too."""
    folder = mirror.folder(mirror.position().folder)
    return sum(
        account in files.read_accounts(folder / piece.name, without=[])
        for piece in files.list_parts(folder)
    )


def test_nothing_of_the_erased_is_left(shop: Community) -> None:
    theirs = Fact.objects.filter(account_id__in=[3, 8]).count()
    assert theirs and in_files(3)
    assert erasure.erase([3, 8]) == theirs
    assert not Fact.objects.filter(account_id__in=[3, 8]).exists()
    assert in_files(3) == in_files(8) == 0
    assert all(
        3 not in BitCounter.from_bytes(day.blob).nonzero()
        for day in DayCount.objects.all()
    )
    logs.assert_sound(shop)


def test_everybody_else_stays_as_they_were(shop: Community) -> None:
    before = logs.counted(shop)
    erasure.erase([3])
    left = {key: times for key, times in before.items() if key[3] != 3}
    assert logs.counted(shop) == left


def test_facts_that_were_not_derived_yet_go_too(shop: Community) -> None:
    logs.write(shop, [Row(0, 3), Row(0, 4)])
    erasure.erase([3])
    logs.assert_sound(shop)
    assert not Fact.objects.filter(account_id=3).exists()


def test_doing_it_again_changes_nothing(shop: Community) -> None:
    assert erasure.erase([3]) > 0
    assert erasure.erase([3]) == 0
    assert erasure.erase([]) == 0
    logs.assert_sound(shop)


def test_the_log_goes_on_after_it(shop: Community) -> None:
    logs.write(shop, [Row(0, 3)])
    erasure.erase([3])
    logs.write(shop, logs.some(30))
    deriver.catch_up()
    logs.assert_sound(shop)


def test_the_doctor_tells_what_is_left_of_the_erased_and_mends_it() -> None:
    shop = logs.made()
    by = staff_models.system(shop)
    known = accounts.ensure(community=shop, keys=["a", "b"], by=by, at=AT)
    logs.write(shop, [Row(0, known["a"]), Row(0, known["b"])])
    deriver.catch_up()
    people.erase(account=Account.objects.get(pk=known["a"]), by=by, at=AT)
    deriver.catch_up()
    found = [each.text for each in doctor.run_checks() if each.code == "erased"]
    assert len(found) == 3, "in the stacks, the mirror and the log"
    scrubbing.scrub(str(known["a"]), at=AT)
    assert [each.text for each in doctor.run_checks()] == []


def test_that_somebody_was_erased_stays_recorded() -> None:
    shop = logs.made()
    by = staff_models.system(shop)
    known = accounts.ensure(community=shop, keys=["a"], by=by, at=AT)
    people.erase(account=Account.objects.get(pk=known["a"]), by=by, at=AT)
    doctor.run_checks(repair=True)
    kinds = facts.ensure_kinds(["member.erased"])
    left = Fact.objects.filter(account_id=known["a"])
    assert [fact.kind_id for fact in left] == list(kinds.values())
    assert doctor.run_checks() == []
    assert communities.get("tea") == shop
