"""S2 `doctor`: who is one person with whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.people import people
from qunce.sets.bitmaps.aliases import Alias
from qunce.sets.doctor import doctor

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def three() -> list[int]:
    """The accounts of one person, and one of somebody else."""
    here = communities.create(key="shop", at=NOW)
    by = staff_models.system(here)
    made = [
        accounts.create(community=here, key=key, name=key, by=by, at=NOW)
        for key in "abc"
    ]
    people.merge(left=made[0], right=made[1], by=by, at=NOW)
    return [account.pk for account in made]


def found() -> list[str]:
    return [finding.code for finding in doctor.run_checks(only="persons")]


def test_it_finds_nothing_where_aliases_are_what_joins_say(three: list[int]) -> None:
    assert found() == []


def test_it_finds_and_mends_a_lost_alias(three: list[int]) -> None:
    Alias.objects.all().delete()
    assert found() == ["person"]
    doctor.run_checks(repair=True, only="persons")
    assert found() == []
    assert Alias.objects.get().person_id == three[0]


def test_it_finds_and_mends_an_alias_without_a_join(three: list[int]) -> None:
    lone = Alias.objects.get()
    Alias.objects.create(
        account_id=three[2], community_id=lone.community_id, person_id=three[0]
    )
    assert found() == ["person"]
    doctor.run_checks(repair=True, only="persons")
    assert list(Alias.objects.values_list("account_id", flat=True)) == [three[1]]
