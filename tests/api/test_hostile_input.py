"""Hostile values are stored as they are or rejected; nothing breaks on them later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from qunce.core.communities import Community
from qunce.sets import audiences, timelines
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import ApiClient

NOW = datetime(2026, 3, 6, tzinfo=UTC)
NAMES = [
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil","x")',
    "\u202eevil\u202c",
    "😀" * 50,
    "a" * 200,
    "'; DROP TABLE core_fact; --",
]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "amount",
    [10**30, -(10**307), 1.5, 1e300, "12", "x", None, [], {}, True, 2**63, -(2**63)],
)
def test_odd_amount_does_not_break_counts(
    shop: Community, api: ApiClient, amount: Any
) -> None:
    fact = {
        "kind": "page.seen",
        "member_key": "m1",
        "happened_at": "2026-03-05T12:00:00Z",
        "payload": {"amount": amount, "order": amount},
    }
    assert api.post("/facts", {"facts": [fact]}).status == 200
    deriver.catch_up()
    people, _sums = timelines.sum_by_person(
        community=shop, kinds={"page.seen": 1}, at=NOW
    )
    rule = {"did": {"kind": "page.seen", "times": {"gte": 1}}}
    by = factories.staff(shop)
    assert audiences.count(community=shop, rule=rule, by=by, at=NOW) == 1
    assert len(people) <= 1
    member_id = api.get("/members?key=m1").body["items"][0]["id"]
    assert api.get(f"/facts?member_id={member_id}").status == 200


@pytest.mark.parametrize("amount", [10**308, -(10**400)])
def test_number_that_most_programs_cannot_read_is_rejected(
    api: ApiClient, amount: int
) -> None:
    fact = {"kind": "page.seen", "payload": {"amount": amount}}
    answer = api.post("/facts", {"facts": [fact]})
    assert answer.status == 422
    assert "1e308" in str(answer.body)


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_returned_as_one_sees_them(api: ApiClient, name: str) -> None:
    created = api.post("/members", {"key": name, "name": name})
    assert created.status == 201
    visible = name.replace("\u202e", "").replace("\u202c", "")
    assert api.get(f"/members?key={quote(name)}").body["items"][0]["name"] == visible
    tag = api.post("/tags", {"key": name[:80].replace(";", "")})
    assert tag.status == 201, tag.body


@pytest.mark.parametrize("depth", [200, 1_000, 9_000])
def test_deeply_nested_rule_is_rejected(api: ApiClient, depth: int) -> None:
    text = '{"not":' * depth + '{"all":[]}' + "}" * depth
    assert api.get(f"/members?rule={quote(text[:20_000])}").status == 422
    body = f'{{"rule": {text}}}'.encode()
    assert api.request("POST", "/rules/count", body).status in (400, 422)
    payload = '{"a":' * depth + "1" + "}" * depth
    facts = f'{{"facts": [{{"kind": "a.b", "payload": {payload}}}]}}'.encode()
    assert api.request("POST", "/facts", facts).status in (200, 400, 422)


def test_rule_with_too_many_clauses_is_rejected(api: ApiClient) -> None:
    wide: dict[str, Any] = {"any": [{"all": []}] * 5_000}
    assert api.post("/rules/count", {"rule": wide}).status == 422
