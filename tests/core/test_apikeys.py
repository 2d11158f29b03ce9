"""Deliverable 4: keys with scopes, of which only a digest is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import access, apikeys, staff
from qunce.core.operators import Operator
from tests.core import made
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def boss() -> Operator:
    return made.operator(made.community(), "boss", role=access.Role.OWNER)


def make(by: Operator, **given: Any) -> tuple[apikeys.ApiKey, str]:
    usual: dict[str, Any] = {"name": "till", "scopes": ["members:read"], "operator": by}
    return apikeys.create(by=by, at=AT, **(usual | given))


def test_a_token_opens_until_it_is_revoked(boss: Operator) -> None:
    key, token = make(boss)
    found = apikeys.authenticate(token, AT)
    assert found is not None
    assert found == key
    assert found.operator.community == boss.community
    apikeys.revoke(key=key, by=boss, at=AT)
    assert apikeys.authenticate(token, AT) is None


def test_the_token_itself_is_nowhere(boss: Operator) -> None:
    key, token = make(boss)
    kept = apikeys.ApiKey.objects.filter(pk=key.pk).values().get()
    assert token.split("_", 2)[2] not in str(kept)


def test_it_ends_when_it_was_said_to(boss: Operator) -> None:
    _key, token = make(boss, expires_at=AT + timedelta(days=1))
    assert apikeys.authenticate(token, AT)
    assert apikeys.authenticate(token, AT + timedelta(days=1)) is None


def test_it_ends_with_who_it_stands_for(boss: Operator) -> None:
    bea = made.operator(boss.community, "bea")
    _key, token = make(boss, operator=bea)
    assert apikeys.authenticate(token, AT)
    staff.deactivate(operator=bea, by=boss, at=AT)
    assert apikeys.authenticate(token, AT) is None


@pytest.mark.parametrize(
    "token", ["", "qk", "qk__", "qk_a_b", "qk_\0_x", "x" * 10_000, "qk_é_\ud800"]
)
def test_rubbish_opens_nothing(boss: Operator, token: str) -> None:
    make(boss)
    assert apikeys.authenticate(token, AT) is None


def test_a_right_prefix_with_a_wrong_secret_opens_nothing(boss: Operator) -> None:
    _key, token = make(boss)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert apikeys.authenticate(wrong, AT) is None


def test_its_scopes_are_all_it_may_do(boss: Operator) -> None:
    key, _token = make(boss)
    apikeys.check_scope(key, "members:read")
    assert not apikeys.may_scope(key, "members:write")
    with pytest.raises(apikeys.OutOfScope):
        apikeys.check_scope(key, "members:write")


@pytest.mark.parametrize(
    "given", [{"name": " "}, {"scopes": []}, {"scopes": ["all"]}, {"expires_at": AT}]
)
def test_what_makes_no_sense_is_refused(boss: Operator, given: dict[str, Any]) -> None:
    with pytest.raises(apikeys.InvalidKey):
        make(boss, **given)


def test_nobody_makes_a_key_for_who_stands_above(boss: Operator) -> None:
    manager = made.operator(boss.community, "mia", role="manager")
    with pytest.raises(access.NotAllowed):
        make(manager, operator=boss)
    with pytest.raises(access.NotAllowed):
        make(made.operator(boss.community, "olli"))


def test_last_use_is_known_to_the_minute(boss: Operator) -> None:
    key, token = make(boss)
    for seconds in (0, 30, 61):
        apikeys.authenticate(token, AT + timedelta(seconds=seconds))
    key.refresh_from_db()
    assert key.last_used_at == AT + timedelta(seconds=61)
