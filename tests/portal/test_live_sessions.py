"""The page of a live session: forms alone reserve, enter, cancel and open the replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from qunce.activities.activities.models import Activity, Entry
from qunce.activities.live_sessions import sessions
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    LiveSession,
    ReplayView,
)
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from tests import factories
from tests.activities import running
from tests.activities.live_sessions import builders
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_session(by: Staff, hours: float = 30, **fields: object) -> Activity:
    start = datetime.now(UTC) + hours * HOUR
    return running.open_now(
        by,
        kind="live_session",
        name="Spring tea live",
        ends_at=start + 6 * HOUR,
        settings=builders.settings(start, **fields),
    )


def phone_of(by: Staff, key: str, live: Activity) -> Phone:
    account = factories.member(by.community, key, name=key.title()).pk
    phone = Phone(by.community)
    phone.bind(account, purpose_of(live.public_id))
    return phone


def move_back(live: Activity) -> None:
    """Let the live session be over."""
    at = datetime.now(UTC)
    LiveSession.objects.filter(activity=live).update(
        starts_at=at - 3 * HOUR, ends_at=at - HOUR
    )


def test_everybody_reads_when_with_whom_and_no_link(by: Staff) -> None:
    guests = [{"name": "<b>Lin</b>", "role": "Host"}]
    live = open_session(by, 0.1, guests=guests)
    page = Phone(by.community).open(f"a/{live.public_id}")
    assert "&lt;b&gt;Lin" in page and "<b>Lin" not in page and "Douyin" in page
    assert builders.LINK not in page and "/room" not in page
    assert "To take part, open your personal link" in page


def test_a_member_reserves_takes_the_event_and_cancels(by: Staff) -> None:
    live = open_session(by)
    ann = phone_of(by, "ann", live)
    assert "Reserve</button>" in ann.open(f"a/{live.public_id}")
    page = ann.press("/join")
    assert "You have reserved" in page and "You can enter here from" in page
    assert "/room" not in page
    answer = ann.client.get(f"/p/{by.community.key}/a/{live.public_id}/live.ics")
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(event["summary"]) == "Spring tea live"
    assert str(event["location"]) == "Douyin"
    page = ann.press("/join", said="cancel")
    assert "Your reservation is cancelled" in page and "live.ics" not in page
    answer = ann.client.get(f"/p/{by.community.key}/a/{live.public_id}/live.ics")
    assert answer.status_code == 404
    assert LiveReservation.objects.get().state == "cancelled"


def test_only_the_button_counts_and_leads_to_the_room(by: Staff) -> None:
    live = open_session(by, 0.1)
    ann = phone_of(by, "ann", live)
    page = ann.open(f"a/{live.public_id}")
    assert "Enter the live room" in page and builders.LINK not in page
    root = f"/p/{by.community.key}/a/{live.public_id}/room"
    assert ann.client.get(root).status_code == 405
    assert ann.client.head(root).status_code == 405
    assert Phone(by.community).client.post(root).status_code in (302, 403)
    assert not LiveAttendance.objects.exists()
    page = ann.press("/room")
    assert f'href="{builders.LINK}"' in page
    row = LiveAttendance.objects.get()
    assert (row.how, Entry.objects.get().account_id) == ("link", row.account_id)
    ann.open(f"a/{live.public_id}")
    assert f'href="{builders.LINK}"' in ann.press("/room")
    assert LiveAttendance.objects.count() == 1


def test_who_works_here_is_not_counted_and_not_led_there(by: Staff) -> None:
    live = open_session(by, 0.1)
    ann = phone_of(by, "ann", live)
    account = factories.account_ids(by.community, ("ann",))[0]
    staff_accounts.mark(accounts=[account], by=by, at=datetime.now(UTC))
    ann.open(f"a/{live.public_id}")
    page = ann.press("/room")
    assert "People who work here do not take part" in page
    assert builders.LINK not in page and not LiveAttendance.objects.exists()


def test_the_replay_is_opened_by_its_button_and_counted_apart(by: Staff) -> None:
    live = open_session(by)
    ann = phone_of(by, "ann", live)
    assert "replay" not in ann.open(f"a/{live.public_id}")
    move_back(live)
    assert "A replay appears here" in ann.open(f"a/{live.public_id}")
    url = "https://live.example/replay"
    sessions.set_replay(activity=live, url=url, by=by, at=datetime.now(UTC))
    page = ann.open(f"a/{live.public_id}")
    assert "Watch the replay" in page and url not in page
    for _time in range(2):
        ann.open(f"a/{live.public_id}")
        assert f'href="{url}"' in ann.press("/replay")
    assert ReplayView.objects.get().count == 2
    assert not LiveAttendance.objects.exists()
    stranger = Phone(by.community).open(f"a/{live.public_id}")
    assert "There is a replay" in stranger and url not in stranger


def test_the_own_page_lists_live_sessions(by: Staff) -> None:
    live = open_session(by, 0.1)
    account = factories.member(by.community, "ann").pk
    ann = Phone(by.community)
    ann.sign_in(account)
    assert "My live sessions" not in ann.open("me")
    ann.open(f"a/{live.public_id}")
    ann.press("/join")
    page = ann.open("me")
    assert "My live sessions" in page and "Spring tea live" in page
    assert "reserved" in page
    ann.open(f"a/{live.public_id}")
    ann.press("/room")
    assert "came" in ann.open("me")
