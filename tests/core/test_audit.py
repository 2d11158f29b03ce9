"""V12: every action by somebody is in the log, whoever wrote the verb."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.facts import audit, facts
from qunce.core.staff.models import Staff
from tests.core import made
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BellRung(facts.FactKind):
    kind = "bell.rung"
    tower: str
    times: int


@pytest.fixture
def ann() -> Staff:
    return made.staff(made.community(), role=permissions.Role.OWNER)


def ring(by: Staff | None, of: Staff, *events: BellRung) -> None:
    facts.record(*events, community=of.community, by=by, at=AT)


def test_one_call_is_one_act_with_what_its_facts_share(ann: Staff) -> None:
    bells = [BellRung(tower="north", times=n, account=n) for n in range(1, 4)]
    ring(ann, ann, *bells)
    (act,) = audit.list_entries(community=ann.community)
    assert (act.actor_id, act.count, act.account_id) == (ann.pk, 3, None)
    assert act.detail == {"tower": "north"}


def test_one_member_alone_is_named(ann: Staff) -> None:
    ring(ann, ann, BellRung(tower="north", times=1, account=7))
    (act,) = audit.list_entries(community=ann.community)
    assert act.account_id == 7


def test_what_nobody_did_is_no_act(ann: Staff) -> None:
    ring(None, ann, BellRung(tower="north", times=1))
    assert audit.list_entries(community=ann.community) == []


def test_the_same_for_many_is_one_act(ann: Staff) -> None:
    event = BellRung(tower="north", times=1)
    facts.record_for_accounts(event, range(500), community=ann.community, by=ann, at=AT)
    (act,) = audit.list_entries(community=ann.community)
    assert act.count == 500


def test_an_erased_member_is_forgotten_and_the_act_stays(ann: Staff) -> None:
    for account in (7, 8):
        ring(ann, ann, BellRung(tower="her house", times=1, account=account))
    audit.clear_details([7])
    acts = audit.list_entries(community=ann.community)
    assert [act.detail for act in acts] == [{"tower": "her house", "times": 1}, None]


def test_it_is_read_by_who_kind_and_time_a_page_at_a_time(ann: Staff) -> None:
    bob = made.staff(ann.community, "bob")
    for number in range(5):
        by = ann if number % 2 else bob
        later = AT + timedelta(hours=number)
        audit.log(
            kind=f"bell.n{number}", community=ann.community, by=by, at=later, detail={}
        )
    every = audit.list_entries(community=ann.community)
    assert len(every) == 5
    after = audit.list_entries(community=ann.community, before=every[1].pk, limit=2)
    assert after == every[2:4]
    assert len(audit.list_entries(community=ann.community, actor=bob.pk)) == 3
    assert audit.list_entries(community=ann.community, kind="bell.n3") == [every[1]]
    assert audit.list_entries(community=ann.community, kind="bell.unheard") == []
    since, until = AT + timedelta(hours=1), AT + timedelta(hours=3)
    assert (
        audit.list_entries(community=ann.community, since=since, until=until)
        == every[2:4]
    )
    assert sorted(audit.list_kinds(ann.community).values()) == [
        f"bell.n{n}" for n in range(5)
    ]
    assert audit.list_entries(community=made.community("other")) == []
    assert audit.list_kinds(made.community("third")) == {}


def test_a_long_text_is_cut_and_a_list_is_kept_as_text(ann: Staff) -> None:
    detail = {"text": "x" * 1_000, "list": ["a", "b"]}
    audit.log(kind="bell.told", community=ann.community, by=ann, at=AT, detail=detail)
    (act,) = audit.list_entries(community=ann.community)
    assert len(act.detail["text"]) == audit.MAX_VALUE_LENGTH
    assert act.detail["list"] == '["a", "b"]'


def test_who_sees_a_part_does_not_read_it(ann: Staff) -> None:
    audit.check_view(ann)
    limits: list[dict[str, Any]] = [{"scope": {"all": []}}, {"role": "operator"}]
    for given in limits:
        other = made.staff(ann.community, str(given)[:9], **given)
        with pytest.raises(permissions.NotAllowed):
            audit.check_view(other)
