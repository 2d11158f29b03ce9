"""Every address of the console with no sign-in, another role, scope and community."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from qunce.console import errors
from qunce.core import permissions
from qunce.core.facts import interned_names
from qunce.core.facts.audit import AuditEntry
from qunce.core.facts.facts import Fact
from tests.console import addresses, world
from tests.console.addresses import Address
from tests.console.world import World

pytestmark = [
    pytest.mark.django_db,
    # Names that a template leaves open are for each screen's own tests.
    pytest.mark.ignore_template_errors,
]
NOT_THERE = {403, 404, 405}
NONE_YET = {"importing:job-problems", "segments:chart", "layers:chart"}
"""Answers 404 as long as there are none."""
HIDDEN = {"member", "twin", "join", "note", "group", "order"}
"""Objects that the scoped operator must not see."""
PUBLIC = {
    "login:sign-in",
    "login:code",
    "login:password",
    "login:two-factor",
    "login:sign-out",
    "login:language",
    "insight:chart-script",
}
LAST = {"login:sign-out"}
"""What would end the sweep; the door's own tests do it."""
PEEK = "members:peek"
OPEN = {"healthz", "metrics"}
"""For machines: they have their own way of being asked."""


@pytest.fixture
def made() -> World:
    return world.made()


def of(made: World) -> list[Address]:
    return [
        each for each in addresses.of_console(made.numbers) if each.path not in OPEN
    ]


def asked(client: Client, where: Address, method: str) -> Any:
    """A peek sends browsers without script on to the page: that is what counts."""
    on = where.view == PEEK
    return getattr(client, method)(f"/{where.path}", follow=on)


def each(client: Client, made: World) -> Iterator[tuple[Address, str, Any]]:
    for where in of(made):
        if where.view in LAST:
            continue
        for method in ("get", "post"):
            yield where, method, asked(client, where, method)


def body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")


def written() -> tuple[int, int]:
    """What was done; that somebody was refused is written down, and does not count."""
    refused = interned_names.find("kind", 0, errors.ACTION_DENIED)
    return Fact.objects.count(), AuditEntry.objects.exclude(
        kind_id=refused or 0
    ).count()


def test_every_view_says_who_may_enter(made: World) -> None:
    assert [str(where) for where in of(made) if where.entry is None] == []
    public = {where.view for where in of(made) if where.entry == "public"}
    assert public == PUBLIC


def test_a_permission_that_a_view_asks_for_exists(made: World) -> None:
    known = {"public", "signed in", *permissions.declared()}
    assert [str(where) for where in of(made) if where.entry not in known] == []


def test_without_signing_in_one_is_sent_to_the_door(made: World) -> None:
    client, before, wrong = Client(), written(), []
    for where, method, answer in each(client, made):
        if where.entry == "public":
            good = answer.status_code < 500
        elif answer.status_code == 302:
            good = answer["Location"].startswith("/sign-in/?next=")
        elif where.view == PEEK and method == "get":
            good = answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
        else:
            good = answer.status_code == 405
        if not good:
            wrong.append(f"{method} {where}: {answer.status_code}")
    assert wrong == []
    assert written() == before


def test_a_viewer_changes_nothing_and_enters_only_where_she_may(made: World) -> None:
    client, before, wrong = world.browser(made.viewer), written(), []
    for where, method, answer in each(client, made):
        needed = where.entry or ""
        refused = needed in permissions.declared() and not permissions.may(
            made.viewer, needed
        )
        good = answer.status_code in ({403, 405} if refused else set(range(200, 500)))
        if not good or written() != before:
            wrong.append(f"{method} {where}: {answer.status_code}")
            before = written()
    assert wrong == []


def test_another_community_finds_nothing_here(made: World) -> None:
    client, before, wrong = world.browser(made.stranger), written(), []
    for where, method, answer in each(client, made):
        named = [kind for kind in where.kinds if not kind.startswith("=")]
        if named and answer.status_code not in NOT_THERE:
            wrong.append(f"{method} {where}: {answer.status_code}")
        if answer.status_code >= 500 or "homely" in body(answer).casefold():
            wrong.append(f"{method} {where}: leaks or fails ({answer.status_code})")
        if named and written() != before:
            wrong.append(f"{method} {where}: changed something")
        before = written()
    assert wrong == []


def test_what_is_out_of_scope_is_not_there(made: World) -> None:
    client, before, wrong = world.browser(made.scoped), written(), []
    for where, method, answer in each(client, made):
        if HIDDEN & set(where.kinds) and answer.status_code not in NOT_THERE:
            wrong.append(f"{method} {where}: {answer.status_code}")
        told = body(answer)
        if answer.status_code >= 500 or "Hidden" in told or "13800009999" in told:
            wrong.append(f"{method} {where}: leaks or fails ({answer.status_code})")
        if HIDDEN & set(where.kinds) and written() != before:
            wrong.append(f"{method} {where}: changed something")
        before = written()
    assert wrong == []


@pytest.mark.parametrize(
    "query",
    [
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
    ],
)
def test_no_question_leads_out_of_scope(made: World, query: str) -> None:
    client = world.browser(made.scoped)
    answer = client.get(query)
    assert answer.status_code < 500
    told = body(answer).replace("q=Hidden", "").replace('value="Hidden"', "")
    assert "Hidden Member" not in told
    assert "Hidden Group" not in told
    assert "Hidden-Order" not in told


def test_nothing_of_the_house_fails_for_its_owner(made: World) -> None:
    """Every page opens: what the sweeps above refuse is there for who may see it."""
    client, wrong = world.browser(made.boss), []
    for where in of(made):
        if where.view.startswith("signing:") or where.view in NONE_YET:
            continue
        answer = asked(client, where, "get")
        if answer.status_code not in (200, 302, 303, 405):
            wrong.append(f"{where}: {answer.status_code}")
    assert wrong == []


def test_the_settings_are_fit_for_the_street() -> None:
    """Django's own checks for a deployment, as if behind HTTPS."""
    https = {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
    }
    from django.test import override_settings

    with override_settings(**https):
        silenced = ["security.W005", "security.W021"]  # subdomains are not ours to bind
        with override_settings(SILENCED_SYSTEM_CHECKS=silenced):
            call_command("check", deploy=True, tags=["security"], fail_level="WARNING")
