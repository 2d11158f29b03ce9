"""The pages of layerings: sizes, thresholds and changes since yesterday."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import Layering
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser

SPEC: dict[str, Any] = {
    "by": "rules",
    "layers": [
        {"key": "high", "name": "Best", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "rest"},
    ],
}


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop(db: None, now: datetime) -> Community:
    shop = factories.community(language="en")
    by = staff_models.system(shop)
    for key in ("ann", "bob", "eve"):
        accounts.create(community=shop, key=key, by=by, at=now - timedelta(days=9))
    factories.tag(shop, "vip")
    return shop


@pytest.fixture
def boss(shop: Community) -> Staff:
    return factories.staff(shop, login="boss")


@pytest.fixture
def web(boss: Staff) -> Client:
    return browser(boss)


@pytest.fixture
def layering(shop: Community, boss: Staff, now: datetime) -> Layering:
    """Two days ago everyone was in the rest; now Ann is in the best layer."""
    at = now - timedelta(days=2)
    layering = layers.create(community=shop, key="layering", spec=SPEC, by=boss, at=at)
    layers.recompute(layering=layering, by=boss, at=at)
    ann = account_queries.get(shop, "ann").pk
    tag = factories.tag(shop, "old")
    assignments.apply(tag=tag, accounts=[ann], by=boss, at=at)
    vip = tag.__class__.objects.get(community=shop, key="vip")
    assignments.apply(tag=vip, accounts=[ann], by=boss, at=now)
    layers.recompute(layering=layering, by=boss, at=now)
    deriver.catch_up()
    return layering


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_list_shows_sizes_shares_and_changes(web: Client, layering: Layering) -> None:
    text = text_of(web.get("/members/layers/").content.decode())
    assert "Best 1 33.3 % +1 –" in text
    assert "rest 2 66.7 % – −1" in text
    assert "1 member changed layers since yesterday." in text


def test_cell_of_the_change_table_links_to_its_members(
    web: Client, layering: Layering
) -> None:
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    (link,) = re.findall(r'href="([^"]*/changes/[^"]*)"', page)
    text = text_of(web.get(html.unescape(link)).content.decode())
    assert "rest → Best" in text
    assert "1 member made this change" in text
    assert "ann" in text


def test_scoped_staff_count_visible_members_only(
    shop: Community, layering: Layering, now: datetime
) -> None:
    scope = {"members": {"keys": ["bob"]}}
    olga = staff_models.create(
        community=shop, login="olga", scope=scope, role="manager", at=now
    )
    web = browser(olga)
    text = text_of(web.get("/members/layers/").content.decode())
    assert "Best 0 0.0 %" in text
    assert "rest 1 100.0 %" in text
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    unscoped = browser(factories.staff(shop, login="oona"))
    whole_page = unscoped.get(f"/members/layers/{layering.pk}/").content.decode()
    for part in ("/changes/", "Layer sizes over time"):
        assert part in whole_page
        assert part not in page
    url = f"/members/layers/{layering.pk}/changes/"
    hidden = web.get(url, {"from": "rest", "to": "high"}).content.decode()
    assert "0 members made this change" in text_of(hidden)
    # Only the editor shows these, and layers are those of the whole community.
    sizes = f"/members/layers/{layering.pk}/sizes/"
    assert web.post(sizes, {}).status_code == 403
    assert unscoped.post(sizes, {}).status_code == 200


def test_joined_and_departed_members_are_counted_apart(
    shop: Community, boss: Staff, layering: Layering, now: datetime
) -> None:
    accounts.leave(account=account_queries.get(shop, "eve"), by=boss, at=now)
    accounts.create(community=shop, key="new", by=boss, at=now)
    layers.recompute(layering=layering, by=boss, at=now)
    day = shop.day(now) - 1
    moves = layer_moves.moves_since(layering=layering, day=day, by=boss, at=now)
    assert moves is not None
    assert moves.sizes == {
        ("rest", "high"): 1,
        ("rest", "rest"): 1,
        ("rest", ""): 1,
        ("", "rest"): 1,
    }
    assert (moves.into("rest"), moves.out_of("rest")) == (1, 2)


def test_threshold_is_previewed_without_being_stored(
    web: Client, shop: Community, boss: Staff, now: datetime
) -> None:
    common: dict[str, Any] = {"community": shop, "by": boss, "at": now}
    spec = {
        "by": "measure",
        "kinds": {"order.paid": 1},
        "layers": [{"key": "high", "top": "20%"}, {"key": "low"}],
    }
    layering = layers.create(key="value", spec=spec, **common)
    layers.recompute(layering=layering, by=boss, at=now)
    url = f"/members/layers/{layering.pk}/sizes/"
    page = web.post(url, {"method-0": "gte", "value-0": "0"}).content.decode()
    assert 'id="size-0"' in page
    assert "3 100.0 %" in text_of(page)
    bad = web.post(url, {"method-0": "top", "value-0": "many"}).content.decode()
    assert "Write a percentage of all members, for example 20%." in text_of(bad)
    layering.refresh_from_db()
    assert layering.spec == spec
    saved = {"method-0": "gte", "value-0": "0", "recompute": "1", "name": "Worth"}
    assert web.post(f"/members/layers/{layering.pk}/save/", saved).status_code == 303
    layering.refresh_from_db()
    assert layering.name == "Worth"
    run = layers.latest_run(layering)
    assert run is not None
    assert layers.sizes(run) == {"high": 3, "low": 0}


def test_rejected_spec_stays_in_the_form(web: Client, layering: Layering) -> None:
    url = f"/members/layers/{layering.pk}/save/"
    data = {"as": "json", "spec": '{"by": "rules", "layers": []}'}
    answer = web.post(url, data)
    assert answer.status_code == 422
    assert "A layering needs at least two layers." in text_of(answer.content.decode())
    assert data["spec"] in html.unescape(answer.content.decode())
    good = json.dumps(SPEC | {"layers": [*SPEC["layers"][:1], {"key": "others"}]})
    assert web.post(url, {"as": "json", "spec": good}).status_code == 303
    layering.refresh_from_db()
    assert layering.default == "others"


def test_layering_from_a_template_is_computed_archived_and_restored(
    web: Client, shop: Community
) -> None:
    web.get("/members/layers/new/")
    answer = web.post("/members/layers/new/", {"template": "lifecycle"})
    assert answer.status_code == 303
    (layering,) = layers.list_active(shop)
    assert layers.latest_run(layering) is not None
    text = text_of(web.get(answer.headers["Location"]).content.decode())
    assert "last time in the last" in text
    web.post(f"/members/layers/{layering.pk}/archive/")
    assert layers.list_active(shop) == []
    web.post(f"/members/layers/{layering.pk}/restore/")
    assert len(layers.list_active(shop)) == 1


def test_changing_layerings_needs_permission(
    shop: Community, layering: Layering
) -> None:
    web = browser(factories.staff(shop, role="operator", login="oscar"))
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    assert "Best" in text_of(page)
    manager = browser(factories.staff(shop, login="oona"))
    assert "Save" in text_of(
        manager.get(f"/members/layers/{layering.pk}/").content.decode()
    )
    assert "Save" not in text_of(page)
    url = f"/members/layers/{layering.pk}/"
    for action in ("sizes", "save", "runs", "archive", "restore"):
        assert web.post(f"{url}{action}/").status_code == 403


def test_size_chart_can_be_downloaded(web: Client, layering: Layering) -> None:
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    chart = f"/members/layers/{layering.pk}/chart/?as="
    assert f'href="{chart}csv"' in page
    table = web.get(f"{chart}csv").content.decode().splitlines()
    assert table[0].endswith("Day,Best,rest")
    assert len(table) == 4
    assert web.get(f"{chart}svg").content.startswith(b"<svg")
