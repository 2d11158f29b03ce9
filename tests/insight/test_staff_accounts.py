"""Staff, bots and volunteers are not counted: in no metric, and in no number of a page."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.groups.groups import Group
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import group_numbers, metrics
from qunce.insight.reports import reports
from qunce.members.layers import layering_specs, layers
from qunce.members.people import staff_accounts
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.sales import order_list, order_totals
from qunce.sales.order_list import OrderFilters
from qunce.sets import audiences, set_sizes
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

NOW = datetime.now(UTC).replace(microsecond=0)
PAGES = (
    "/",
    "/insight/",
    "/insight/retention/?period=week",
    "/insight/retained/",
    "/insight/touches/",
    "/insight/hours/",
    "/groups/",
    "/members/",
    "/members/tags/",
    "/members/segments/",
    "/members/layers/",
    "/sales/orders/totals/",
)


@pytest.fixture
def shop() -> Community:
    return factories.community(
        timezone="UTC", language="en", at=NOW - timedelta(days=90)
    )


def live(by: Staff, key: str, group: Group, tag: Any, dice: random.Random) -> int:
    """Create somebody who does everything that is counted; returns their account."""
    shop = by.community

    def moment() -> datetime:
        return NOW - timedelta(days=dice.randrange(1, 20), minutes=dice.randrange(999))

    joined = NOW - timedelta(days=dice.randrange(20, 40))
    person = factories.member(shop, key, joined_at=joined, at=NOW).pk
    common: dict[str, Any] = {"by": by, "at": NOW}
    groups.add_members(group=group, accounts=[person], happened_at=joined, **common)
    for number in range(dice.randrange(1, 4)):
        order = f"{key}-{number}"
        factories.order(shop, person, dice.randrange(100, 9999), moment(), key=order)
        if number:
            factories.refund(shop, order, 50, NOW)
    inside: dict[str, Any] = {"account": person, "group": group.key}
    kinds = ["message.posted", "reaction.added", "checkin.done"]
    ingest.record_facts(
        community=shop,
        incoming=[
            IncomingFact(kind=kind, happened_at=moment(), **inside) for kind in kinds
        ],
        **common,
    )
    assignments.apply(tag=tag, accounts=[person], **common)
    if dice.random() < 0.3:
        groups.remove_members(group=group, accounts=[person], happened_at=NOW, **common)
    return person


def every_number(by: Staff, run: Any, group: Group, tag: Any) -> dict[str, Any]:
    """Every number of the metrics, the lists, the command line and the pages."""
    deriver.catch_up()
    shop = by.community
    query: dict[str, Any] = {"community": shop, "by": by, "at": NOW}
    span: dict[str, Any] = {
        "first": (NOW - timedelta(days=45)).date(),
        "last": NOW.date(),
    }
    assigned = {}
    for layering in layers.list_active(shop):
        latest = layers.recompute(layering=layering, by=by, at=NOW)
        sets = layers.load_sets(latest)
        sizes = {key: len(people) for key, people in sets.items()}
        assigned[layering.key] = (sizes, latest.bounds)
    status = run("status", "--json").json
    # Nobody is counted in it: it is how long the log is.
    del status["facts"]
    status.pop("staff_accounts", None)
    rule = {"did": {"kind": "order.paid"}}
    buyers = audiences.funnel(rule=rule, sample=9, **query)
    numbers = {
        "community": metrics.compute_for_community(**query, **span),
        "groups": metrics.compute_for_groups(groups=[group.key], **query, **span),
        "list": group_numbers.load(by=by, group_ids=[group.pk], at=NOW),
        "size": memberships.count_members(group, by, NOW),
        "tag": set_sizes.count_by_ref(kind="tag", refs=[tag.pk], **query),
        "buyers": (buyers.everyone, buyers.total, buyers.steps, buyers.sample),
        "others": audiences.count(rule={"not": {"tag": {"any": [tag.key]}}}, **query),
        "orders": order_list.totals(by=by, filters=OrderFilters(), at=NOW),
        "sales": order_totals.sum_sales(shop, at=NOW),
        "status": status,
        "layers": assigned,
    }
    with transaction.atomic():
        report = reports.create(community=shop, kind="weekly", by=by, at=NOW)
        numbers["report"] = report.result
        transaction.set_rollback(True)
    browser = clients.browser(by)
    for page in PAGES:
        numbers[page] = numbers_in(browser.get(page).content.decode())
    # Without the people in the group and the latest texts, who are listed by name.
    detail = browser.get(f"/groups/{group.pk}/").content.decode()
    size = re.findall('<span class="num">(.*?)</span>', detail)
    numbers["group"] = size[0], numbers_in(detail.partition('"ratios"')[2])
    assert numbers["group"][1]
    return numbers


def numbers_in(page: str) -> list[str]:
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.S)
    return re.findall(r"\d[\d,.]*", text)


def test_staff_bots_and_volunteers_change_no_number(
    shop: Community, by: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    """V2"""
    dice = random.Random(1)  # noqa: S311 - no secret
    run = in_this_process(capsys, "--community", shop.key)
    group, tag = factories.group(shop), factories.tag(shop, "vip")
    segments.create(
        community=shop, key="fans", rule={"tag": {"any": ["vip"]}}, by=by, at=NOW
    )
    for key in ("VALUE", "LIFECYCLE"):
        spec = getattr(layering_specs, key)
        layers.create(community=shop, key=key.lower(), spec=spec, by=by, at=NOW)
    for number in range(10):
        live(by, f"m{number}", group, tag, dice)
    before = every_number(by, run, group, tag)
    crew = [live(by, f"s{number}", group, tag, dice) for number in range(9)]
    # A role says so, a mark says so, or a merged account of the same person is marked.
    roles = ("atmosphere", "expert", "bot", "volunteer", "owner")
    for account, role in zip((*crew[:2], *crew[6:]), roles, strict=True):
        groups.add_members(group=group, accounts=[account], by=by, at=NOW)
        memberships.change_role(group=group, account=account, role=role, by=by, at=NOW)
    staff_accounts.mark(accounts=crew[2:4], staff=by, by=by, at=NOW)
    for number in range(4, 6):
        factories.merge(shop, f"s{number}", f"s{number - 4}", NOW)
    after = every_number(by, run, group, tag)
    for name, number in before.items():
        assert after[name] == number, name
    # They were counted, were it not for their roles and marks.
    staff_accounts.unmark(account=crew[3], by=by, at=NOW)
    changed = every_number(by, run, group, tag)
    assert changed["community"]["paid"] != before["community"]["paid"]
    assert changed["status"]["members"] > before["status"]["members"]
    # A volunteer who leaves the group is a member like others; other roles last.
    for account in crew[6:]:
        groups.remove_members(group=group, accounts=[account], by=by, at=NOW)
    again = every_number(by, run, group, tag)
    assert again["status"]["members"] == changed["status"]["members"] + 1
