"""What every request of the API passes: key, scope, language, body, rate limit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from qunce.api import rate_limit
from qunce.core.communities import Community
from qunce.core.staff import api_keys
from qunce.core.staff import models as staff_models
from tests.clients import ApiClient, create_client, create_token
from tests.factories import AT


@pytest.mark.parametrize(
    "token", ["", "qk", "qk_aaaaaaaaaa_nope", "x" * 5_000, "qk_é_ü", "qk_a\0_b"]
)
@pytest.mark.django_db
def test_malformed_token_is_rejected(shop: Community, token: str) -> None:
    response = ApiClient(token).get("/members")
    assert response.status == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_expired_and_revoked_keys_are_rejected(shop: Community) -> None:
    by = staff_models.system(shop)
    staff = staff_models.create(community=shop, login="one", at=AT)
    _key, expired = api_keys.create(
        name="past",
        scopes=["members:read"],
        staff=staff,
        by=by,
        at=AT,
        expires_at=AT + timedelta(seconds=1),
    )
    key, revoked = api_keys.create(
        name="gone", scopes=["members:read"], staff=staff, by=by, at=AT
    )
    valid = create_token(staff)
    assert ApiClient(revoked).get("/members").status == 200
    api_keys.revoke(key=key, by=by, at=AT)
    tokens = (expired, revoked, valid)
    statuses = [ApiClient(token).get("/members").status for token in tokens]
    assert statuses == [401, 401, 200]


def test_key_is_rejected_after_staff_member_is_deactivated(shop: Community) -> None:
    staff = staff_models.create(community=shop, login="one", at=AT)
    api = ApiClient(create_token(staff))
    assert api.get("/members").status == 200
    staff.is_active = False
    staff.save(update_fields=["is_active"])
    assert api.get("/members").status == 401


def test_key_needs_scope_and_permission(shop: Community) -> None:
    reader = create_client(shop, scopes=["members:read"])
    assert reader.get("/members").status == 200
    response = reader.post("/members", {"key": "m1"})
    assert (response.status, response.kind) == (403, "missing-scope")
    assert "members:write" in response.body["detail"]
    assert reader.get("/orders").status == 403
    viewer = create_client(shop, role="viewer")
    response = viewer.post("/members", {"key": "m1"})
    assert (response.status, response.kind) == (403, "not-allowed")


def test_language_is_of_the_request_or_of_the_staff_member(shop: Community) -> None:
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
def test_unknown_path_is_a_problem(api: ApiClient, path: str) -> None:
    response = api.get(path)
    assert (response.status, response.body["status"]) == (404, 404)


def test_wrong_method_lists_the_allowed_ones(api: ApiClient) -> None:
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
def test_malformed_body_is_rejected_with_details(
    api: ApiClient, body: bytes, status: int
) -> None:
    response = api.request("POST", "/members", body)
    assert response.status == status, response.body
    if status == 422:
        assert response.body["errors"][0]["detail"]


def test_validation_errors_name_their_path(api: ApiClient) -> None:
    response = api.post("/facts", {"facts": [{"kind": "page.seen"}, {"member_key": 7}]})
    assert [error["path"] for error in response.body["errors"]] == [
        "facts[1].kind",
        "facts[1].member_key",
    ]
    assert response.body["errors"][0]["detail"] == "This field is required."


def test_large_body_is_rejected(api: ApiClient) -> None:
    response = api.request("POST", "/members", b'{"key": "%s"}' % (b"x" * 3_000_000))
    assert response.status == 413


def test_nul_in_the_query_is_rejected(api: ApiClient) -> None:
    assert api.get("/members?key=a%00b").status == 400
    assert api.get("/members?key=ab").status == 200


def test_rate_limit_is_per_key_and_says_when_to_retry(
    api: ApiClient, settings: Settings
) -> None:
    settings.API_RATE_LIMIT = 20  # a burst of two
    responses = [api.get("/tags") for _time in range(3)]
    assert [response.status for response in responses] == [200, 200, 429]
    assert int(responses[2].headers["Retry-After"]) <= 4
    owner = staff_models.Staff.objects.get(login__startswith="owner-")
    assert ApiClient(create_token(owner)).get("/tags").status == 200


def test_bucket_refills_steadily() -> None:
    bucket = rate_limit.Bucket(tokens=1.0, updated_at=0.0)
    assert bucket.consume(0.0, 60) == 0
    assert bucket.consume(0.0, 60) == 1
    assert bucket.consume(0.5, 60) == 0.5
    assert bucket.consume(1.0, 60) == 0
    waits = [bucket.consume(1_000.0, 60) for _time in range(7)]
    assert waits == [0, 0, 0, 0, 0, 0, 1]


def test_responses_are_not_cached(api: ApiClient) -> None:
    assert api.get("/members").headers["Cache-Control"] == "no-store"
