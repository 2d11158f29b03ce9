"""Hostile names are escaped on every page, or rejected with an error message."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from qunce.activities import pasted_lines
from qunce.activities.activities import activities, lifecycle
from qunce.activities.levels import badges, memberships
from qunce.activities.points import adjustments, rules
from qunce.activities.prizes import prizes
from qunce.core import errors
from qunce.core.staff import staff, units
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import notes
from qunce.members.segments import segments
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.outreach.campaigns import campaigns
from qunce.sales import orders
from tests import clients, factories, two_communities
from tests.console.test_urls import body_of, list_urls, request
from tests.two_communities import TwoCommunities

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{ 7|add:7 }}"
FORMULA = '=HYPERLINK("http://evil.example";"x");=1+1| @x;"+x"'
STRANGE = "\u202eevil\u202c👩‍👩‍👧‍👦 %s %(x)s {0} '; DROP TABLE core_fact; --"
LONG = "长" * 10_000
BROKEN = ("a\0b", "a\ud800b", "a\r\nSet-Cookie: b=c", "\x1b[2J", "\ufeff", " " * 50)
HOSTILE_QUERIES = (
    "/members/?q={}",
    "/members/?rule={}",
    "/members/?tag={}",
    "/members/?before={}",
    "/members/find/?q={}",
    "/members/tags/?q={}",
    "/members/tags/similar/?name={}",
    "/members/segments/?q={}",
    "/groups/?q={}",
    "/groups/?state={}",
    "/sales/orders/?state={}",
    "/sales/orders/?before={}",
    "/search/?q={}",
    "/insight/?days={}",
    "/insight/portrait/?of=segment:{}",
    "/insight/scores/of/activity/?by=attribute:{}",
    "/insight/positioning/views/?attribute={}",
    "/insight/notebook/?tag={}",
    "/settings/staff/?q={}",
    "/settings/staff/?after={}",
    "/outreach/?state={}",
    "/outreach/tasks/?of={}",
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[-+]?[\d.,:%]+( .*)?")
Renamer = Callable[[TwoCommunities, str, dict[str, Any]], object]
RENAMERS: dict[str, Renamer] = {
    "member": lambda data, name, common: accounts.update(
        account=account_queries.get(data.community, "hidden-key"), name=name, **common
    ),
    "new member": lambda data, name, common: accounts.create(
        community=data.community,
        key=name,
        name=name,
        source=name,
        identifiers={"phone": name},
        **common,
    ),
    "tag": lambda data, name, common: library.create(
        community=data.community, key=name, name=name, **common
    ),
    "tag group": lambda data, name, common: tag_groups.create(
        community=data.community, key=name, name=name, **common
    ),
    "segment": lambda data, name, common: segments.create(
        community=data.community,
        key=name,
        name=name,
        description=name,
        rule=two_communities.SCOPE,
        **common,
    ),
    "group": lambda data, name, common: groups.create(
        community=data.community, key=name, name=name, audience=name, **common
    ),
    "attribute": lambda data, name, common: attributes.set_values(
        attribute=attributes.get(data.community, "homely"),
        values={data.ids["member"]: name},
        **common,
    ),
    "label": lambda data, name, common: attributes.define(
        community=data.community, name="odd", type="text", label=name, **common
    ),
    "note": lambda data, name, common: notes.create(
        account=account_queries.get(data.community, "hidden-key"), text=name, **common
    ),
    "order": lambda data, name, common: orders.record_payment(
        community=data.community,
        key=name,
        account=data.ids["member"],
        amount=1,
        currency="CNY",
        paid_at=data.at,
        items=[{"name": name, "category": name}],
        **common,
    ),
    "campaign": lambda data, name, common: campaigns.create(
        community=data.community, name=name, text=name, **common
    ),
    "activity": lambda data, name, common: activities.change(
        activity=activities.get(by=data.owner, pk=data.ids["draw"]),
        name=name[:80],
        text=name,
        refusal=name[:200],
        announcements={"start": (0, name)},
        **common,
    ),
    "reason": lambda data, name, common: lifecycle.pause(
        activity=activities.get(by=data.owner, pk=data.ids["activity"]),
        reason=name[:200],
        **common,
    ),
    "prize": lambda data, name, common: prizes.update(
        prize=prizes.get(by=data.owner, pk=data.ids["prize"]),
        name=name[:80],
        instructions=name,
        **common,
    ),
    "point rule": lambda data, name, common: rules.update(
        rule=rules.get(by=data.owner, pk=data.ids["point rule"]), name=name, **common
    ),
    "badge": lambda data, name, common: badges.update(
        badge=badges.get(by=data.owner, pk=data.ids["badge"]),
        name=name[:40],
        description=name[:200],
        **common,
    ),
    "membership": lambda data, name, common: memberships.update_plan(
        plan=memberships.get_plan(by=data.owner, pk=data.ids["membership plan"]),
        name=name[:40],
        category=name[:80],
        **common,
    ),
    "points": lambda data, name, common: adjustments.adjust(
        account_id=data.ids["member"], points=1, reason=name, key=name, **common
    ),
    "pasted line": lambda data, name, common: pasted_lines.paste(
        activity=activities.get(by=data.owner, pk=data.ids["activity"]),
        group=Group.objects.get(pk=data.ids["group"]),
        text=f"{name[:50].replace(':', '')}: check in {name[:50]}",
        **common,
    ),
    "unit": lambda data, name, common: units.create(
        community=data.community, name=name, kind="local", **common
    ),
    "staff": lambda data, name, common: staff.update(
        staff=Staff.objects.get(pk=data.ids["staff"]), name=name, **common
    ),
}


def name_everything(data: TwoCommunities, name: str) -> list[str]:
    """Give objects of every kind this name, and return the kinds that rejected it."""
    common = {"by": data.owner, "at": data.at}
    rejected = []
    for kind, rename in RENAMERS.items():
        try:
            rename(data, name, common)
        except errors.QunceError:
            rejected.append(kind)
    return rejected


class AttackFinder(HTMLParser):
    """Collects markup that only an attack or a mistake puts on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _value in attrs}
        if (
            tag == "script"
            and "src" not in names
            and ("type", "application/json") not in attrs
        ):
            self.faults.append("an inline script")
        self.faults += [
            name for name in names if name.startswith(("on", "hx-on", "style"))
        ]
        targets = [
            value or "" for name, value in attrs if name in ("href", "src", "action")
        ]
        self.faults += [
            target
            for target in targets
            if target.strip().casefold().startswith("javas")
        ]


def find_faults(response: Any) -> Iterator[str]:
    body, content_type = body_of(response), response.get("Content-Type", "")
    if response.status_code >= 500:
        yield f"fails ({response.status_code})"
    if content_type.startswith("text/html"):
        finder = AttackFinder()
        finder.feed(body)
        yield from finder.faults
        if "<img src=x" in body or "14" in re.findall(r"</script>(\d+)", body):
            yield "unescaped"
    if content_type.startswith("text/csv"):
        yield from find_formulas(body.removeprefix("\ufeff"))


def find_formulas(text: str) -> Iterator[str]:
    """Cells that would run, whatever the spreadsheet takes for the separator."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    # Where commas do not separate, quotes inside a line are not obeyed.
    cells += re.split(r"[;\t|\r\n]", text)
    for cell in cells:
        cell = cell.strip(' "')
        if cell.startswith(FORMULAS) and not NUMBER.fullmatch(cell):
            yield f"formula {cell[:20]}"


@pytest.mark.parametrize("text", [MARKUP, STRANGE], ids=["markup", "strange"])
def test_hostile_names_are_escaped_on_every_page(text: str) -> None:
    data = two_communities.build()
    rejected = name_everything(data, text)
    assert set(rejected) < set(RENAMERS)  # at least some objects have the name
    data.community.name = text[:200]
    data.community.save()
    client, faults, downloads = clients.browser(data.owner), [], []
    for url in list_urls(data):
        if not url.view.startswith("login:"):
            response = request(client, url, "get")
            faults += [f"{url}: {fault}" for fault in find_faults(response)]
            if response.get("Content-Type", "").startswith("text/csv"):
                downloads.append(url)
    # A formula does harm in a spreadsheet only.
    name_everything(data, FORMULA)
    assert downloads
    for url in downloads:
        response = request(client, url, "get")
        faults += [f"{url}: {fault}" for fault in find_faults(response)]
    assert faults == []


def test_broken_names_never_crash_a_page() -> None:
    data = two_communities.build()
    client, faults = clients.browser(data.owner), []
    for text in (*BROKEN, LONG):
        name_everything(data, text)
        for path in (
            "/members/",
            "/members/tags/",
            "/groups/",
            "/sales/orders/",
            "/settings/audit-log/",
        ):
            response = client.get(path)
            if response.status_code != 200:
                faults.append(f"{path} {text[:20]!r}: {response.status_code}")
    assert faults == []


def test_hostile_query_strings_never_crash_a_page() -> None:
    client = clients.browser(two_communities.build().owner)
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
    faults = []
    for path in HOSTILE_QUERIES:
        for text in texts:
            response = client.get(path.replace("{}", text.replace("#", "")))
            found = find_faults(response)
            faults += [f"{path} {text[:20]}: {fault}" for fault in found]
    assert faults == []


@pytest.mark.both_databases
def test_nul_in_an_address_is_no_crash() -> None:
    shop = factories.community()
    client = clients.browser(factories.staff(shop))
    factories.group(shop, "tea", factories.member(shop, "ann").pk)
    for address, status in (
        ("insight/portrait/?of=group:te%00a", 200),
        ("insight/portrait/?of=segment:te%00a", 422),
        ("insight/notebook/?tag=te%00a", 200),
        ("insight/scores/of/te%00a/", 422),
    ):
        assert client.get(f"/{address}").status_code == status


def test_hostile_form_data_never_crashes_a_page() -> None:
    data = two_communities.build()
    client = clients.browser(data.owner)
    names = "name key text login rule pk tag accounts account value kind q note".split()
    faults = []
    for url in list_urls(data):
        if url.view == "login:sign-out":
            continue
        for text in (MARKUP, "a\0b", LONG[:9_000]):
            response = client.post(f"/{url.path}", dict.fromkeys(names, text))
            faults += [f"{url}: {fault}" for fault in find_faults(response)]
    assert faults == []
