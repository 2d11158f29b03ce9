from __future__ import annotations

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_communities_are_added_and_listed(run: Run, transactional_db: None) -> None:
    added = run(
        *("communities", "add", "tea", "--name", "Tea house", "--currency", "USD"),
        *("--timezone", "Asia/Tokyo", "--day-start", "240", "--language", "en"),
        "--json",
    ).json
    (tea,) = added["communities"]
    assert tea == {
        "key": "tea",
        "name": "Tea house",
        "timezone": "Asia/Tokyo",
        "day_start": 240,
        "currency": "USD",
        "language": "en",
        "region": "CN",
        "shared_identifier_limit": 5,
        "created_at": factories.AT.isoformat(),
    }
    assert run("communities", "list", "--json").json == added
    assert "Asia/Tokyo 04:00" in run("communities", "list").output
    assert run("communities", "add", "Not A Key").code == 2


def test_clock_of_a_community_is_changed(run: Run, shop: Community) -> None:
    edited = run("communities", "edit", "shop", "--day-start", "300", "--json").json
    assert edited["communities"][0]["day_start"] == 300
    assert edited["communities"][0]["timezone"] == "Asia/Shanghai"
    run("communities", "edit", "shop", "--timezone", "Asia/Tokyo")
    shop.refresh_from_db()
    assert (shop.timezone, shop.day_start) == ("Asia/Tokyo", 300)
    said = run("communities", "edit", "shop", "--currency", "USD", "--name", "Tea")
    assert "All sums are shown in USD." in said.output
    shop.refresh_from_db()
    assert (shop.currency, shop.name) == ("USD", "Tea")
    assert run("communities", "edit", "shop", "--timezone", "Nowhere").code == 2
    assert run("communities", "edit", "nowhere", "--day-start", "0").code == 3


def test_only_owners_change_communities(run: Run, shop: Community) -> None:
    factories.staff(shop, login="max", role="manager")
    factories.staff(shop, login="ann", role="owner")
    edit = ("communities", "edit", "shop", "--day-start", "60")
    assert run(*edit, "--as", "max").code == 4
    assert run("communities", "add", "tea", "--as", "max").code == 4
    assert communities.get("shop").day_start == 0
    assert run(*edit, "--as", "ann").code == 0
    assert communities.get("shop").day_start == 60
