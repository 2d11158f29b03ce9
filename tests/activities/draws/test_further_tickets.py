"""Further tickets of a person, which staff give with a reason, up to the published number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from django.utils.html import escape

from qunce import reactions
from qunce.activities.draws import (
    certificates,
    draws,
    public_values,
    tickets,
    verifier,
)
from qunce.activities.draws.models import Draw, State, Ticket, TicketGrant
from qunce.activities.kinds import base
from qunce.activities.prizes.models import Award
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.guards import legal_notices
from qunce.core.staff.models import Staff
from qunce.outreach.sending.ledger import Message
from tests import clients, factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER
from tests.factories import AT, HOUR
from tests.portal.phones import Phone

pytestmark = [pytest.mark.django_db]
OLD = "超过 12 个月没有核对"


@pytest.fixture
def draw(ann: Staff) -> Draw:
    return builders.open_draw(ann, settings={tickets.MOST: 4})


def give(draw: Draw, account: int, count: int, by: Staff) -> list[Ticket]:
    return tickets.grant(
        draw=draw,
        account_id=account,
        count=count,
        reason="连续打卡 30 天",
        by=by,
        at=AT,
    )


def complete(draw: Draw, *staff: Staff) -> None:
    builders.close(draw)
    for by in staff:
        public_values.type_figure(draw=draw, figure="123456", by=by, at=AFTER)
    draw.refresh_from_db()


def test_one_person_wins_once_with_many_tickets(
    community: Community, draw: Draw, ann: Staff, bea: Staff
) -> None:
    ids = factories.members(community, *"abc")
    builders.join(draw, *ids)
    own = give(draw, ids[0], 3, ann)
    assert [ticket.n for ticket in own] == [1, 2, 3, 4]
    assert len({ticket.number for ticket in own}) == 4
    (reply,) = [*again(draw, ids[0])]
    assert all(ticket.number in reply for ticket in own)
    complete(draw, ann, bea)
    assert (draw.tickets_count, draw.people_count) == (6, 3)
    assert len(set(Award.objects.values_list("account_id", flat=True))) == 2
    text = certificates.to_text(draw)
    assert verifier.verify(text) == [] and '"tickets_each":4' in text
    (grant,) = tickets.list_grants(draw)
    assert (grant.count, grant.reason, grant.by) == (3, "连续打卡 30 天", ann)
    assert factories.recorded_facts(community, "ticket.given")[0][1]["count"] == 3


def again(draw: Draw, account: int) -> Sequence[str]:
    activity = draw.activity
    reply = base.take_part(
        activity=activity, account_id=account, way=base.Way.CHAT, key="again", at=AT
    )
    assert not reply.accepted
    return [reply.text]


def test_member_is_written_to_with_all_their_numbers(
    community: Community, draw: Draw, ann: Staff
) -> None:
    (account,) = factories.members(community, "a")
    builders.join(draw, account)
    own = give(draw, account, 2, ann)
    reactions.CONSUMER.catch_up(at=AT)
    (message,) = Message.objects.filter(target_id=account, is_group=False)
    assert "周年抽奖" in message.text
    assert all(ticket.number in message.text for ticket in own)


@pytest.mark.parametrize(
    ("count", "reason", "problem"),
    [(0, "x", "1 to 99"), (101, "x", "1 to 99"), (1, " ", "reason"), (4, "x", "has 1")],
)
def test_no_more_than_the_rules_say(
    community: Community, draw: Draw, ann: Staff, count: int, reason: str, problem: str
) -> None:
    (account,) = factories.members(community, "a")
    builders.join(draw, account)
    with pytest.raises(errors.QunceError, match=problem):
        tickets.grant(
            draw=draw, account_id=account, count=count, reason=reason, by=ann, at=AT
        )
    assert Ticket.objects.count() == 1 and not TicketGrant.objects.exists()


def test_only_who_takes_part_and_before_the_list_closes(
    community: Community, draw: Draw, ann: Staff
) -> None:
    one, two = factories.members(community, "a", "b")
    builders.join(draw, one)
    with pytest.raises(tickets.CannotGrant, match="does not take part"):
        give(draw, two, 1, ann)
    builders.close(draw)
    with pytest.raises(draws.AlreadyPublished, match="closed"):
        give(draw, one, 1, ann)


@pytest.mark.both_databases
def test_after_a_merge_the_tickets_of_the_older_entry_stay(
    community: Community, draw: Draw, ann: Staff, bea: Staff
) -> None:
    ids = factories.members(community, *"abc")
    builders.join(draw, *ids)
    give(draw, ids[0], 1, ann)
    give(draw, ids[1], 3, ann)
    factories.merge(community, "a", "b")
    # The further one goes to the older entry, which counts.
    assert give(draw, ids[1], 1, ann)[-1].account_id == ids[0]
    with pytest.raises(tickets.CannotGrant, match="has 3"):
        give(draw, ids[1], 2, ann)
    complete(draw, ann, bea)
    assert draw.removed == {"second_account": 4}
    kept = Ticket.objects.filter(draw=draw, removed="").order_by("account_id", "n")
    assert [*kept.values_list("account_id", "n")] == [
        *((ids[0], n) for n in (1, 2, 3)),
        (ids[2], 1),
    ]
    assert (draw.people_count, draw.state) == (2, State.DRAWN)
    assert verifier.verify(certificates.to_text(draw)) == []


def test_second_account_after_an_unmerge_gets_no_ticket_of_the_first(
    community: Community, draw: Draw, ann: Staff
) -> None:
    ids = factories.members(community, "a", "b")
    factories.merge(community, "a", "b")
    builders.join(draw, ids[1])
    factories.unmerge(community, "a", "b")
    (reply,) = builders.join(draw, ids[0])
    assert not reply.accepted and "somebody else" in reply.text
    assert Ticket.objects.get().number not in reply.text


def test_member_sees_all_numbers_and_finds_each_in_the_list(
    community: Community, draw: Draw, ann: Staff, bea: Staff
) -> None:
    (account,) = factories.members(community, "a")
    builders.join(draw, account)
    numbers = [ticket.number for ticket in give(draw, account, 3, ann)]
    phone = Phone(community)
    phone.sign_in(account)
    assert all(number in phone.page for number in numbers)
    phone.open(f"a/{draw.activity.public_id}")
    assert all(number in phone.page for number in numbers)
    complete(draw, ann, bea)
    phone.open(f"draws/{draw.activity.public_id}/certificate")
    assert all(number in phone.page for number in numbers)
    for number in numbers:
        phone.open(f"draws/{draw.activity.public_id}/certificate?number={number}")
        assert "at place" in phone.page or "位" in phone.page
    last = numbers[-1][:-1] + ("0" if numbers[-1][-1] != "0" else "1")
    phone.open(f"draws/{draw.activity.public_id}/certificate?number={last}")
    assert "not in the list" in phone.page or "不在" in phone.page


def test_staff_give_them_on_the_page_of_the_draw_and_by_the_api(
    community: Community, ann: Staff, bea: Staff
) -> None:
    now = datetime.now(UTC)
    draw = builders.open_draw(
        ann, figure=False, settings={tickets.MOST: 4}, ends_at=now + HOUR
    )
    (account,) = factories.members(community, "a")
    builders.join(draw, account, at=now)
    console = clients.browser(ann)
    page = f"/activities/draws/{draw.activity_id}/"
    sent = {"member": "a", "count": "2", "reason": "<b>帮忙</b>"}
    console.post(f"{page}tickets/", sent)
    shown = console.get(page).content.decode()
    assert escape("<b>帮忙</b>") in shown and "+2" in shown
    assert all(each.number in shown for each in tickets.find(draw, [account]))
    api = clients.create_client(community)
    body = {"member_id": account, "count": 1, "reason": "help"}
    path = f"/activities/{draw.activity_id}/draw/tickets"
    assert len(api.post(path, body).body["tickets"]) == 4
    assert api.post(path, body).status == 409


def test_review_page_shows_the_legal_notices_and_which_are_old(
    ann: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity = builders.activity(ann)
    console = clients.browser(ann)
    pages = f"/activities/{activity.pk}/", f"/activities/draws/{activity.pk}/"
    for page in pages:
        monkeypatch.setattr(legal_notices, "VALID_FOR", timedelta(days=36_500))
        shown = console.get(page).content.decode()
        for notice in (legal_notices.CHANCE_PRIZE, legal_notices.COMPLETE_TERMS):
            with translation.override("zh-hans"):
                assert escape(str(notice.text)) in shown and notice.source in shown
            assert notice.in_force_since.isoformat() in shown
        assert OLD not in shown
        monkeypatch.setattr(legal_notices, "VALID_FOR", timedelta(days=-1))
        shown = console.get(page).content.decode()
        assert shown.count(OLD) == 2
