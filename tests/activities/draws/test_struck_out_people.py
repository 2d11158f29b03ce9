"""A person of whom staff struck out an entry does not count, with any of their accounts."""

from __future__ import annotations

import pytest

from qunce.activities import results
from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry
from qunce.activities.draws import certificates, public_values, tickets, verifier
from qunce.activities.draws.models import Draw, Ticket
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER
from tests.activities.running import join, running
from tests.factories import AT

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def draw(community: Community, ann: Staff) -> Draw:
    return builders.open_draw(ann, settings={tickets.MOST: 4})


@pytest.fixture
def ids(community: Community, draw: Draw) -> list[int]:
    """Three entrants, the first two of whom are one person."""
    found = factories.members(community, *"abc")
    builders.join(draw, *found)
    factories.merge(community, "a", "b")
    return found


def strike_out(account: int, by: Staff) -> Entry:
    entry = Entry.objects.get(account_id=account)
    entries.strike_out(entry=entry, by=by, at=AT)
    return entry


@pytest.mark.both_databases
@pytest.mark.parametrize("struck", [0, 1])
def test_no_ticket_of_a_struck_out_person_is_on_the_list(
    draw: Draw, ids: list[int], struck: int, ann: Staff, bea: Staff
) -> None:
    strike_out(ids[struck], ann)
    builders.close(draw)
    assert draw.removed == {"struck_out": 2}
    assert Ticket.objects.get(removed="").account_id == ids[2]
    for by in (ann, bea):
        public_values.type_figure(draw=draw, figure="123456", by=by, at=AFTER)
    draw.refresh_from_db()
    assert verifier.verify(certificates.to_text(draw)) == []


def test_a_restored_person_has_one_ticket(
    draw: Draw, ids: list[int], ann: Staff
) -> None:
    entries.restore(entry=strike_out(ids[1], ann), by=ann, at=AT)
    builders.close(draw)
    assert draw.removed == {"second_account": 1}
    assert draw.people_count == 2


def test_struck_out_person_gets_no_further_ticket(
    draw: Draw, ids: list[int], ann: Staff
) -> None:
    def give(account: int) -> list[Ticket]:
        return tickets.grant(
            draw=draw, account_id=account, count=1, reason="x", by=ann, at=AT
        )

    strike_out(ids[1], ann)
    with pytest.raises(tickets.CannotGrant, match="does not take part"):
        give(ids[0])
    assert len(give(ids[2])) == 2


@pytest.mark.parametrize("struck", [0, 1])
def test_results_count_no_struck_out_person(
    draw: Draw, ids: list[int], struck: int, ann: Staff
) -> None:
    counted = results.collect(activity=draw.activity, by=ann, at=AT)
    assert (counted.people, counted.struck_out) == (2, 0)
    strike_out(ids[struck], ann)
    counted = results.collect(activity=draw.activity, by=ann, at=AT)
    assert (counted.people, counted.struck_out) == (1, 1)
    assert sum(counted.by_way.values()) == 1


@pytest.mark.parametrize("struck", [0, 1])
def test_struck_out_person_cannot_go_on_with_a_second_account(
    community: Community, ann: Staff, struck: int
) -> None:
    activity = running(ann)
    own = factories.members(community, "a", "b")
    for account in own:
        join(activity, account)
    factories.merge(community, "a", "b")
    strike_out(own[struck], ann)
    for account in own:
        again = join(activity, account, AT, key="again")
        assert (again.accepted, again.code) == (False, "struck_out")
