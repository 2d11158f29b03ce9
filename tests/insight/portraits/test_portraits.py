"""Portraits and completeness: every number is the count of the rule that it links to."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.portraits import completeness, portraits
from qunce.insight.portraits.subjects import SubjectNotFound
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

AT = factories.AT
SIZE = 120


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def people(shop: Community, by: Staff) -> list[int]:
    """Every third member is a VIP; most of these are from Bern, old, and write at noon."""
    keys = [f"m{n:03}" for n in range(SIZE)]
    half = SIZE // 2
    people = factories.members(shop, *keys[:half], source="shop", at=AT)
    people += factories.members(shop, *keys[half:], source="card", at=AT)
    taste = factories.tag_group(shop, "taste", name="Taste")
    for key, chosen in (
        ("vip", keys[::3]),
        ("tea", [key for n, key in enumerate(keys) if n % 3 == 0 or n % 7 == 0]),
        ("rare", keys[:2]),
    ):
        factories.tag(shop, key, taste, name=f"=1+{key}")
        factories.apply_tag(shop, key, *chosen)
    factories.group(shop, "north", *keys[:70], name="North")
    values: dict[str, tuple[str, dict[int, Any]]] = {
        "city": (
            "text",
            {p: "Bern" if n % 3 == 0 else f"C{n % 2}" for n, p in enumerate(people)},
        ),
        "age": ("number", {p: 60 if n % 3 == 0 else n for n, p in enumerate(people)}),
        "mobile": ("text", dict.fromkeys(people[::3], "same")),
        "size": ("text", dict.fromkeys(people[:100], "M")),
    }
    for name, (kind, of) in values.items():
        made = attributes.define(
            community=shop, name=name, label=name.title(), type=kind, by=by, at=AT
        )
        attributes.set_values(attribute=made, values=of, by=by, at=AT)
    for n, person in enumerate(people[:90]):
        hour = timedelta(hours=(4 - AT.hour) if n % 3 == 0 else (12 - AT.hour))
        factories.order(shop, person, 100, AT - timedelta(days=3) + hour)
    deriver.catch_up()
    factories.segment(shop, "vips", {"tag": {"any": ["vip"]}}, name="<b>VIPs")
    return people


def test_numbers_are_those_of_their_rules(
    shop: Community, by: Staff, people: list[int]
) -> None:
    """K13"""
    subject = portraits.parse_subject("segment:vips", by=by)
    found = portraits.load(subject=subject, by=by, at=AT)
    assert (found.people, found.rest) == (SIZE // 3, SIZE - SIZE // 3)
    assert found.clear == len(found.rows)
    rows = {(row.trait.dimension, row.trait.label): row for row in found.rows}
    assert ("attribute:city", "Bern") in rows
    assert ("tag", "=1+tea") in rows
    assert any(dimension == "attribute:age" for dimension, _label in rows)
    assert any(dimension == "hour:order.paid" for dimension, _label in rows)
    # What the rule asks for, contacts, and rare tags are left out.
    labels = {label for _dimension, label in rows}
    assert not labels & {"=1+vip", "same", "=1+rare"}
    assert found.named == 1
    for row in found.rows:
        counts = row.difference.counts
        for inside, number in ((True, counts.inside), (False, counts.rest)):
            rule = portraits.rule_of(found, row, inside=inside)
            count = audiences.count(community=shop, rule=rule, by=by, at=AT)
            assert count == number
    effects = [abs(row.difference.effect) for row in found.rows]
    assert effects == sorted(effects, reverse=True)


def test_staff_with_a_scope_compare_those_whom_they_see(
    shop: Community, by: Staff, people: list[int]
) -> None:
    scoped = factories.staff(
        shop, role="manager", login="scoped", scope={"group": {"any": ["north"]}}
    )
    subject = portraits.parse_subject("segment:vips", by=scoped)
    found = portraits.load(subject=subject, by=scoped, at=AT)
    assert found.people + found.rest == 70
    # 24 VIPs are too few.
    assert not found.is_enough
    assert found.rows == ()
    assert found.not_enough == found.asked > 0
    gaps = completeness.load(by=scoped, at=AT)
    assert gaps.members == 70


def test_unknown_subjects_are_refused(
    shop: Community, by: Staff, people: list[int]
) -> None:
    spec: dict[str, Any] = {
        "by": "rules",
        "layers": [
            {"key": "tea", "name": "Tea", "rule": {"tag": {"any": ["tea"]}}},
            {"key": "rest", "name": "Rest"},
        ],
    }
    made = layers.create(
        community=shop, key="who", name="Who", spec=spec, default="rest", by=by, at=AT
    )
    layers.recompute(layering=made, by=by, at=AT)
    subject = portraits.parse_subject("layer:who:tea", by=by)
    found = portraits.load(subject=subject, by=by, at=AT)
    assert found.people == len({*range(0, SIZE, 3), *range(0, SIZE, 7)})
    assert ("attribute:city", "Bern") in {
        (row.trait.dimension, row.trait.label) for row in found.rows
    }
    # Neither its own layering nor the tag by which the layer is defined.
    assert found.named == 3
    assert portraits.parse_subject("group:north", by=by).label == "North"
    limited = factories.staff(shop, login="limited", groups=["south"])
    for text, who in (
        ("layer:who:none", by),
        ("group:south", by),
        ("group:north", limited),
        ("north", by),
    ):
        with pytest.raises(SubjectNotFound, match="segment:key"):
            portraits.parse_subject(text, by=who)


def test_gaps_are_counted_and_what_to_ask_is_used(
    shop: Community, by: Staff, people: list[int]
) -> None:
    factories.segment(shop, "large", {"attr": {"name": "size", "in": ["L"]}})
    found = completeness.load(by=by, at=AT)
    gaps = {(gap.kind, gap.key): gap for gap in found.gaps}
    assert gaps["attribute", "size"].people == 20
    assert gaps["attribute", "mobile"].people == SIZE - SIZE // 3
    assert gaps["tag_group", "taste"].uses == 1
    assert gaps["source", ""].people == 0
    # More members have no mobile number, but no rule asks for it.
    assert [gap.key for gap in found.ask] == ["taste", "size"]
    for gap in found.gaps:
        count = audiences.count(community=shop, rule=gap.rule, by=by, at=AT)
        assert count == gap.people


def test_pages_files_and_answers_agree(
    shop: Community, by: Staff, people: list[int]
) -> None:
    browser = clients.browser(factories.staff(shop, login="eve"))
    page = browser.get("/insight/portrait/?of=segment:vips").content.decode()
    assert "Portrait of &lt;b&gt;VIPs" in page
    assert "Bern" in page
    links = re.findall(r'href="(/members/\?rule=[^"]*)"', page)
    assert len(links) > 4
    assert browser.get(html.unescape(links[1])).status_code == 200
    sheet = browser.get("/insight/portrait/?of=segment:vips&as=csv").content.decode()
    assert "'=1+tea" in sheet
    picture = browser.get("/insight/portrait/?of=segment:vips&as=svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert browser.get("/insight/portrait/?of=segment:none").status_code == 422
    assert "Choose a segment" in browser.get("/insight/portrait/").content.decode()
    gaps = browser.get("/insight/completeness/").content.decode()
    assert "Members without" in gaps
    assert "Size" in browser.get("/insight/completeness/?as=csv").content.decode()

    api = clients.create_client(shop)
    body = api.get("/portraits?of=segment:vips").body
    tea = next(row for row in body["rows"] if row["label"] == "=1+tea")
    assert (tea["inside"], tea["inside_of"]) == (40, 40)
    assert api.get("/portraits?of=segment:none").status == 404
    assert api.get("/completeness").body["members"] == SIZE
