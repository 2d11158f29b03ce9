"""Facts through the API: in batches, as streams, each once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.groups import groups
from tests.api.client import AT, ApiClient, create_client
from tests.members import made


def lines(*told: Any) -> bytes:
    return "\n".join(
        one if isinstance(one, str) else json.dumps(one) for one in told
    ).encode()


def seen(**more: Any) -> dict[str, Any]:
    return {"kind": "page.seen", "happened_at": "2026-03-05T20:00:00+08:00", **more}


@pytest.mark.both_databases
def test_a_batch_is_taken_once(shop: Community, api: ApiClient) -> None:
    (known,) = made.members(shop, "m1")
    told = [
        seen(member="m1", key="a", payload={"page": "礼盒", "price": 12}),
        seen(member="new", key="b", group="g1"),
        seen(member_id=known, key="c"),
        seen(key="d"),
    ]
    first = api.post("/facts", {"facts": told, "source": "shop"})
    assert first.body == {"accepted": 4, "duplicates": 0, "accounts_created": 1}
    again = api.post("/facts", {"facts": told, "source": "shop"})
    assert again.body == {"accepted": 0, "duplicates": 4, "accounts_created": 0}
    other = api.post("/facts", {"facts": told, "source": "till"})
    assert other.body["accepted"] == 4
    rows = made.told(shop, "page.seen")[:4]
    assert [payload for _account, payload in rows] == [
        {"page": "礼盒", "price": 12},
        {},
        {},
        {},
    ]
    assert groups.find(shop, ["g1"])


def test_without_a_key_the_same_twice_is_two(shop: Community, api: ApiClient) -> None:
    response = api.post("/facts", {"facts": [seen(), seen()]})
    assert response.body["accepted"] == 2


def test_what_has_no_time_happened_now(shop: Community, api: ApiClient) -> None:
    api.post("/facts", {"facts": [{"kind": "page.seen", "member": "m1"}]})
    row = facts.Fact.objects.order_by("-pk")[0]
    assert abs(datetime.now(UTC) - row.happened_at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"kind": "Page Seen"}, "noun.verb"),
        ({"kind": "order.paid"}, "recorded by Qunce"),
        ({"kind": "member.erased"}, "recorded by Qunce"),
        ({"happened_at": "1969-12-31T23:59:59Z"}, "1970"),
        ({"happened_at": "2199-01-01T00:00:00Z"}, "future"),
        ({"member": "a", "member_id": 1}, "either"),
        ({"payload": {"x": "y" * 20_000}}, "characters"),
    ],
)
def test_one_fault_and_nothing_is_taken(
    shop: Community, api: ApiClient, wrong: dict[str, Any], word: str
) -> None:
    response = api.post("/facts", {"facts": [seen(), seen(**wrong)]})
    assert (response.status, response.kind) == (422, "not-taken")
    assert [fault["where"] for fault in response.body["errors"]] == ["facts[1]"]
    assert word in response.body["errors"][0]["detail"]
    assert made.told(shop, "page.seen") == []


@pytest.mark.parametrize("moment", ["2026-03-05T20:00:00", "yesterday", 7, "x" * 999])
def test_a_time_has_its_offset(api: ApiClient, moment: Any) -> None:
    response = api.post("/facts", {"facts": [seen(happened_at=moment)]})
    assert response.status == (200 if moment == 7 else 422)


def test_more_than_a_thousand_are_refused(api: ApiClient) -> None:
    response = api.post("/facts", {"facts": [seen()] * 1_001})
    assert response.body["errors"][0] == {
        "where": "facts",
        "detail": "At most 1000 entries.",
    }
    assert api.post("/facts", {"facts": []}).status == 422


@pytest.mark.both_databases
def test_a_stream_passes_over_what_is_wrong(shop: Community, api: ApiClient) -> None:
    body = lines(
        seen(member="m1", key="a"),
        "{broken",
        "",
        seen(kind="order.paid"),
        seen(member="m2", key="b"),
        seen(member_id=4_000_000_000),
        seen(nonsense=1),
        '{"kind": "page.seen", "member": "\\ud800"}',
        seen(member="m3", key="c"),
    )
    told = api.request("POST", "/facts/stream?source=shop", body).body
    assert (told["accepted"], told["duplicates"], told["accounts_created"]) == (3, 0, 3)
    assert told["refused"] == 6
    assert [fault["line"] for fault in told["faults"]] == [2, 3, 4, 7, 8, 6]
    again = api.request("POST", "/facts/stream?source=shop", body).body
    assert (again["accepted"], again["duplicates"]) == (0, 3)


def test_a_long_stream_is_taken_in_thousands(shop: Community, api: ApiClient) -> None:
    told = [seen(member=f"m{n % 50}", key=str(n)) for n in range(2_500)]
    assert api.request("POST", "/facts/stream", lines(*told)).body["accepted"] == 2_500


def test_an_endless_line_ends_the_stream(shop: Community, api: ApiClient) -> None:
    body = lines(*[seen(key=str(n)) for n in range(1_000)], "x" * 70_000)
    response = api.request("POST", "/facts/stream", body)
    assert (response.status, response.kind) == (400, "not-read")
    assert len(made.told(shop, "page.seen")) == 1_000


def test_of_many_faults_a_hundred_are_told(api: ApiClient) -> None:
    told = api.request("POST", "/facts/stream", lines(*["x"] * 150)).body
    assert (told["refused"], len(told["faults"])) == (150, 100)


def test_a_members_facts_are_read_newest_first(shop: Community, api: ApiClient) -> None:
    told = [
        seen(member="m1", key=str(n), happened_at=f"2026-03-0{n}T00:00:00Z")
        for n in range(1, 6)
    ]
    api.post("/facts", {"facts": told})
    found = api.list_all("/facts?member_id=1", limit=2)
    days = [fact["happened_at"][:10] for fact in found if fact["kind"] == "page.seen"]
    assert days == [f"2026-03-0{n}" for n in range(5, 0, -1)]


def test_who_sees_a_part_tells_of_nobody_else(shop: Community) -> None:
    made.members(shop, "mine", "other")
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert part.post("/facts", {"facts": [seen(member="mine")]}).status == 200
    hidden = part.post("/facts", {"facts": [seen(member="other")]})
    unknown = part.post("/facts", {"facts": [seen(member="nobody")]})
    assert hidden.status == unknown.status == 422
    same = hidden.body["errors"][0]["detail"].replace("other", "nobody")
    assert unknown.body["errors"][0]["detail"] == same
    assert part.post("/facts", {"facts": [seen(member_id=2)]}).status == 404
    stream = part.request(
        "POST", "/facts/stream", lines(seen(member="other"), seen(member="mine"))
    )
    assert (stream.body["accepted"], stream.body["refused"]) == (1, 1)


def test_who_sees_some_groups_tells_of_no_others(shop: Community, api: ApiClient) -> None:
    for key in ("g1", "g2"):
        api.post("/groups", {"key": key})
    part = create_client(shop, role="manager", groups=["g1"])
    assert part.post("/facts", {"facts": [seen(group="g1")]}).status == 200
    for group in ("g2", "g3"):
        response = part.post("/facts", {"facts": [seen(group=group)]})
        assert (response.status, response.kind) == (404, "group-not-found")


def test_another_communitys_people_are_unknown(shop: Community) -> None:
    made.members(shop, "m1")
    stranger = create_client(made.shop("elsewhere"))
    assert stranger.post("/facts", {"facts": [seen(member_id=1)]}).status == 404


def test_a_viewer_tells_nothing(shop: Community) -> None:
    viewer = create_client(shop, role="viewer")
    assert viewer.post("/facts", {"facts": [seen()]}).status == 403


def test_only_kinds_left_to_programs_and_free_ones_can_be_told() -> None:
    """A fact of our own verbs that anybody could tell would undo what they guard."""
    told = [ingest.IncomingFact(kind, AT) for kind in sorted(facts.declared())]
    open_ = {one.kind for one in told if not ingest.find_error(one, AT)}
    assert {"coupon.redeemed", "send.clicked"} <= open_
    assert all(facts.declared()[kind].reportable for kind in open_)
