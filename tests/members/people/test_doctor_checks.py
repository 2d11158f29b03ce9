"""S2 `doctor`: which accounts belong to one person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.sets.bitmaps.aliases import Alias
from qunce.sets.doctor import doctor
from tests import factories

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def accounts_abc() -> list[int]:
    """Ids of two accounts of one person and of one account of another person."""
    shop = factories.community()
    ids = factories.members(shop, *"abc")
    factories.merge(shop, "a", "b")
    return ids


def finding_codes() -> list[str]:
    return [finding.code for finding in doctor.run_checks(only="persons")]


def test_correct_aliases_have_no_findings(accounts_abc: list[int]) -> None:
    assert Alias.objects.get().person_id == accounts_abc[0]
    assert finding_codes() == []


def test_missing_alias_is_found_and_repaired(accounts_abc: list[int]) -> None:
    Alias.objects.all().delete()
    assert finding_codes() == ["person"]
    doctor.run_checks(repair=True, only="persons")
    assert finding_codes() == []
    assert Alias.objects.get().person_id == accounts_abc[0]


def test_alias_without_a_merge_is_found_and_repaired(accounts_abc: list[int]) -> None:
    alias = Alias.objects.get()
    Alias.objects.create(
        account_id=accounts_abc[2],
        community_id=alias.community_id,
        person_id=accounts_abc[0],
    )
    assert finding_codes() == ["person"]
    doctor.run_checks(repair=True, only="persons")
    assert list(Alias.objects.values_list("account_id", flat=True)) == [accounts_abc[1]]
