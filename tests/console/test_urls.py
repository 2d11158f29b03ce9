"""Every URL of the console: anonymous, with other roles, scopes and communities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from qunce.console import errors
from qunce.core import permissions
from qunce.core.facts import interned_names
from qunce.core.facts.audit import AuditEntry
from qunce.core.facts.facts import Fact
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from tests import clients, two_communities
from tests.console import view_urls
from tests.console.view_urls import ViewUrl
from tests.two_communities import TwoCommunities

pytestmark = [
    pytest.mark.django_db,
    # Variables that a template leaves undefined are for each page's own tests.
    pytest.mark.ignore_template_errors,
]
NOT_FOUND = {403, 404, 405}
WITHOUT_DATA = {
    "draws:certificate",
    "importing:job-problems",
    "segments:chart",
    "layers:chart",
    "tasks:task-proof",
    "content_calendar:entry",
    "content_calendar:back",
    "surveys:picture",
    "posts:picture",
    "meetups:scanned",
}
"""Views that answer 404 because the sample has no data for them."""
HIDDEN = {
    "member",
    "twin",
    "merge",
    "identifier",
    "note",
    "group",
    "order",
    "import",
    "upload",
    "series",
    "episode",
    "moderation case",
    "appeal",
    "mass action",
    "safety stop",
}
"""Objects outside the scope of the scoped manager."""
PUBLIC = {
    "login:sign-in",
    "login:code",
    "login:password",
    "login:two-factor",
    "login:sign-out",
    "login:language",
    "login:enter",
    "login:provider",
    "login:provider-return",
    "insight:chart-script",
}
ENDS_THE_SESSION = {"login:sign-out"}
PEEK = "members:peek"
MONITORING = {"healthz", "metrics"}
"""Paths with an access control of their own."""


@pytest.fixture
def data() -> TwoCommunities:
    return two_communities.build()


def list_urls(data: TwoCommunities) -> list[ViewUrl]:
    return [url for url in view_urls.list_urls(data.ids) if url.path not in MONITORING]


def request(client: Client, url: ViewUrl, method: str) -> Any:
    """Return the response; a peek redirects to the page, which is what counts."""
    return getattr(client, method)(f"/{url.path}", follow=url.view == PEEK)


def request_all(
    client: Client, data: TwoCommunities
) -> Iterator[tuple[ViewUrl, str, Any]]:
    for url in list_urls(data):
        if url.view not in ENDS_THE_SESSION:
            for method in ("get", "post"):
                yield url, method, request(client, url, method)


def body_of(response: Any) -> str:
    content = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    return content.decode("utf-8", "replace")


def count_records() -> tuple[int, int]:
    """Return the number of facts and audit entries, without those of denied actions."""
    denied = interned_names.find("kind", 0, errors.ACTION_DENIED)
    entries = AuditEntry.objects.exclude(kind_id=denied or 0)
    return Fact.objects.count(), entries.count()


def test_every_view_declares_its_access(data: TwoCommunities) -> None:
    declared = {"public", "signed in", *permissions.declared()}
    urls = list_urls(data)
    assert [str(url) for url in urls if url.access not in declared] == []
    assert {url.view for url in urls if url.access == "public"} == PUBLIC


def test_anonymous_requests_are_redirected_to_sign_in(data: TwoCommunities) -> None:
    client, before, faults = Client(), count_records(), []
    for url, method, response in request_all(client, data):
        if url.access == "public":
            is_right = response.status_code < 500
        elif response.status_code == 302:
            is_right = response["Location"].startswith("/sign-in/?next=")
        elif url.view == PEEK and method == "get":
            is_right = response.redirect_chain[-1][0].startswith("/sign-in/?next=")
        else:
            is_right = response.status_code == 405
        if not is_right:
            faults.append(f"{method} {url}: {response.status_code}")
    assert faults == []
    assert count_records() == before


def test_viewer_changes_nothing_and_opens_permitted_pages_only(
    data: TwoCommunities,
) -> None:
    client, before, faults = clients.browser(data.viewer), count_records(), []
    for url, method, response in request_all(client, data):
        access = url.access or ""
        is_denied = access in permissions.declared() and not permissions.may(
            data.viewer, access
        )
        expected = {403, 405} if is_denied else set(range(200, 500))
        if response.status_code not in expected or count_records() != before:
            faults.append(f"{method} {url}: {response.status_code}")
            before = count_records()
    assert faults == []


def test_staff_of_another_community_find_nothing(data: TwoCommunities) -> None:
    client, before, faults = clients.browser(data.stranger), count_records(), []
    for url, method, response in request_all(client, data):
        has_object = any(not kind.startswith("=") for kind in url.objects)
        if has_object and response.status_code not in NOT_FOUND:
            faults.append(f"{method} {url}: {response.status_code}")
        if response.status_code >= 500 or "homely" in body_of(response).casefold():
            faults.append(f"{method} {url}: leaks or fails ({response.status_code})")
        if has_object and count_records() != before:
            faults.append(f"{method} {url}: changed something")
        before = count_records()
    assert faults == []


def test_objects_outside_the_scope_are_not_found(data: TwoCommunities) -> None:
    client, before, faults = clients.browser(data.scoped), count_records(), []
    for url, method, response in request_all(client, data):
        is_hidden = bool(HIDDEN & set(url.objects))
        if is_hidden and response.status_code not in NOT_FOUND:
            faults.append(f"{method} {url}: {response.status_code}")
        body = body_of(response)
        if response.status_code >= 500 or "Hidden" in body or "13800009999" in body:
            faults.append(f"{method} {url}: leaks or fails ({response.status_code})")
        if is_hidden and count_records() != before:
            faults.append(f"{method} {url}: changed something")
        before = count_records()
    assert faults == []


def test_queries_do_not_reveal_members_outside_the_scope(data: TwoCommunities) -> None:
    client, faults = clients.browser(data.scoped), []
    for query in (
        "/members/?q=Hidden",
        "/members/?q=hidden-key",
        "/members/?q=13800009999",
        '/members/?rule={"all": []}',
        '/members/?rule={"any": [{"all": []}]}',
        '/members/?rule={"with_left": {"all": []}}',
        '/members/?rule={"members": ["hidden-key"]}',
        "/search/?q=Hidden",
        "/search/?q=13800009999",
        "/search/?q=Homely",
        "/sales/orders/?q=Hidden",
        "/groups/?q=Hidden",
        "/members/find/?q=Hidden",
        '/members/export/?rule={"all": []}',
        "/outreach/opt-outs/?q=Hidden",
    ):
        response = client.get(query)
        # The page repeats the query itself.
        body = body_of(response).replace("q=Hidden", "").replace('value="Hidden"', "")
        secrets = ("Hidden Member", "Hidden Group", "Hidden-Order")
        faults += [f"{query}: {secret}" for secret in secrets if secret in body]
        if response.status_code >= 500:
            faults.append(f"{query}: fails ({response.status_code})")
    assert faults == []


def test_scoped_staff_cannot_merge_hidden_members_into_what_they_see(
    data: TwoCommunities,
) -> None:
    """An identifier of a hidden member would make that member visible."""
    seen = Account.objects.get(pk=data.ids["seen"])
    accounts.add_identifier(
        account=seen, kind="phone", value="13800001111", by=data.owner, at=data.at
    )
    pk = seen.identifiers.get().pk
    client, hidden = clients.browser(data.scoped), "13800009999"
    for path, form in (
        (f"/members/identifiers/{pk}/", {"value": hidden}),
        (f"/members/{seen.pk}/identifiers/", {"kind": "phone", "value": hidden}),
        ("/members/new/", {"key": "new", "name": "New", "phone": hidden}),
        ("/members/new/", {"key": "hidden-key", "name": "New"}),
    ):
        response = client.post(path, form)
        assert response.status_code in (403, 422), path
        assert "already exists" not in body_of(response)
    assert account_queries.account_ids_of_person(seen.pk) == [seen.pk]
    assert not Account.objects.filter(key="new").exists()
    # What they see they may still correct.
    response = client.post(f"/members/identifiers/{pk}/", {"value": ""})
    assert response.status_code == 303
    assert not seen.identifiers.exists()


def test_owner_finds_what_the_scoped_manager_does_not(data: TwoCommunities) -> None:
    client = clients.browser(data.owner)
    assert "Hidden Member" in body_of(client.get("/members/?q=Hidden"))
    assert "Hidden Group" in body_of(client.get("/groups/?q=Hidden"))
    assert "Hidden-Order" in body_of(client.get("/sales/orders/"))


@pytest.mark.both_databases
def test_every_page_opens_for_an_owner(data: TwoCommunities) -> None:
    """The pages that the tests above deny exist, and open for an owner."""
    client, faults = clients.browser(data.owner), []
    for url in list_urls(data):
        if url.view.startswith("login:") or url.view in WITHOUT_DATA:
            continue
        response = request(client, url, "get")
        if response.status_code not in (200, 302, 303, 405):
            faults.append(f"{url}: {response.status_code}")
    assert faults == []


def test_production_settings_pass_deploy_check() -> None:
    """Django's own checks for a deployment, with the settings for HTTPS."""
    with override_settings(
        SESSION_COOKIE_SECURE=True,
        CSRF_COOKIE_SECURE=True,
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=31_536_000,
        # Subdomains are not ours to bind.
        SILENCED_SYSTEM_CHECKS=["security.W005", "security.W021"],
    ):
        call_command("check", deploy=True, tags=["security"], fail_level="WARNING")
