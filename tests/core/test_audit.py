"""V12: every act of staff is in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.facts import audit, facts
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BellRung(facts.FactKind):
    kind = "bell.rung"
    tower: str
    times: int


@pytest.fixture
def ann() -> Staff:
    return factories.staff(factories.community(), role=permissions.Role.OWNER)


def ring(by: Staff | None, of: Staff, *bells: BellRung) -> None:
    facts.record(*bells, community=of.community, by=by, at=AT)


def test_facts_of_one_call_are_one_entry_with_their_common_fields(ann: Staff) -> None:
    bells = [BellRung(tower="north", times=n, account=n) for n in range(1, 4)]
    ring(ann, ann, *bells)
    (entry,) = audit.list_entries(community=ann.community)
    assert (entry.actor_id, entry.count, entry.account_id) == (ann.pk, 3, None)
    assert entry.detail == {"tower": "north"}


def test_entry_about_one_member_has_the_account(ann: Staff) -> None:
    ring(ann, ann, BellRung(tower="north", times=1, account=7))
    (entry,) = audit.list_entries(community=ann.community)
    assert entry.account_id == 7


def test_facts_without_staff_are_not_logged(ann: Staff) -> None:
    ring(None, ann, BellRung(tower="north", times=1))
    assert audit.list_entries(community=ann.community) == []
    assert len(factories.recorded_facts(ann.community, "bell.rung")) == 1


def test_one_fact_for_many_accounts_is_one_entry(ann: Staff) -> None:
    bell = BellRung(tower="north", times=1)
    facts.record_for_accounts(bell, range(500), community=ann.community, by=ann, at=AT)
    (entry,) = audit.list_entries(community=ann.community)
    assert entry.count == 500


def test_details_of_erased_members_are_cleared_and_entries_stay(ann: Staff) -> None:
    for account in (7, 8):
        ring(ann, ann, BellRung(tower="her house", times=1, account=account))
    audit.clear_details([7])
    entries = audit.list_entries(community=ann.community)
    assert [entry.detail for entry in entries] == [
        {"tower": "her house", "times": 1},
        None,
    ]


def test_entries_are_filtered_by_actor_kind_and_time_and_paged(ann: Staff) -> None:
    bob = factories.staff(ann.community, login="bob", role="operator")
    for number in range(5):
        by = ann if number % 2 else bob
        later = AT + timedelta(hours=number)
        audit.log(
            kind=f"bell.n{number}", community=ann.community, by=by, at=later, detail={}
        )
    entries = audit.list_entries(community=ann.community)
    assert len(entries) == 5
    after = audit.list_entries(community=ann.community, before=entries[1].pk, limit=2)
    assert after == entries[2:4]
    assert len(audit.list_entries(community=ann.community, actor=bob.pk)) == 3
    assert audit.list_entries(community=ann.community, kind="bell.n3") == [entries[1]]
    assert audit.list_entries(community=ann.community, kind="bell.unheard") == []
    since, until = AT + timedelta(hours=1), AT + timedelta(hours=3)
    assert (
        audit.list_entries(community=ann.community, since=since, until=until)
        == entries[2:4]
    )
    assert sorted(audit.list_kinds(ann.community).values()) == [
        f"bell.n{n}" for n in range(5)
    ]
    assert audit.list_entries(community=factories.community("other")) == []
    assert audit.list_kinds(factories.community("third")) == {}


def test_long_text_is_shortened_and_a_list_is_stored_as_json(ann: Staff) -> None:
    detail = {"text": "x" * 1_000, "list": ["a", "b"]}
    audit.log(kind="bell.told", community=ann.community, by=ann, at=AT, detail=detail)
    (entry,) = audit.list_entries(community=ann.community)
    assert len(entry.detail["text"]) == audit.MAX_VALUE_LENGTH
    assert entry.detail["list"] == '["a", "b"]'


def test_only_managers_without_a_scope_may_view_the_log(ann: Staff) -> None:
    audit.check_view(ann)
    limits: list[dict[str, Any]] = [{"scope": {"all": []}}, {"role": "operator"}]
    for number, limit in enumerate(limits):
        other = factories.staff(
            ann.community, login=f"limited-{number}", **{"role": "owner", **limit}
        )
        with pytest.raises(permissions.NotAllowed):
            audit.check_view(other)
