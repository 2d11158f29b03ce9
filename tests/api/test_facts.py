"""Facts through the API: in batches and as streams, each recorded once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.facts import facts, reported_facts
from qunce.groups import groups
from qunce.ingest import incoming_facts
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT


def ndjson(*rows: Any) -> bytes:
    return "\n".join(
        row if isinstance(row, str) else json.dumps(row) for row in rows
    ).encode()


def page_seen(**fields: Any) -> dict[str, Any]:
    return {"kind": "page.seen", "happened_at": "2026-03-05T20:00:00+08:00", **fields}


@pytest.mark.both_databases
def test_batch_is_recorded_once_per_source(shop: Community, api: ApiClient) -> None:
    (existing,) = factories.members(shop, "m1")
    batch = [
        page_seen(member_key="m1", key="a", payload={"page": "礼盒", "price": 12}),
        page_seen(member_key="new", key="b", group_key="g1"),
        page_seen(member_id=existing, key="c"),
        page_seen(key="d"),
    ]
    first = api.post("/facts", {"facts": batch, "source": "shop"})
    counts = {"accepted": 4, "duplicates": 0, "accounts_created": 1, "suppressed": 0}
    assert first.body == counts
    again = api.post("/facts", {"facts": batch, "source": "shop"})
    assert again.body == counts | {
        "accepted": 0,
        "duplicates": 4,
        "accounts_created": 0,
    }
    other = api.post("/facts", {"facts": batch, "source": "till"})
    assert other.body["accepted"] == 4
    recorded = factories.recorded_facts(shop, "page.seen")[:4]
    assert [payload for _account, payload in recorded] == [
        {"page": "礼盒", "price": 12},
        {},
        {},
        {},
    ]
    assert groups.find(shop, ["g1"])


def test_equal_facts_without_a_key_are_recorded_once(
    shop: Community, api: ApiClient
) -> None:
    batch = [page_seen(), page_seen(), page_seen(payload={"n": 1})]
    first = api.post("/facts", {"facts": batch}).body
    assert (first["accepted"], first["duplicates"]) == (2, 1)
    again = api.post("/facts", {"facts": batch}).body
    assert (again["accepted"], again["duplicates"]) == (0, 3)


def test_fact_without_a_time_happened_now(shop: Community, api: ApiClient) -> None:
    api.post("/facts", {"facts": [{"kind": "page.seen", "member_key": "m1"}]})
    fact = facts.Fact.objects.order_by("-pk")[0]
    assert abs(datetime.now(UTC) - fact.happened_at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"kind": "Page Seen"}, "noun.verb"),
        ({"kind": "order.paid"}, "needs the field"),
        ({"kind": "tag.added"}, "Import the tags instead"),
        ({"kind": "member.erased"}, "recorded by Qunce"),
        ({"happened_at": "1999-12-31T23:59:59Z"}, "2000"),
        ({"happened_at": "2199-01-01T00:00:00Z"}, "future"),
        ({"member_key": "a", "member_id": 1}, "either"),
        ({"payload": {"x": "y" * 20_000}}, "characters"),
    ],
)
def test_one_invalid_fact_rejects_the_batch(
    shop: Community, api: ApiClient, wrong: dict[str, Any], word: str
) -> None:
    response = api.post("/facts", {"facts": [page_seen(), page_seen(**wrong)]})
    assert (response.status, response.kind) == (422, "facts-rejected")
    assert [error["path"] for error in response.body["errors"]] == ["facts[1]"]
    assert word in response.body["errors"][0]["detail"]
    assert factories.recorded_facts(shop, "page.seen") == []
    assert api.post("/facts", {"facts": [page_seen()]}).body["accepted"] == 1


@pytest.mark.parametrize("moment", ["2026-03-05T20:00:00", "yesterday", 7, "x" * 999])
def test_time_without_offset_is_rejected(api: ApiClient, moment: Any) -> None:
    response = api.post("/facts", {"facts": [page_seen(happened_at=moment)]})
    assert response.status == 422


def test_batch_has_at_most_a_thousand_facts(api: ApiClient) -> None:
    response = api.post("/facts", {"facts": [page_seen()] * 1_001})
    assert response.body["errors"][0] == {
        "path": "facts",
        "detail": "At most 1000 entries.",
    }
    assert api.post("/facts", {"facts": []}).status == 422


@pytest.mark.both_databases
def test_stream_skips_invalid_lines(shop: Community, api: ApiClient) -> None:
    body = ndjson(
        page_seen(member_key="m1", key="a"),
        "{broken",
        "",
        page_seen(kind="order.paid"),
        page_seen(member_key="m2", key="b"),
        page_seen(member_id=4_000_000_000),
        page_seen(nonsense=1),
        '{"kind": "page.seen", "member_key": "\\ud800"}',
        page_seen(member_key="m3", key="c"),
    )
    result = api.request("POST", "/facts/stream?source=shop", body).body
    assert (result["accepted"], result["duplicates"]) == (3, 0)
    assert result["accounts_created"] == 3
    assert result["rejected"] == 6
    assert [error["line"] for error in result["errors"]] == [2, 3, 4, 7, 8, 6]
    again = api.request("POST", "/facts/stream?source=shop", body).body
    assert (again["accepted"], again["duplicates"]) == (0, 3)


def test_stream_of_several_batches_is_recorded(shop: Community, api: ApiClient) -> None:
    rows = [page_seen(member_key=f"m{n % 50}", key=str(n)) for n in range(2_500)]
    result = api.request("POST", "/facts/stream", ndjson(*rows)).body
    assert result["accepted"] == 2_500


def test_line_that_is_too_long_ends_the_stream(shop: Community, api: ApiClient) -> None:
    body = ndjson(*[page_seen(key=str(n)) for n in range(1_000)], "x" * 70_000)
    response = api.request("POST", "/facts/stream", body)
    assert (response.status, response.kind) == (400, "unreadable-request")
    assert len(factories.recorded_facts(shop, "page.seen")) == 1_000


def test_result_lists_the_first_hundred_errors(api: ApiClient) -> None:
    result = api.request("POST", "/facts/stream", ndjson(*["x"] * 150)).body
    assert (result["rejected"], len(result["errors"])) == (150, 100)


def test_facts_of_a_member_are_listed_newest_first(
    shop: Community, api: ApiClient
) -> None:
    rows = [
        page_seen(member_key="m1", key=str(n), happened_at=f"2026-03-0{n}T00:00:00Z")
        for n in range(1, 6)
    ]
    api.post("/facts", {"facts": rows})
    listed = api.list_all("/facts?member_id=1", limit=2)
    days = [fact["happened_at"][:10] for fact in listed if fact["kind"] == "page.seen"]
    assert days == [f"2026-03-0{n}" for n in range(5, 0, -1)]
    assert {fact["account_id"] for fact in listed} == {1}


def test_scoped_staff_report_facts_of_visible_members_only(shop: Community) -> None:
    factories.members(shop, "mine", "other")
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    mine = page_seen(member_key="mine")
    assert scoped.post("/facts", {"facts": [mine]}).status == 200
    hidden = scoped.post("/facts", {"facts": [page_seen(member_key="other")]})
    unknown = scoped.post("/facts", {"facts": [page_seen(member_key="nobody")]})
    assert hidden.status == unknown.status == 422
    same = hidden.body["errors"][0]["detail"].replace("other", "nobody")
    assert unknown.body["errors"][0]["detail"] == same
    assert scoped.post("/facts", {"facts": [page_seen(member_id=2)]}).status == 404
    stream = scoped.request(
        "POST",
        "/facts/stream",
        ndjson(page_seen(member_key="other"), {**mine, "key": "streamed"}),
    )
    assert (stream.body["accepted"], stream.body["rejected"]) == (1, 1)


def test_staff_of_some_groups_report_facts_of_these_groups_only(
    shop: Community, api: ApiClient
) -> None:
    for key in ("g1", "g2"):
        api.post("/groups", {"key": key})
    scoped = create_client(shop, role="manager", groups=["g1"])
    own = {"facts": [page_seen(group_key="g1")]}
    assert scoped.post("/facts", own).status == 200
    for group in ("g2", "g3"):
        response = scoped.post("/facts", {"facts": [page_seen(group_key=group)]})
        assert (response.status, response.kind) == (404, "group-not-found")


def test_members_of_another_community_are_unknown(
    shop: Community, api: ApiClient
) -> None:
    factories.members(shop, "m1")
    stranger = create_client(factories.community("elsewhere"))
    fact = {"facts": [page_seen(member_id=1)]}
    assert stranger.post("/facts", fact).status == 404
    assert api.post("/facts", fact).status == 200


def test_viewer_cannot_report_facts(shop: Community) -> None:
    viewer = create_client(shop, role="viewer")
    assert viewer.post("/facts", {"facts": [page_seen()]}).status == 403
    owner = create_client(shop)
    assert owner.post("/facts", {"facts": [page_seen()]}).status == 200


def test_only_reportable_kinds_are_accepted() -> None:
    """If programs could report the facts of our own verbs, they could forge results."""
    incoming = [
        incoming_facts.IncomingFact(kind, AT) for kind in sorted(facts.declared())
    ]
    limits = reported_facts.time_limits(AT)
    accepted = {
        fact.kind
        for fact in incoming
        if not ingest.find_error(fact, limits, ingest.allow_all)
    }
    assert {"coupon.redeemed", "message.posted", "send.clicked"} <= accepted
    assert all(facts.declared()[kind].reportable for kind in accepted)
