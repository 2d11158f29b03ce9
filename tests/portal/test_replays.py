"""Forms that are sent again, in another order, too late, or after what they rest on is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.kinds import base
from qunce.activities.prizes import claims, prizes
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock, State
from qunce.core import community_days, errors
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.members.personal_links import links, sign_in_codes
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.portal.activities import actions
from tests import factories
from tests.activities.prizes import builders
from tests.activities.running import approver, open_now
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def bob(shop: Community) -> int:
    return factories.member(shop, "bob", name="Bob").pk


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


def open_page(phone: Phone, activity: Activity, account: int) -> str:
    return phone.bind(account, purpose_of(activity.public_id))


def counts() -> tuple[int, ...]:
    tables: tuple[Any, ...] = (Answer, Entry, CheckIn, Fact)
    return tuple(table.objects.count() for table in tables)


@pytest.mark.parametrize("way", ["member", "purpose", "device", "portal"])
def test_a_link_that_is_revoked_after_the_page_was_read_enters_nobody(
    by: Staff, bob: int, phone: Phone, way: str
) -> None:
    activity = open_now(by)
    open_page(phone, activity, bob)
    owner, at = factories.staff(by.community, "owner", "olga"), datetime.now(UTC)
    if way == "member":
        links.revoke_member(account_id=bob, by=by, at=at)
    elif way == "purpose":
        purpose = purpose_of(activity.public_id)
        links.revoke_purpose(community=by.community, purpose=purpose, by=owner, at=at)
    elif way == "device":
        form = phone.page
        token = form.partition('data-token="')[2].partition('"')[0]
        phone.client.post("/p/shop/sign-out", {"form_token": token})
        phone.page = form
    else:
        account = Account.objects.select_related("community").get(pk=bob)
        people.erase(account=account, by=owner, at=at)
    before = counts()
    phone.press("/join")
    assert phone.status == 403
    assert "Bob" not in phone.page
    assert counts() == before
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"key": ""},
        {"key": "k" * 61},
        {"key": "k\0"},
        {"said": "x" * 600},
        {"said": "\0"},
        {"form_token": ""},
        {"form_token": "0" * 32},
        {"form_token": "é"},
    ],
)
def test_a_form_that_was_changed_enters_nobody_twice_and_breaks_nothing(
    by: Staff, bob: int, phone: Phone, fields: dict[str, str]
) -> None:
    activity = open_now(by)
    open_page(phone, activity, bob)
    phone.press("/join", **fields)
    assert phone.status in (200, 403, 422)
    assert CheckIn.objects.count() <= 1
    phone.open(f"a/{activity.public_id}")
    if CheckIn.objects.count() == 0:
        phone.press("/join")
    assert "1 day in a row" in phone.page
    assert CheckIn.objects.count() == 1


@pytest.mark.parametrize("served", ["", "x", "\0", "é", "1:2:3", "W10:x:y"])
def test_a_forged_time_of_a_page_is_none(by: Staff, served: str) -> None:
    activity = open_now(by)
    assert actions.read_served(served, activity) is None
    at = datetime.now(UTC)
    other = open_now(by, name="Other")
    assert actions.read_served(actions.sign_served(other, at), activity) is None
    assert actions.read_served(actions.sign_served(activity, at), activity) is not None


def test_a_page_of_tomorrow_counts_for_no_other_day(by: Staff, bob: int) -> None:
    """As after the clock of the server was set back while the page was open."""
    activity, at = open_now(by), datetime.now(UTC)
    for number, served in enumerate((at + DAY, at + 400 * DAY, at - 2 * DAY)):
        base.take_part(
            activity=activity,
            account_id=bob,
            way=base.Way.PORTAL,
            key=f"k{number}",
            served_at=served,
            at=at,
        )
    row = CheckIn.objects.get()
    assert row.day == community_days.to_date(by.community.day(at))
    assert row.at == at


def test_the_clock_set_back_opens_nothing_again(by: Staff, bob: int) -> None:
    """What is closed stays closed, and what expired is not given again."""
    at = datetime.now(UTC)
    activity = open_now(by, ends_at=at + DAY)
    lifecycle.move_due(at=at + 2 * DAY)
    lifecycle.move_due(at=at - DAY)
    reply = base.take_part(
        activity=activity, account_id=bob, way=base.Way.PORTAL, key="k", at=at
    )
    assert not reply.accepted
    assert not Entry.objects.exists()
    prize = builders.prize(by)
    award = builders.award(prize, bob)
    late = award.claim_until + DAY
    assert claims.return_unclaimed(at=late) == 1
    award.refresh_from_db()
    with pytest.raises(claims.CannotClaim):
        claims.claim(award=award, way=ClaimedBy.PAGE, at=factories.AT)
    assert PrizeStock.objects.get().left == 10


def test_digits_after_their_time_or_of_before_are_worth_nothing(
    shop: Community, by: Staff, bob: int, phone: Phone
) -> None:
    phone.open("sign-in")
    first = phone.press("sign-in/code").partition('class="digits"')[2]
    old = first.partition(">")[2][:6]
    phone.open("sign-in")
    phone.press("sign-in/code")
    at = datetime.now(UTC)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(account_id=bob, digits=old, by=by, at=at)
    new = phone.page.partition('class="digits"')[2].partition(">")[2][:6]
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(
            account_id=bob, digits=new, by=by, at=at + sign_in_codes.VALIDITY
        )
    assert "Bob" not in phone.open("me")


def test_a_prize_archived_while_it_is_waited_for_is_still_handed_out(
    shop: Community, by: Staff, bob: int, phone: Phone
) -> None:
    prize = builders.prize(by, "code")
    award = builders.award(prize, bob)
    Award.objects.update(claim_until=datetime.now(UTC) + DAY)
    phone.sign_in(bob)
    phone.open(f"prizes/{award.public_id}")
    prizes.archive(prize=prize, by=by, at=datetime.now(UTC))
    phone.press("/claim")
    award.refresh_from_db()
    assert (phone.status, award.state) == (200, State.CLAIMED)
    form = phone.page
    # Sent again, it is claimed once.
    answer = phone.client.post(
        f"/p/shop/prizes/{award.public_id}/claim",
        {"form_token": form.partition('data-token="')[2].partition('"')[0]},
    )
    assert answer.status_code == 422
    assert b"claimed this prize already" in answer.content


def test_a_segment_archived_while_the_page_is_open_holds_the_entry(
    shop: Community, by: Staff, bob: int, phone: Phone
) -> None:
    factories.apply_tag(shop, "reader", bob)
    segment = factories.segment(shop, "readers", {"tag": {"any": ["reader"]}})
    activity = open_now(by, may_join={"segment": {"any": ["readers"]}})
    open_page(phone, activity, bob)
    with pytest.raises(errors.QunceError, match="Thirty pages a day"):
        segments.archive(segment=segment, by=by, at=datetime.now(UTC))
    # By whatever way it goes, nobody is judged by a rule that is not whole.
    Segment.objects.update(state="archived")
    phone.press("/join")
    assert phone.status == 200
    assert "readers" not in phone.page
    assert Entry.objects.filter(account_id=bob).count() == CheckIn.objects.count()


def test_a_cancelled_activity_answers_the_form_of_before(
    by: Staff, bob: int, phone: Phone
) -> None:
    activity = open_now(by)
    open_page(phone, activity, bob)
    lifecycle.cancel(activity=activity, reason="Rain", by=by, at=datetime.now(UTC))
    lifecycle.cancel(
        activity=activity, reason="Rain", by=approver(by), at=datetime.now(UTC)
    )
    assert activities.find_public(by.community, activity.public_id) is not None
    phone.press("/join")
    assert phone.status == 200
    assert "It was cancelled." in phone.page
    assert not Entry.objects.exists()
