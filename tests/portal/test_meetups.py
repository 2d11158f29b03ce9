"""The page of a meet-up: forms alone sign up, show the code, and cancel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from zxingcpp import read_barcodes

from qunce.activities.activities.models import Activity
from qunce.activities.meetups import venue_codes
from qunce.activities.meetups.models import Meetup, SignUp, State
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.meetups import builders
from tests.clients import browser
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_meetup(by: Staff, hours: float = 30, **fields: object) -> Activity:
    start = datetime.now(UTC) + timedelta(hours=hours)
    return running.open_now(
        by,
        kind="meetup",
        name="Spring tasting",
        ends_at=start + timedelta(hours=6),
        settings=builders.settings(start, **fields),
    )


def phone_of(by: Staff, key: str, meetup: Activity) -> Phone:
    account = factories.member(by.community, key, name=key.title()).pk
    phone = Phone(by.community)
    phone.bind(account, purpose_of(meetup.public_id))
    return phone


def test_everybody_reads_when_and_where(by: Staff) -> None:
    meetup = open_meetup(by, capacity=3, sponsor="<b>Leaf</b>")
    page = Phone(by.community).open(f"a/{meetup.public_id}")
    assert builders.PLACE in page and "3 seats left" in page
    assert "Sponsor: &lt;b&gt;Leaf" in page and "<b>Leaf" not in page
    assert "/sign-up" not in page
    assert "To take part, open your personal link" in page


def test_a_member_signs_up_with_answers_and_cancels(by: Staff) -> None:
    questions = [
        builders.question("Tea or coffee?"),
        builders.question("Guests", required=False),
    ]
    meetup = open_meetup(by, capacity=1, questions=questions)
    bob = phone_of(by, "bob", meetup)
    bob.open(f"a/{meetup.public_id}")
    page = bob.press("/sign-up", **{"answer-1": "", "answer-2": "2"})
    assert "Write the answers with it" in page and not SignUp.objects.exists()
    page = bob.press("/sign-up", **{"answer-1": "Tea / <i>milk</i>", "answer-2": ""})
    assert "You have a seat" in page and "Tea / &lt;i&gt;milk" in page
    assert SignUp.objects.get().answers == [["Tea or coffee?", "Tea / <i>milk</i>"]]
    cy = phone_of(by, "cy", meetup)
    cy.open(f"a/{meetup.public_id}")
    page = cy.press("/sign-up", **{"answer-1": "Coffee"})
    assert "number 1 on the waitlist" in page and "entrance.png" not in page
    page = press(bob, meetup, "cancel")
    assert "Your sign-up is cancelled." in page
    assert "You have a seat" in cy.open(f"a/{meetup.public_id}")


def press(phone: Phone, meetup: Activity, said: str) -> str:
    """The button of the page with this meaning, as several have the same address."""
    page = phone.open(f"a/{meetup.public_id}")
    form = next(part for part in page.split("<form") if f'value="{said}"' in part)
    phone.page = "<form" + form
    return phone.press("/join", said=said)


def test_a_time_is_chosen(by: Staff) -> None:
    start = datetime.now(UTC) + timedelta(hours=30)
    rows = [builders.slot(start), builders.slot(start + timedelta(hours=1), None)]
    meetup = open_meetup(by, slots=rows)
    bob = phone_of(by, "bob", meetup)
    page = bob.open(f"a/{meetup.public_id}")
    assert 'name="slot" value="2"' in page and "seats without limit" in page
    page = bob.press("/sign-up")
    assert "Which time?" in page
    bob.press("/sign-up", slot="2")
    assert SignUp.objects.get().slot.number == 2


def test_the_picture_leads_to_the_person_on_the_phone_of_staff(by: Staff) -> None:
    meetup = open_meetup(by, hours=1)
    bob = phone_of(by, "bob", meetup)
    bob.open(f"a/{meetup.public_id}")
    page = bob.press("/sign-up")
    assert "entrance.png" in page
    bob.open(f"a/{meetup.public_id}/entrance.png")
    assert bob.response["Content-Type"] == "image/png"
    assert bob.response["Cache-Control"] == "private, no-store"
    address = decoded(bob.response.content)
    assert SignUp.objects.get().code in address
    # Whoever photographs the picture reads nothing.
    assert Phone(by.community).client.get(address).status_code == 302
    desk = browser(by)
    page = desk.get(address).content.decode()
    assert "Bob" in page and "Check in Bob" in page
    assert SignUp.objects.get().state == State.SEATED
    url = (
        f"/activities/meetups/{meetup.pk}/sign-ups/{SignUp.objects.get().pk}/check-in/"
    )
    desk.post(url, {"how": "qr"})
    first = SignUp.objects.get()
    assert (first.state, first.checked_in_how, first.checked_in_by) == (
        State.ATTENDED,
        "qr",
        by,
    )
    page = desk.post(url, {"how": "qr"}, follow=True).content.decode()
    assert "Checked in already" in page and builders.PLACE in page
    assert SignUp.objects.get().checked_in_at == first.checked_in_at
    assert "You are checked in" in bob.open(f"a/{meetup.public_id}")


def decoded(png: bytes) -> str:
    import io

    from PIL import Image

    (found,) = read_barcodes(Image.open(io.BytesIO(png)))
    return str(found.text)


def test_the_code_of_the_place_checks_a_member_in(by: Staff) -> None:
    meetup = open_meetup(by, hours=1)
    bob = phone_of(by, "bob", meetup)
    bob.open(f"a/{meetup.public_id}")
    bob.press("/sign-up")
    page = browser(by).get(f"/activities/meetups/{meetup.pk}/code/").content.decode()
    secret = Meetup.objects.get().secret
    code = venue_codes.code_at(secret, datetime.now(UTC))
    assert code in page
    page = bob.press("/join", said=["check-in", "000000" if code != "000000" else "1"])
    assert "not the current code" in page and SignUp.objects.get().tries == 1
    bob.open(f"a/{meetup.public_id}")
    page = bob.press("/join", said=["check-in", code])
    assert "You are checked in" in page


def test_the_event_for_a_calendar_is_the_members_own(by: Staff) -> None:
    meetup = open_meetup(by)
    bob = phone_of(by, "bob", meetup)
    assert (
        bob.client.get(f"{bob.root}a/{meetup.public_id}/event.ics").status_code == 404
    )
    bob.open(f"a/{meetup.public_id}")
    bob.press("/sign-up")
    content = bob.open(f"a/{meetup.public_id}/event.ics")
    assert bob.response["Content-Type"].startswith("text/calendar")
    assert "SUMMARY:Spring tasting" in content and "LOCATION:Tea house\\, 8" in content
