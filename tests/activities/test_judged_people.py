"""Who is merged or erased between being judged and the transaction of taking part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.activities.games.models import GameAnswer
from qunce.activities.kinds import base
from qunce.core.staff.models import Staff
from qunce.members.accounts.queries import MemberNotFound
from qunce.members.people import people, staff_accounts
from tests import factories
from tests.activities import running, test_kinds
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Lets something happen once, after the next attempt is judged."""
    take_part = base._take_part

    def arrange(change: Callable[[], Any]) -> None:
        def changed(*args: Any) -> base.Reply:
            monkeypatch.setattr(base, "_take_part", take_part)
            change()
            return take_part(*args)

        monkeypatch.setattr(base, "_take_part", changed)

    return arrange


def join(activity: Activity, account: int, key: str) -> base.Reply:
    return test_kinds.join(activity, account, key=key)


@pytest.mark.parametrize("kind", test_kinds.KINDS)
def test_person_merged_since_they_were_judged_has_one_entry(
    by: Staff, between: Callable[[Callable[[], Any]], None], kind: str
) -> None:
    left, right = factories.members(by.community, "left", "right")
    activity = test_kinds.PREPARED[kind](by)
    join(activity, left, "first")
    assert Entry.objects.filter(activity=activity).count() == 1
    between(lambda: factories.merge(by.community, "left", "right"))
    join(activity, right, "second")
    assert Entry.objects.filter(activity=activity).count() == 1


def test_person_merged_with_staff_since_they_were_judged_is_refused(
    by: Staff, between: Callable[[Callable[[], Any]], None]
) -> None:
    activity = running.running(by)
    left, right = factories.members(by.community, "left", "right")
    staff_accounts.mark(accounts=[left], by=by, at=AT)
    between(lambda: factories.merge(by.community, "left", "right"))
    assert not join(activity, right, "second").accepted
    assert not Entry.objects.exists()


@pytest.mark.parametrize("kind", test_kinds.KINDS)
def test_nothing_is_stored_of_a_person_erased_since_they_were_judged(
    by: Staff, between: Callable[[Callable[[], Any]], None], kind: str
) -> None:
    bob = factories.member(by.community, "bob")
    activity = test_kinds.PREPARED[kind](by)
    between(lambda: people.erase(account=bob, by=by, at=AT))
    with pytest.raises(MemberNotFound):
        join(activity, bob.pk, "first")
    assert not Answer.objects.filter(account_id=bob.pk).exists()
    assert not Entry.objects.filter(account_id=bob.pk).exists()
    assert not GameAnswer.objects.filter(account_id=bob.pk).exists()
