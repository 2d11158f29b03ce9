"""Names that attack or annoy are shown safely everywhere, or refused with a sentence."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.staff import staff, units
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import notes
from qunce.members.segments import segments
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.outreach.campaigns import campaigns
from qunce.sales import orders
from tests.console import world
from tests.console.test_urls import asked, body, of
from tests.console.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{ 7|add:7 }}"
FORMULA = '=HYPERLINK("http://evil.example";"x")'
STRANGE = "\u202eevil\u202c👩‍👩‍👧‍👦 %s %(x)s {0} '; DROP TABLE core_fact; --"
LONG = "长" * 10_000
BROKEN = ("a\0b", "a\ud800b", "a\r\nSet-Cookie: b=c", "\x1b[2J", "\ufeff", " " * 50)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[-+]?[\d.,:%]+( .*)?")
Naming = Callable[[World, str, dict[str, Any]], object]
NAMINGS: dict[str, Naming] = {
    "member": lambda w, n, how: accounts.update(
        account=account_queries.get(w.home, "hidden-key"), name=n, **how
    ),
    "new member": lambda w, n, how: accounts.create(
        community=w.home, key=n, name=n, source=n, identifiers={"phone": n}, **how
    ),
    "tag": lambda w, n, how: library.create(community=w.home, key=n, name=n, **how),
    "tag group": lambda w, n, how: tag_groups.create(
        community=w.home, key=n, name=n, **how
    ),
    "segment": lambda w, n, how: segments.create(
        community=w.home, key=n, name=n, description=n, rule=world.SCOPE, **how
    ),
    "group": lambda w, n, how: groups.create(
        community=w.home, key=n, name=n, audience=n, **how
    ),
    "attribute": lambda w, n, how: attributes.set_values(
        attribute=attributes.get(w.home, "homely"),
        values={w.numbers["member"]: n},
        **how,
    ),
    "label": lambda w, n, how: attributes.define(
        community=w.home, name="odd", type="text", label=n, **how
    ),
    "note": lambda w, n, how: notes.create(
        account=account_queries.get(w.home, "hidden-key"), text=n, **how
    ),
    "order": lambda w, n, how: orders.record_payment(
        community=w.home,
        key=n,
        account=w.numbers["member"],
        amount=1,
        currency="CNY",
        paid_at=w.at,
        items=[{"name": n, "category": n}],
        **how,
    ),
    "campaign": lambda w, n, how: campaigns.create(
        community=w.home, name=n, text=n, **how
    ),
    "unit": lambda w, n, how: units.create(
        community=w.home, name=n, kind="local", **how
    ),
    "staff": lambda w, n, how: staff.update(
        staff=Staff.objects.get(pk=w.numbers["staff"]), name=n, **how
    ),
}


def named(made: World, text: str) -> list[str]:
    """Give every noun this name; those that were refused, with a sentence."""
    how = {"by": made.boss, "at": made.at}
    refused = []
    for noun, naming in NAMINGS.items():
        try:
            naming(made, text, how)
        except errors.QunceError:
            refused.append(noun)
    return refused


class Looking(HTMLParser):
    """Finds what only an attack or a slip puts on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _value in attrs}
        if (
            tag == "script"
            and "src" not in names
            and ("type", "application/json") not in attrs
        ):
            self.found.append("a script in the page")
        self.found += [
            name for name in names if name.startswith(("on", "hx-on", "style"))
        ]
        ways = [
            value or "" for name, value in attrs if name in ("href", "src", "action")
        ]
        self.found += [
            way for way in ways if way.strip().casefold().startswith("javas")
        ]


def wrong_on(answer: Any) -> Iterator[str]:
    told, kind = body(answer), answer.get("Content-Type", "")
    if answer.status_code >= 500:
        yield f"fails ({answer.status_code})"
    if kind.startswith("text/html"):
        looking = Looking()
        looking.feed(told)
        yield from looking.found
        if "<img src=x" in told or "14" in re.findall(r"</script>(\d+)", told):
            yield "unescaped"
    if kind.startswith("text/csv"):
        for row in csv.reader(io.StringIO(told.removeprefix("\ufeff"))):
            for cell in row:
                if cell.startswith(FORMULAS) and not NUMBER.fullmatch(cell):
                    yield f"formula {cell[:20]}"


@pytest.mark.parametrize(
    "text",
    [MARKUP, FORMULA, STRANGE, LONG],
    ids=["markup", "formula", "strange", "long"],
)
def test_every_page_shows_it_safely(text: str) -> None:
    made = world.made()
    named(made, text)
    made.home.name = text[:200]
    made.home.save()
    client, wrong = world.browser(made.boss), []
    for where in of(made):
        if not where.view.startswith("signing:"):
            answer = asked(client, where, "get")
            wrong += [f"{where}: {what}" for what in wrong_on(answer)]
    assert wrong == []


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_what_is_no_name_is_refused_or_kept_but_never_a_crash(text: str) -> None:
    made = world.made()
    named(made, text)
    client = world.browser(made.boss)
    for path in ("/members/", "/members/tags/", "/groups/", "/settings/audit-log/"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/members/?q={}",
        "/members/?rule={}",
        "/members/?tag={}",
        "/members/?after={}",
        "/members/find/?q={}",
        "/members/tags/?q={}",
        "/members/tags/similar/?name={}",
        "/members/segments/?q={}",
        "/groups/?q={}",
        "/groups/?stage={}",
        "/sales/orders/?state={}",
        "/sales/orders/?before={}",
        "/search/?q={}",
        "/insight/?days={}",
        "/settings/staff/?q={}",
        "/settings/staff/?after={}",
        "/outreach/?state={}",
        "/outreach/tasks/?who={}",
    ],
)
def test_what_stands_in_an_address_is_never_a_crash(path: str) -> None:
    made = world.made()
    client = world.browser(made.boss)
    texts = [
        MARKUP,
        "%00",
        "%ED%A0%80",
        "9" * 400,
        "-1",
        "[" * 3_000,
        "{}",
        "%FF",
        LONG,
    ]
    for text in texts:
        answer = client.get(path.replace("{}", text.replace("#", "")))
        assert answer.status_code < 500, text[:20]
        assert list(wrong_on(answer)) == []


def test_forms_that_are_sent_rubbish_say_so() -> None:
    made = world.made()
    client = world.browser(made.boss)
    names = "name key text login rule pk tag accounts account value kind q note".split()
    wrong = []
    for where in of(made):
        if where.view == "login:sign-out":
            continue
        for text in (MARKUP, "a\0b", LONG[:9_000]):
            answer = client.post(f"/{where.path}", dict.fromkeys(names, text))
            wrong += [f"{where}: {what}" for what in wrong_on(answer)]
    assert wrong == []
