"""The pages of layerings: sizes, thresholds and changes since yesterday."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
from qunce.members.segments import segments
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


def cell_links(page: str) -> list[str]:
    return [
        html.unescape(url) for url in re.findall(r'href="(/members/\?rule[^"]*)"', page)
    ]


def test_cell_of_the_change_table_opens_its_members_who_can_become_a_segment(
    web: Client, layering: Layering, boss: Staff, now: datetime
) -> None:
    detail = web.get(f"/members/layers/{layering.pk}/").content.decode()
    assert "1 member changed layers since yesterday." in text_of(detail)
    page = web.get(f"/members/layers/{layering.pk}/changes/").content.decode()
    text = text_of(page)
    assert "1 member changed layers, 0 arrived, 0 are no longer there." in text
    assert "rest 1 2 – 3" in text
    link = cell_links(page)[0]
    listed = web.get(link).content.decode()
    assert "was in the layer rest of layering on" in text_of(listed)
    assert 'href="/members/1' in listed or "ann" in text_of(listed)
    assert "bob" not in text_of(listed)
    (segment_url,) = set(re.findall(r'href="(/members/segments/new/[^"]*)"', listed))
    assert web.get(html.unescape(segment_url)).status_code == 200


def test_flow_chart_and_file_have_the_numbers_of_the_table(
    web: Client, layering: Layering
) -> None:
    url = f"/members/layers/{layering.pk}/changes/"
    page = web.get(url).content.decode()
    assert page.count('<svg class="layer-flow') == 2
    assert page.count("<title>rest → Best: 1</title>") == 2
    table = web.get(url, {"as": "csv"}).content.decode().splitlines()
    assert table[2].startswith("rest,1,2,0,3")
    assert web.get(url, {"as": "xml"}).status_code == 404


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
    assert "Layer sizes over time" in whole_page
    assert "Layer sizes over time" not in page
    url = f"/members/layers/{layering.pk}/changes/"
    assert "rest – 1 – 1" in text_of(web.get(url).content.decode())
    assert "rest 1 2 – 3" in text_of(unscoped.get(url).content.decode())
    # Only the editor shows these, and layers are those of the whole community.
    sizes, posted = "/members/layers/sizes/", {"spec": json.dumps(SPEC)}
    assert web.post(sizes, posted).status_code == 403
    assert unscoped.post(sizes, posted).status_code == 200


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
    url, posted = "/members/layers/sizes/", {"spec": json.dumps(spec), "name": "Worth"}
    page = web.post(url, posted | {"method-0": "gte", "value-0": "0"}).content.decode()
    assert 'id="size-0"' in page
    assert "3 100.0 %" in text_of(page)
    typed = posted | {"method-0": "top", "value-0": "many"}
    bad = web.post(url, typed).content.decode()
    assert "Write a percentage of all members, for example 20%." in text_of(bad)
    layering.refresh_from_db()
    assert layering.spec == spec
    refused = web.post(f"/members/layers/{layering.pk}/save/", typed)
    assert refused.status_code == 422
    assert 'value="many"' in refused.content.decode()
    saved = posted | {"method-0": "gte", "value-0": "0", "recompute": "1"}
    assert web.post(f"/members/layers/{layering.pk}/save/", saved).status_code == 303
    layering.refresh_from_db()
    assert layering.name == "Worth"
    run = layers.latest_run(layering)
    assert run is not None
    assert layers.sizes(run) == {"high": 3, "low": 0}


def submit(web: Client, url: str, spec: Any, do: str = "look", **more: Any) -> str:
    """The page after a button, as a browser without JavaScript gets it."""
    data = {"spec": json.dumps(spec), "do": do, "name": "Mine", **more}
    response = web.post(url, data)
    assert response.status_code == 200
    return str(response.content.decode())


def hidden(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match
    return html.unescape(match[1])


def test_own_layers_are_built_ordered_named_and_removed(
    web: Client, shop: Community, boss: Staff, now: datetime
) -> None:
    """K9: a layering of one's own, without JavaScript and without any JSON in sight."""
    ann = account_queries.get(shop, "ann").pk
    tag = factories.tag(shop, "loyal")
    assignments.apply(tag=tag, accounts=[ann], by=boss, at=now)
    url = "/members/layers/new/edit/"
    page = web.get("/members/layers/new/", {"own": "rules"}).content.decode()
    spec, rule = (json.loads(hidden(page, name)) for name in ("spec", "rule"))
    assert hidden(page, "layer") == "0"
    state: dict[str, Any] = {"layer": "0", "rule": json.dumps(rule), "name-0": "Loyal"}
    page = submit(web, url, spec, "add::tag", **state)
    assert 'name="c-how"' in page
    typed = {**state, "open": "+:tag", "c-how": "any", "c-tags": "loyal"}
    page = submit(web, url, spec, "layer-add", **typed)
    spec = json.loads(hidden(page, "spec"))
    assert [layer["key"] for layer in spec["layers"]] == ["layer", "layer-2", "rest"]
    first = {
        "key": "layer",
        "name": "Loyal",
        "rule": {"all": [{"tag": {"any": ["loyal"]}}]},
    }
    assert spec["layers"][0] == first
    # The new layer is open and takes everybody whom the first one leaves.
    assert hidden(page, "layer") == "1"
    assert "1 more are in a layer above" in text_of(page)
    page = submit(web, url, spec, "layer-up:1", **{"name-1": "All"})
    spec = json.loads(hidden(page, "spec"))
    assert [layer.get("name") for layer in spec["layers"][:2]] == ["All", "Loyal"]
    assert "Every one of 3 members is in exactly one layer." in text_of(page)
    page = submit(web, url, spec, "layer-remove:0")
    spec = json.loads(hidden(page, "spec"))
    assert spec["layers"][0] == first
    refused = submit(web, url, spec, "layer-remove:0")
    assert "at least two layers" in text_of(refused)
    posted = {"spec": json.dumps(spec), "name": "Mine", "name-1": "Others"}
    answer = web.post("/members/layers/new/save/", posted)
    assert answer.status_code == 303
    (layering,) = layers.list_active(shop)
    run = layers.latest_run(layering)
    assert run is not None
    assert layers.sizes(run) == {"layer": 1, "rest": 2}
    text = text_of(web.get(answer.headers["Location"]).content.decode())
    assert "everyone who has the tag loyal" in text
    assert '{"' not in text


def test_a_layer_in_use_cannot_be_removed_and_says_by_what(
    web: Client, shop: Community, boss: Staff, layering: Layering, now: datetime
) -> None:
    rule = {"layer": {"of": "layering", "in": ["high"]}}
    about: dict[str, Any] = {"community": shop, "by": boss, "at": now}
    segments.create(key="best", name="Best ones", rule=rule, **about)
    spec = SPEC | {"layers": [{"key": "new", "rule": {"all": []}}, SPEC["layers"][1]]}
    posted = {"spec": json.dumps(spec), "name": "L"}
    answer = web.post(f"/members/layers/{layering.pk}/save/", posted)
    assert answer.status_code == 422
    assert "segment “Best ones”" in text_of(answer.content.decode())
    page = web.post(f"/members/layers/{layering.pk}/archive/", follow=True)
    assert "segment “Best ones”" in text_of(page.content.decode())
    assert layers.list_active(shop)


def test_a_ready_made_layering_follows_its_numbers_and_is_computed(
    web: Client, shop: Community
) -> None:
    gallery = text_of(web.get("/members/layers/new/").content.decode())
    assert "No facts yet: paid an order, asked the price" in gallery
    assert "Tags to create: Core circle" in gallery
    page = web.get("/members/layers/new/", {"ladder": "phases"}).content.decode()
    spec = json.loads(hidden(page, "spec"))
    posted = {"spec": json.dumps(spec), "name": "Phases", "default": "win-back"}
    numbers = {"number-ripening": "5", "number-silent": "60"}
    page = web.post("/members/layers/sizes/", posted | numbers).content.decode()
    assert "3 100.0 %" in text_of(page)
    answer = web.post("/members/layers/new/save/", posted | numbers)
    assert answer.status_code == 303
    (layering,) = layers.list_active(shop)
    assert (layering.key, layering.default) == ("phases", "win-back")
    assert layering.spec["numbers"] == {"ripening": "5d", "silent": "60d"}
    run = layers.latest_run(layering)
    assert run is not None
    assert layers.sizes(run) == {"extension": 0, "ripening": 0, "win-back": 3}
    # An opened rule shows the numbers; closed without a change it keeps following them.
    url = f"/members/layers/{layering.pk}/edit/"
    page = submit(web, url, layering.spec, "layer-open:1")
    rule = hidden(page, "rule")
    assert "5d" in rule
    state = {"layer": "1", "rule": rule}
    closed = submit(web, url, layering.spec, "layer-close", **state)
    assert json.loads(hidden(closed, "spec")) == layering.spec
    state["rule"] = '{"all": [{"joined": {"within": "9d"}}]}'
    changed = json.loads(
        hidden(submit(web, url, layering.spec, "layer-close", **state), "spec")
    )
    assert changed["numbers"] == {"silent": "60d"}
    assert changed["layers"][1]["rule"] == json.loads(state["rule"])


def test_tags_of_circles_are_created_on_demand(web: Client, shop: Community) -> None:
    url = "/members/layers/new/"
    page = text_of(web.get(url, {"ladder": "circles"}).content.decode())
    assert "It needs tags that do not exist yet: Core circle" in page
    web.post(f"{url}tags/", {"ladder": "circles"})
    page = text_of(web.get(url, {"ladder": "circles"}).content.decode())
    assert "It needs tags" not in page
    assert "Every one of 3 members is in exactly one layer." in page
    assert web.post(f"{url}tags/", {"ladder": "nope"}).status_code == 404


def test_any_two_days_are_compared(
    web: Client, shop: Community, layering: Layering, now: datetime
) -> None:
    here = now.astimezone(ZoneInfo(shop.timezone))
    days = {
        "since": f"{here - timedelta(days=2):%Y-%m-%d}",
        "until": f"{here - timedelta(days=1):%Y-%m-%d}",
    }
    url = f"/members/layers/{layering.pk}/changes/"
    text = text_of(web.get(url, days).content.decode())
    assert "not computed between these days" in text
    assert "From layer to layer" not in text
    days["until"] = f"{here + timedelta(days=1):%Y-%m-%d}"
    page = web.get(url, days).content.decode()
    assert "1 member changed layers" in text_of(page)
    assert "the last runs before them count" in text_of(page)
    before = web.get(url, {"since": "2020-01-01"}).content.decode()
    assert "Layers are known from" in text_of(before)
    for bad in ("soon", "2026-02-30", "9999999-01-01"):
        page = web.get(url, {"since": bad}).content.decode()
        assert f"“{bad}” is no day" in text_of(page)


def test_layering_is_archived_and_restored(web: Client, layering: Layering) -> None:
    community = layering.community
    web.post(f"/members/layers/{layering.pk}/archive/")
    assert layers.list_active(community) == []
    web.post(f"/members/layers/{layering.pk}/restore/")
    assert len(layers.list_active(community)) == 1


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
    for action in ("edit", "save", "runs", "archive", "restore"):
        assert web.post(f"{url}{action}/").status_code == 403


def test_size_chart_can_be_downloaded(web: Client, layering: Layering) -> None:
    page = web.get(f"/members/layers/{layering.pk}/").content.decode()
    chart = f"/members/layers/{layering.pk}/chart/?as="
    assert f'href="{chart}csv"' in page
    table = web.get(f"{chart}csv").content.decode().splitlines()
    assert table[0].endswith("Day,Best,rest")
    assert len(table) == 4
    # Yesterday nothing was computed, which is a gap and no repeated number.
    assert [row.split(",", 1)[1] for row in table[1:]] == ["1,2", ",", "0,3"]
    assert web.get(f"{chart}svg").content.startswith(b"<svg")
