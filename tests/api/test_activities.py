"""Activities through the API: the same verbs, refusals and scopes."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.check_ins.models import CheckIn
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.running import approver, join, running
from tests.clients import ApiClient, create_token
from tests.factories import AT

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {
    "kind": "check_in",
    "name": "Thirty pages",
    "text": "Read with us.",
    "refusal": "For readers.",
    "starts_at": "2026-03-05T12:00:00Z",
    "settings": {"themes": ["Poems"]},
    "announcements": [{"moment": "start", "text": "It starts."}],
}


def client_of(staff: Staff) -> ApiClient:
    return ApiClient(create_token(staff, None))


@pytest.fixture
def client(by: Staff) -> ApiClient:
    return client_of(by)


def test_an_activity_is_written_approved_and_moved_on(
    by: Staff, client: ApiClient
) -> None:
    made = client.post("/activities", BODY)
    assert made.status == 201
    path = f"/activities/{made.body['id']}"
    assert made.body["settings"]["make_up_days"] == 7
    assert client.patch(path, {"name": "Forty pages"}).body["name"] == "Forty pages"
    assert client.post(f"{path}/submit").body["state"] == "in_review"
    second = client_of(approver(by))
    assert client.post(f"{path}/approve").status == 409
    assert second.post(f"{path}/approve").body["state"] == "running"
    assert client.patch(path, {"name": "Ten pages"}).status == 409
    assert client.get(f"{path}/counts").body["may_join"] == 0
    reason = {"reason": "Lunch"}
    assert client.post(f"{path}/pause", reason).body["reason"] == "Lunch"
    for step, state in (
        ("resume", "running"),
        ("close", "closed"),
        ("settle", "settled"),
    ):
        assert client.post(f"{path}/{step}").body["state"] == state
    done = client.post(f"{path}/review", {"lesson": "Start on Monday."})
    assert done.body["state"] == "reviewed"
    (kind,) = [
        row
        for row in client.get("/activity-kinds").body["items"]
        if row["key"] == "check_in"
    ]
    assert kind["lesson"] == "Start on Monday."
    listed = client.get("/activities?state=reviewed").body["items"]
    assert [row["id"] for row in listed] == [made.body["id"]]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"kind": "none"}, 404),
        ({"ends_at": "2026-03-05T11:00:00Z"}, 422),
        ({"points_limit": -1}, 422),
        ({"settings": {"make_up_days": 99}}, 422),
        ({"may_join": {"tag": {"any": ["none"]}}}, 422),
        ({"groups": [99]}, 404),
        ({"colour": "red"}, 422),
        ({"starts_at": "2026-03-05T12:00:00"}, 422),
    ],
)
def test_what_it_cannot_hold_is_refused(
    client: ApiClient, fields: dict[str, Any], status: int
) -> None:
    assert client.post("/activities", BODY | fields).status == status
    assert not Activity.objects.exists()


def test_members_are_entered_once_and_struck_out(by: Staff, client: ApiClient) -> None:
    bob = factories.member(by.community, "bob").pk
    path = f"/activities/{running(by).pk}"
    body = {"member_id": bob, "key": "call-1"}
    assert client.post(f"{path}/entries", body).body["accepted"]
    assert client.post(f"{path}/entries", body).body["is_repeated"]
    (row,) = client.get(f"{path}/entries").body["items"]
    assert (row["member_id"], row["is_typed"]) == (bob, True)
    found = client.get(f"{path}/results").body
    assert (found["people"], found["typed"]) == (1, 1)
    struck = client.delete(f"{path}/entries/{row['id']}")
    assert struck.body["is_struck_out"]
    assert client.get(f"{path}/results").body["people"] == 0
    client.post(f"{path}/entries/{row['id']}/restore")
    assert Entry.objects.get().struck_out_at is None


def test_lines_are_pasted_and_answered(by: Staff, client: ApiClient) -> None:
    bob = factories.member(by.community, "bob", name="张三").pk
    north = factories.group(by.community, "north", bob)
    path = f"/activities/{running(by).pk}"
    body = {"group_id": north.pk, "text": "张三：打卡\n王五：打卡"}
    pasted = client.post(f"{path}/lines", body).body
    assert [row["state"] for row in pasted["lines"]] == ["taken", "unsure"]
    assert client.post(f"{path}/lines", body).body["known"] == 2
    (line,) = client.get(f"{path}/lines").body["lines"]
    answered = client.post(f"{path}/lines/{line['id']}", {"member_id": None})
    assert answered.body["state"] == "skipped"
    assert client.get(f"{path}/lines").body["lines"] == []


def test_check_ins_streaks_and_cards(by: Staff, client: ApiClient) -> None:
    bob = factories.member(by.community, "bob").pk
    activity = running(by)
    join(activity, bob)
    path = f"/activities/{activity.pk}"
    (row,) = client.get(f"{path}/check-ins?day=2026-03-05").body["items"]
    assert row["member_id"] == bob
    assert client.delete(f"{path}/check-ins/{row['id']}").body["is_struck_out"]
    client.post(f"{path}/check-ins/{row['id']}/restore")
    assert CheckIn.objects.get().struck_out_at is None
    cards = {"member_id": bob, "key": "thanks", "count": 2}
    assert client.post("/make-up-cards", cards).body == {"new": 2}
    assert client.post("/make-up-cards", cards).body == {"new": 0}
    assert client.get(f"{path}/streaks-to-remind?at_least=1").status == 200
    assert client.post(f"{path}/notice").status == 409
    activities.change(activity=activity, notified={"all": []}, by=by, at=AT)
    notice = client.post(f"{path}/notice")
    assert (notice.status, notice.body["campaign"] != "") == (201, True)
    assert client.post(f"{path}/notice").status == 409


def test_other_communities_and_hidden_members_are_unknown(
    by: Staff, shop: Community
) -> None:
    bob, cy = factories.members(shop, "bob", "cy")
    factories.group(shop, "north", bob)
    activity = running(by)
    join(activity, cy)
    path = f"/activities/{activity.pk}"
    scope = {"group": {"any": ["north"]}}
    cat = factories.staff(shop, "operator", "cat", groups=["north"], scope=scope)
    limited = client_of(cat)
    assert limited.get(f"{path}/entries").body["items"] == []
    assert limited.get(f"{path}/results").body["people"] == 0
    assert limited.get(f"{path}/check-ins?day=2026-03-05").body["items"] == []
    row = Entry.objects.get()
    assert limited.delete(f"{path}/entries/{row.pk}").status == 404
    body = {"member_id": cy, "key": "k"}
    assert limited.post(f"{path}/entries", body).status == 404
    zoe = factories.staff(factories.community("other"), login="zoe")
    stranger = client_of(zoe)
    assert stranger.get(path).status == 404
    assert activity.created_at == AT
