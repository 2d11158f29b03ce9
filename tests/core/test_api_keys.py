"""Deliverable 4: API keys with scopes, of which only a digest is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.staff import api_keys, staff
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Staff:
    return factories.staff(
        factories.community(), login="boss", role=permissions.Role.OWNER
    )


def create(by: Staff, **fields: Any) -> tuple[api_keys.ApiKey, str]:
    defaults: dict[str, Any] = {"name": "till", "scopes": ["members:read"], "staff": by}
    return api_keys.create(by=by, at=AT, **(defaults | fields))


@pytest.mark.both_databases
def test_token_is_valid_until_it_is_revoked(boss: Staff) -> None:
    key, token = create(boss)
    authenticated = api_keys.authenticate(token, AT)
    assert authenticated is not None
    assert authenticated == key
    assert authenticated.staff.community == boss.community
    api_keys.revoke(key=key, by=boss, at=AT)
    assert api_keys.authenticate(token, AT) is None


def test_token_is_not_stored(boss: Staff) -> None:
    key, token = create(boss)
    row = api_keys.ApiKey.objects.filter(pk=key.pk).values().get()
    _qk, prefix, secret = token.split("_", 2)
    assert prefix in str(row)
    assert secret not in str(row)


def test_expired_token_is_rejected(boss: Staff) -> None:
    _key, token = create(boss, expires_at=AT + timedelta(days=1))
    assert api_keys.authenticate(token, AT)
    assert api_keys.authenticate(token, AT + timedelta(days=1)) is None


def test_token_is_rejected_after_its_staff_are_deactivated(boss: Staff) -> None:
    bea = factories.staff(boss.community, login="bea", role="operator")
    _key, token = create(boss, staff=bea)
    assert api_keys.authenticate(token, AT)
    staff.deactivate(staff=bea, by=boss, at=AT)
    assert api_keys.authenticate(token, AT) is None


@pytest.mark.parametrize(
    "token", ["", "qk", "qk__", "qk_a_b", "qk_\0_x", "x" * 10_000, "qk_é_\ud800"]
)
def test_malformed_token_is_rejected(boss: Staff, token: str) -> None:
    key, valid = create(boss)
    assert api_keys.authenticate(valid, AT) == key
    assert api_keys.authenticate(token, AT) is None


def test_right_prefix_with_a_wrong_secret_is_rejected(boss: Staff) -> None:
    key, token = create(boss)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert api_keys.authenticate(token, AT) == key
    assert api_keys.authenticate(wrong, AT) is None


def test_missing_scope_is_refused(boss: Staff) -> None:
    key, _token = create(boss)
    api_keys.check_scope(key, "members:read")
    assert not api_keys.has_scope(key, "members:write")
    with pytest.raises(api_keys.MissingScope):
        api_keys.check_scope(key, "members:write")


@pytest.mark.parametrize(
    "fields", [{"name": " "}, {"scopes": []}, {"scopes": ["all"]}, {"expires_at": AT}]
)
def test_invalid_key_is_rejected(boss: Staff, fields: dict[str, Any]) -> None:
    with pytest.raises(api_keys.InvalidApiKey):
        create(boss, **fields)


def test_manager_cannot_create_a_key_for_an_owner(boss: Staff) -> None:
    manager = factories.staff(boss.community, login="mia", role="manager")
    with pytest.raises(permissions.NotAllowed):
        create(manager, staff=boss)
    with pytest.raises(permissions.NotAllowed):
        create(factories.staff(boss.community, login="olli", role="operator"))


@pytest.mark.both_databases
def test_last_use_is_stored_once_per_minute(boss: Staff) -> None:
    key, token = create(boss)
    for seconds in (0, 30, 61):
        api_keys.authenticate(token, AT + timedelta(seconds=seconds))
    key.refresh_from_db()
    assert key.last_used_at == AT + timedelta(seconds=61)
