"""Entering by a link: one person, one purpose, one device, revocable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.facts.audit import AuditEntry
from qunce.core.staff import entry_links, sessions, staff
from qunce.core.staff.entry_links import EntryLink
from qunce.core.staff.models import Staff
from qunce.members.people import notes
from qunce.members.people.notes import Note
from qunce.members.tags import library
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def bob(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "bob", name="Bob")


def make(by: Staff, bob: Staff, role: str = "operator", **fields: str) -> EntryLink:
    return entry_links.create(
        staff=bob,
        role=role,
        purpose=fields.get("purpose", "sidebar"),
        valid_for=HOUR,
        by=by,
        at=datetime.now(UTC),
    )


def enter(link: EntryLink) -> Client:
    """The browser of a device that opens the link."""
    client, url = Client(), reverse("login:enter", args=[entry_links.token_of(link)])
    asked = client.get(url)
    assert "Continue as Bob" in asked.content.decode()
    assert client.post(url)["Location"] == reverse(
        "sidebar:home" if link.purpose == "sidebar" else "tasks:task-list"
    )
    return client


def test_link_opens_one_purpose_with_cut_rights(
    shop: Community, by: Staff, bob: Staff
) -> None:
    ann = factories.member(shop, "ann", name="Ann").pk
    device = enter(make(by, bob))
    page = device.get(reverse("sidebar:member", args=[ann]))
    assert "Ann" in page.content.decode()
    note = reverse("sidebar:note-create", args=[ann])
    assert device.post(note, {"text": "likes tea"}).status_code == 303
    assert Note.objects.get().by == bob
    # Bob is a manager, but not here: other pages lead back, other actions are refused.
    assert device.get("/settings/staff/")["Location"] == reverse("sidebar:home")
    assert device.get("/")["Location"] == reverse("sidebar:home")
    refused = device.post(reverse("settings:password"), {})
    assert refused.status_code == 403
    assert "You entered by a link" in refused.content.decode()
    assert device.post(reverse("login:switch", args=[by.pk])).status_code == 403


def test_role_of_the_link_cuts_and_never_adds(
    shop: Community, by: Staff, bob: Staff
) -> None:
    ann = factories.member(shop, "ann", name="Ann").pk
    viewing = enter(make(by, bob, "viewer"))
    note = reverse("sidebar:note-create", args=[ann])
    assert viewing.get(reverse("sidebar:member", args=[ann])).status_code == 200
    assert viewing.post(note, {"text": "x"}).status_code == 403
    Staff.objects.filter(pk=bob.pk).update(role="viewer")
    lifted = enter(make(by, bob, "operator"))
    assert lifted.post(note, {"text": "x"}).status_code == 403
    assert not Note.objects.exists()


def test_link_belongs_to_the_device_that_opened_it_first(by: Staff, bob: Staff) -> None:
    link = make(by, bob, purpose="tasks")
    device = enter(link)
    url = reverse("login:enter", args=[entry_links.token_of(link)])
    # Again on the same device it is an ordinary bookmark.
    assert device.get(url)["Location"] == reverse("tasks:task-list")
    for method in ("get", "post"):
        other = getattr(Client(), method)(url)
        assert other.status_code == 410
        assert "already opened on another device" in other.content.decode()
    entered = AuditEntry.objects.order_by("-pk").first()
    assert entered is not None
    assert (entered.actor_id, entered.detail["link"]) == (bob.pk, link.pk)


def test_revoked_expired_and_forged_links_open_nothing(by: Staff, bob: Staff) -> None:
    link = make(by, bob)
    device = enter(link)
    entry_links.revoke(link=link, by=by, at=datetime.now(UTC))
    assert device.get("/sidebar/")["Location"].startswith("/sign-in/")
    assert not sessions.list_active(bob, datetime.now(UTC))
    old = make(by, bob)
    EntryLink.objects.filter(pk=old.pk).update(
        expires_at=datetime.now(UTC) - timedelta(1)
    )
    token = entry_links.token_of(old)
    expired = Client().post(reverse("login:enter", args=[token]))
    assert (expired.status_code, "has expired" in expired.content.decode()) == (
        410,
        True,
    )
    forged = Client().get(reverse("login:enter", args=[token[:-2] + "xx"]))
    assert forged.status_code == 404
    fresh = make(by, bob)
    staff.deactivate(staff=bob, by=by, at=datetime.now(UTC))
    url = reverse("login:enter", args=[entry_links.token_of(fresh)])
    assert Client().post(url).status_code == 410


def test_link_does_not_outlive_the_rights_of_whoever_made_it(
    shop: Community, by: Staff, bob: Staff
) -> None:
    wang = factories.staff(shop, "operator", "wang", name="Wang")
    link = make(bob, wang)
    Staff.objects.filter(pk=bob.pk).update(role="operator")
    url = reverse("login:enter", args=[entry_links.token_of(link)])
    for method in ("get", "post"):
        refused = getattr(Client(), method)(url)
        assert refused.status_code == 410
        assert "is no longer allowed to make one" in refused.content.decode()


def test_role_of_the_link_counts_where_roles_are_compared(
    shop: Community, by: Staff, bob: Staff
) -> None:
    ann = factories.member(shop, "ann", name="Ann")
    note = notes.create(account=ann, text="x", by=by, at=factories.AT)
    group = factories.tag_group(shop, "taste", creator_roles=["manager"])
    assert notes.may_edit(note, bob)
    assert library.may_create(group, bob)
    bob.session_role = permissions.Role.OPERATOR
    assert not notes.may_edit(note, bob)
    assert not library.may_create(group, bob)


def test_session_of_a_link_ends_after_its_time(by: Staff, bob: Staff) -> None:
    link = make(by, bob)
    device = enter(link)
    assert device.get("/sidebar/").status_code == 200
    long_ago = datetime.now(UTC) - entry_links.SESSION_LENGTH
    EntryLink.objects.filter(pk=link.pk).update(used_at=long_ago)
    assert device.get("/sidebar/")["Location"].startswith("/sign-in/")


def test_manager_makes_shows_and_revokes_links(
    shop: Community, by: Staff, bob: Staff
) -> None:
    ann = browser(by)
    url = reverse("settings:entry-link-list")
    given = {"staff": bob.pk, "role": "operator", "purpose": "sidebar", "hours": 1}
    made = ann.post(url, given)
    shown = ann.get(made["Location"]).content.decode()
    assert "data:image/svg+xml" in shown
    assert "/enter/" in shown
    enter(EntryLink.objects.get())
    assert "/enter/" not in ann.get(made["Location"]).content.decode()
    assert "in use" in ann.get(url).content.decode()
    ann.post(reverse("settings:entry-link-revoke", args=[EntryLink.objects.get().pk]))
    assert "revoked" in ann.get(url).content.decode()
    with pytest.raises(permissions.NotAllowed):
        make(bob, by)
