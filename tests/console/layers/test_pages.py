"""K9: layers with sizes, thresholds that are moved, moves since yesterday."""

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
from tests.console.world import browser

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
    """Two days ago everyone was in the rest; now Ann is in the best."""
    at = now - timedelta(days=2)
    found = layers.create(community=shop, key="worth", spec=SPEC, by=boss, at=at)
    layers.recompute(layering=found, by=boss, at=at)
    ann = account_queries.get(shop, "ann").pk
    tag = factories.tag(shop, "old")
    assignments.apply(tag=tag, accounts=[ann], by=boss, at=at)
    vip = tag.__class__.objects.get(community=shop, key="vip")
    assignments.apply(tag=vip, accounts=[ann], by=boss, at=now)
    layers.recompute(layering=found, by=boss, at=now)
    deriver.catch_up()
    return found


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_says_sizes_shares_and_moves(web: Client, layering: Layering) -> None:
    said = words(web.get("/members/layers/").content.decode())
    assert "Best 1 33.3 % +1 –" in said
    assert "rest 2 66.7 % – −1" in said
    assert "1 member changed layers since yesterday." in said


def test_a_cell_of_the_table_leads_to_its_people(
    web: Client, layering: Layering
) -> None:
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    (link,) = re.findall(r'href="([^"]*/moves/[^"]*)"', page)
    said = words(web.get(html.unescape(link)).content.decode())
    assert "rest → Best" in said
    assert "1 member moved like this" in said
    assert "ann" in said


def test_a_scoped_operator_counts_her_own_only(
    shop: Community, layering: Layering, now: datetime
) -> None:
    scope = {"members": {"keys": ["bob"]}}
    olga = staff_models.create(
        community=shop, login="olga", scope=scope, role="manager", at=now
    )
    web = browser(olga)
    said = words(web.get("/members/layers/").content.decode())
    assert "Best 0 0.0 %" in said
    assert "rest 1 100.0 %" in said
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    assert "/moves/" not in page
    assert "Layer sizes over time" not in page
    url = f"/members/layers/{layering.pk}/changes/"
    hidden = web.get(url, {"from": "rest", "to": "high"}).content.decode()
    assert "0 members made this change" in words(hidden)
    answer = web.post(f"/members/layers/{layering.pk}/sizes/", {})
    assert "1" in words(answer.content.decode())
    assert "33.3" not in words(answer.content.decode())


def test_who_came_and_went_stands_apart(
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


def test_sizes_follow_a_threshold_and_nothing_is_kept(
    web: Client, shop: Community, boss: Staff, now: datetime
) -> None:
    about: dict[str, Any] = {"community": shop, "by": boss, "at": now}
    spec = {
        "by": "measure",
        "kinds": {"order.paid": 1},
        "layers": [{"key": "high", "top": "20%"}, {"key": "low"}],
    }
    worth = layers.create(key="value", spec=spec, **about)
    layers.recompute(layering=worth, by=boss, at=now)
    url = f"/members/layers/{worth.pk}/sizes/"
    page = web.post(url, {"how-0": "gte", "value-0": "0"}).content.decode()
    assert 'id="size-0"' in page
    assert "3 100.0 %" in words(page)
    bad = web.post(url, {"how-0": "top", "value-0": "many"}).content.decode()
    assert "Write a percentage of all members, for example 20%." in words(bad)
    worth.refresh_from_db()
    assert worth.spec == spec
    saved = {"how-0": "gte", "value-0": "0", "now": "1", "name": "Worth"}
    assert web.post(f"/members/layers/{worth.pk}/save/", saved).status_code == 303
    worth.refresh_from_db()
    assert worth.name == "Worth"
    run = layers.latest_run(worth)
    assert run is not None
    assert layers.sizes(run) == {"high": 3, "low": 0}


def test_what_is_refused_keeps_what_was_typed(web: Client, layering: Layering) -> None:
    url = f"/members/layers/{layering.pk}/save/"
    sent = {"as": "json", "spec": '{"by": "rules", "layers": []}'}
    answer = web.post(url, sent)
    assert answer.status_code == 422
    assert "A layering needs at least two layers." in words(answer.content.decode())
    assert sent["spec"] in html.unescape(answer.content.decode())
    good = json.dumps(SPEC | {"layers": [*SPEC["layers"][:1], {"key": "others"}]})
    assert web.post(url, {"as": "json", "spec": good}).status_code == 303
    layering.refresh_from_db()
    assert layering.default == "others"


def test_a_ready_made_one_is_laid_out_at_once(web: Client, shop: Community) -> None:
    web.get("/members/layers/new/")
    answer = web.post("/members/layers/new/", {"ready": "lifecycle"})
    assert answer.status_code == 303
    (found,) = layers.list_active(shop)
    assert layers.latest_run(found) is not None
    said = words(web.get(answer.headers["Location"]).content.decode())
    assert "for the last time in the last" in said
    web.post(f"/members/layers/{found.pk}/archive/")
    assert layers.list_active(shop) == []
    web.post(f"/members/layers/{found.pk}/restore/")
    assert len(layers.list_active(shop)) == 1


def test_who_may_not_manage_layers_looks_only(
    shop: Community, layering: Layering
) -> None:
    web = browser(factories.staff(shop, role="operator", login="oscar"))
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    assert "Best" in words(page)
    assert "Save" not in words(page)
    url = f"/members/layers/{layering.pk}/"
    for action in ("sizes", "save", "runs", "archive", "restore"):
        assert web.post(f"{url}{action}/").status_code == 403


def test_sizes_over_time_are_a_file_too(web: Client, layering: Layering) -> None:
    """I16"""
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    chart = f"/members/layers/{layering.pk}/chart/?as="
    assert f'href="{chart}csv"' in page
    table = web.get(f"{chart}csv").content.decode().splitlines()
    assert table[0].endswith("Day,Best,rest")
    assert len(table) == 4
    assert web.get(f"{chart}svg").content.startswith(b"<svg")
