from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_rates_are_set_listed_and_removed(run: Run, shop: Community) -> None:
    made = run("exchange-rates", "set", "usd", "7.2", "--since", "2026-03-01", "--json")
    assert made.json == {"currency": "USD", "since": "2026-03-01", "rate": "7.2"}
    run("exchange-rates", "set", "USD", "7.3")
    listed = run("exchange-rates", "list", "--json").json
    assert listed["currency"] == "CNY"
    assert [rate["rate"] for rate in listed["exchange_rates"]] == ["7.3", "7.2"]
    assert "1 USD = 7.2 CNY" in run("exchange-rates", "list").output
    assert run("exchange-rates", "remove", "USD", "2026-03-01").code == 0
    assert run("exchange-rates", "remove", "USD", "2026-03-01").code == 3
    assert run("exchange-rates", "set", "USD", "much").code == 2
    assert len(run("exchange-rates", "list", "--json").json["exchange_rates"]) == 1
