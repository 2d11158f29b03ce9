"""A cancellation that is asked for leaves what members read as it is, until it is decided."""

from __future__ import annotations

import pytest
from django.urls import reverse

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, State
from qunce.core.staff.models import Staff
from tests.activities.running import approver, running
from tests.clients import ApiClient, browser, create_client
from tests.factories import AT
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db
WHY_PAUSED, WHY_CANCELLED = "Back after the flood", "The hall is gone"


@pytest.fixture
def paused(by: Staff) -> Activity:
    """A paused activity that one person wants to cancel."""
    activity = running(by)
    lifecycle.pause(activity=activity, reason=WHY_PAUSED, by=by, at=AT)
    assert not lifecycle.cancel(activity=activity, reason=WHY_CANCELLED, by=by, at=AT)
    return activity


def read_as_member(activity: Activity) -> str:
    return Phone(activity.community).open(f"a/{activity.public_id}")


def read_as(staff: Staff, activity: Activity) -> str:
    url = reverse("activities:detail", args=[activity.pk])
    return browser(staff).get(url).content.decode()


def test_members_read_why_it_is_paused_until_the_second_person_decides(
    paused: Activity, by: Staff
) -> None:
    page = read_as_member(paused)
    assert WHY_PAUSED in page
    assert WHY_CANCELLED not in page
    lifecycle.keep(activity=paused, by=approver(by), at=AT)
    paused.refresh_from_db()
    assert (paused.state, paused.reason) == (State.PAUSED, WHY_PAUSED)
    assert WHY_PAUSED in read_as_member(paused)


def test_members_read_why_it_was_cancelled(paused: Activity, by: Staff) -> None:
    url = reverse("activities:cancel", args=[paused.pk])
    browser(approver(by)).post(url, {"reason": WHY_CANCELLED})
    page = read_as_member(paused)
    assert WHY_CANCELLED in page
    assert WHY_PAUSED not in page
    paused.refresh_from_db()
    assert (paused.state, paused.cancel_reason) == (State.CANCELLED, "")


def test_staff_read_both_reasons(paused: Activity, by: Staff) -> None:
    page = read_as(approver(by), paused)
    assert WHY_PAUSED in page
    # Shown, and sent with the decision.
    assert page.count(WHY_CANCELLED) == 2
    lifecycle.keep(activity=paused, by=approver(by), at=AT)
    page = read_as(by, paused)
    assert WHY_PAUSED in page
    assert WHY_CANCELLED not in page


def test_resuming_and_pausing_keep_why_it_is_to_be_cancelled(
    paused: Activity, by: Staff
) -> None:
    lifecycle.resume(activity=paused, by=by, at=AT)
    assert (paused.reason, paused.cancel_reason) == ("", WHY_CANCELLED)
    lifecycle.pause(activity=paused, reason="Lunch", by=by, at=AT)
    assert (paused.reason, paused.cancel_reason) == ("Lunch", WHY_CANCELLED)


def test_programs_read_both_reasons(paused: Activity, by: Staff) -> None:
    client: ApiClient = create_client(by.community)
    body = client.get(f"/activities/{paused.pk}").body
    assert body["cancel_asked"]
    assert (body["reason"], body["cancel_reason"]) == (WHY_PAUSED, WHY_CANCELLED)
