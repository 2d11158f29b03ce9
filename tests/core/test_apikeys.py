"""Deliverable 4: keys with scopes, of which only a digest is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.staff import api_keys, staff
from qunce.core.staff.models import Staff
from tests.core import made
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def boss() -> Staff:
    return made.staff(made.community(), "boss", role=permissions.Role.OWNER)


def make(by: Staff, **given: Any) -> tuple[api_keys.ApiKey, str]:
    usual: dict[str, Any] = {"name": "till", "scopes": ["members:read"], "staff": by}
    return api_keys.create(by=by, at=AT, **(usual | given))


def test_a_token_opens_until_it_is_revoked(boss: Staff) -> None:
    key, token = make(boss)
    found = api_keys.authenticate(token, AT)
    assert found is not None
    assert found == key
    assert found.staff.community == boss.community
    api_keys.revoke(key=key, by=boss, at=AT)
    assert api_keys.authenticate(token, AT) is None


def test_the_token_itself_is_nowhere(boss: Staff) -> None:
    key, token = make(boss)
    kept = api_keys.ApiKey.objects.filter(pk=key.pk).values().get()
    assert token.split("_", 2)[2] not in str(kept)


def test_it_ends_when_it_was_said_to(boss: Staff) -> None:
    _key, token = make(boss, expires_at=AT + timedelta(days=1))
    assert api_keys.authenticate(token, AT)
    assert api_keys.authenticate(token, AT + timedelta(days=1)) is None


def test_it_ends_with_who_it_stands_for(boss: Staff) -> None:
    bea = made.staff(boss.community, "bea")
    _key, token = make(boss, staff=bea)
    assert api_keys.authenticate(token, AT)
    staff.deactivate(staff=bea, by=boss, at=AT)
    assert api_keys.authenticate(token, AT) is None


@pytest.mark.parametrize(
    "token", ["", "qk", "qk__", "qk_a_b", "qk_\0_x", "x" * 10_000, "qk_é_\ud800"]
)
def test_rubbish_opens_nothing(boss: Staff, token: str) -> None:
    make(boss)
    assert api_keys.authenticate(token, AT) is None


def test_a_right_prefix_with_a_wrong_secret_opens_nothing(boss: Staff) -> None:
    _key, token = make(boss)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert api_keys.authenticate(wrong, AT) is None


def test_its_scopes_are_all_it_may_do(boss: Staff) -> None:
    key, _token = make(boss)
    api_keys.check_scope(key, "members:read")
    assert not api_keys.has_scope(key, "members:write")
    with pytest.raises(api_keys.MissingScope):
        api_keys.check_scope(key, "members:write")


@pytest.mark.parametrize(
    "given", [{"name": " "}, {"scopes": []}, {"scopes": ["all"]}, {"expires_at": AT}]
)
def test_what_makes_no_sense_is_refused(boss: Staff, given: dict[str, Any]) -> None:
    with pytest.raises(api_keys.InvalidApiKey):
        make(boss, **given)


def test_nobody_makes_a_key_for_who_stands_above(boss: Staff) -> None:
    manager = made.staff(boss.community, "mia", role="manager")
    with pytest.raises(permissions.NotAllowed):
        make(manager, staff=boss)
    with pytest.raises(permissions.NotAllowed):
        make(made.staff(boss.community, "olli"))


def test_last_use_is_known_to_the_minute(boss: Staff) -> None:
    key, token = make(boss)
    for seconds in (0, 30, 61):
        api_keys.authenticate(token, AT + timedelta(seconds=seconds))
    key.refresh_from_db()
    assert key.last_used_at == AT + timedelta(seconds=61)
