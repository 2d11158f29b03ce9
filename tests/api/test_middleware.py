"""Who comes in, how often, and what is said to who does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from qunce.api import rate_limit
from qunce.core.communities import Community
from qunce.core.staff import api_keys
from qunce.core.staff import models as staff_models
from tests.api.client import AT, ApiClient, create_client, create_token


@pytest.mark.parametrize(
    "token", ["", "qk", "qk_aaaaaaaaaa_nope", "x" * 5_000, "qk_é_ü", "qk_a\0_b"]
)
@pytest.mark.django_db
def test_it_knows_nobody_without_a_good_key(shop: Community, token: str) -> None:
    response = ApiClient(token).get("/members")
    assert response.status == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_a_key_past_its_end_and_one_of_who_left_are_closed(
    shop: Community,
) -> None:
    by = staff_models.system(shop)
    one = staff_models.create(community=shop, login="one", at=AT)
    _dead, past = api_keys.create(
        name="past",
        scopes=["members:read"],
        staff=one,
        by=by,
        at=AT,
        expires_at=AT + timedelta(seconds=1),
    )
    key, revoked = api_keys.create(
        name="gone", scopes=["members:read"], staff=one, by=by, at=AT
    )
    good = create_token(one)
    assert ApiClient(revoked).get("/members").status == 200
    api_keys.revoke(key=key, by=by, at=AT)
    assert [ApiClient(each).get("/members").status for each in (past, revoked, good)] == [
        401,
        401,
        200,
    ]
    one.is_active = False
    one.save(update_fields=["is_active"])
    assert ApiClient(good).get("/members").status == 401


def test_a_key_does_what_its_scopes_name_and_its_operator_may(shop: Community) -> None:
    reading = create_client(shop, scopes=["members:read"])
    assert reading.get("/members").status == 200
    refused = reading.post("/members", {"key": "m1"})
    assert (refused.status, refused.kind) == (403, "out-of-scope")
    assert "members:write" in refused.body["detail"]
    assert reading.get("/orders").status == 403
    viewer = create_client(shop, role="viewer")
    refused = viewer.post("/members", {"key": "m1"})
    assert (refused.status, refused.kind) == (403, "not-allowed")


def test_it_speaks_the_callers_language_or_the_operators(shop: Community) -> None:
    api = create_client(shop)
    english = api.get("/members/999")
    chinese = api.get("/members/999", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert english.headers["Content-Language"] == "en"
    assert chinese.headers["Content-Language"] == "zh-hans"
    assert english.body["detail"] == "There is no member with the number 999."
    assert chinese.body["detail"] != english.body["detail"]
    staff_models.Staff.objects.update(language="zh-hans")
    assert api.get("/members/999").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("path", ["/nothing", "/members/1/nothing", "/members/"])
def test_what_is_not_there_is_a_problem_too(api: ApiClient, path: str) -> None:
    response = api.get(path)
    assert (response.status, response.body["status"]) == (404, 404)


def test_a_wrong_method_is_told_the_right_ones(api: ApiClient) -> None:
    response = api.request("PUT", "/members")
    assert (response.status, response.body["status"]) == (405, 405)
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"key": "a\\u0000b"}', 400),
        (b'{"key": "\\ud800"}', 400),
        (b'{"key": NaN}', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"key": 7}', 422),
        (b'{"key": "x", "nonsense": 1}', 422),
        (b'{"key": ""}', 422),
        (b'{"key": "%s"}' % (b"x" * 201), 422),
        (b'{"key": "a\\\\u0000b"}', 201),
    ],
)
def test_bad_bodies_are_refused_with_a_place(
    api: ApiClient, body: bytes, status: int
) -> None:
    response = api.request("POST", "/members", body)
    assert response.status == status, response.body
    if status == 422:
        assert response.body["errors"][0]["detail"]


def test_faults_name_their_place_in_the_readers_words(api: ApiClient) -> None:
    response = api.post("/facts", {"facts": [{"kind": "page.seen"}, {"member": 7}]})
    assert [fault["where"] for fault in response.body["errors"]] == [
        "facts[1].kind",
        "facts[1].member",
    ]
    assert response.body["errors"][0]["detail"] == "This field is required."


def test_too_large_a_body_is_refused(api: ApiClient) -> None:
    response = api.request("POST", "/members", b'{"key": "%s"}' % (b"x" * 3_000_000))
    assert response.status == 413


def test_a_nul_in_the_address_is_refused(api: ApiClient) -> None:
    assert api.get("/members?key=a%00b").status == 400


def test_who_asks_too_often_is_told_when_to_ask_again(
    api: ApiClient, settings: Settings
) -> None:
    settings.API_RATE_LIMIT = 20  # a burst of two
    responses = [api.get("/tags") for _time in range(3)]
    assert [response.status for response in responses] == [200, 200, 429]
    assert int(responses[2].headers["Retry-After"]) <= 4
    other = ApiClient(create_token(staff_models.Staff.objects.get(login__startswith="owner-")))
    assert other.get("/tags").status == 200


def test_a_bucket_fills_steadily() -> None:
    bucket = rate_limit.Bucket(left=1.0, since=0.0)
    assert bucket.take(0.0, 60) == 0
    assert bucket.take(0.0, 60) == 1
    assert bucket.take(0.5, 60) == 0.5
    assert bucket.take(1.0, 60) == 0
    assert [bucket.take(1_000.0, 60) for _time in range(7)] == [0, 0, 0, 0, 0, 0, 1]


def test_nothing_is_kept_on_the_way(api: ApiClient) -> None:
    assert api.get("/members").headers["Cache-Control"] == "no-store"
