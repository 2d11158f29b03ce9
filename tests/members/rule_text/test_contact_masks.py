"""Contacts that somebody typed into a rule are read only by who may read contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import roles, units
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.rule_text import contact_masks
from qunce.members.segments import frozen as frozen_segments
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.cli.runner import in_this_process
from tests.clients import ApiClient, browser, create_token
from tests.factories import AT

pytestmark = pytest.mark.django_db
SECRETS = ("wx_secret", "13812345678")
RULE: dict[str, Any] = {
    "any": [
        {"attr": {"name": "wechat", "eq": "wx_secret"}},
        {"attr": {"name": "wechat", "in": ["wx_secret", "other"]}},
        {"not": {"members": {"keys": ["13812345678"]}}},
        {"tag": {"any": ["1234567"]}},
    ]
}


@pytest.fixture
def reader(shop: Community, by: Staff) -> Staff:
    """May do what managers may, but not read contacts."""
    chosen = permissions.permissions_of(factories.staff(shop, "manager", login="mo"))
    chosen -= {masking.VIEW_IDENTIFIERS}
    role = roles.create(name="R", base="manager", chosen=chosen, by=by, at=AT)
    reader = factories.staff(shop, "manager", login="reader")
    reader.language = "en"
    reader.custom_role = role
    reader.save()
    return reader


@pytest.fixture
def places(shop: Community, by: Staff) -> dict[str, str]:
    """Where the rule is shown: pages of the console, and paths of the API."""
    define: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    attributes.define(name="wechat", type="text", label="微信号", **define)
    factories.member(shop, "13812345678", name="Ann")
    factories.tag(shop, "1234567")
    segment = factories.segment(shop, "hidden", RULE)
    frozen = frozen_segments.freeze(key="f", rule=RULE, segment=segment, **define)
    spec = {"by": "rules", "layers": [{"key": "a", "rule": RULE}, {"key": "b"}]}
    layering = layers.create(key="l", name="L", spec=spec, **define)
    campaign = factories.campaign(by, rule=RULE, exclude=RULE)
    unit = units.create(name="U", kind="local", scope=RULE, **define)
    hired = factories.staff(shop, "viewer", login="h", scope=RULE)
    hired.own_scope = RULE
    hired.save()
    return {
        "segments": "/members/segments/",
        "segment": f"/members/segments/{segment.pk}/",
        "frozen segment": f"/members/segments/frozen/{frozen.pk}/",
        "layering": f"/members/layers/{layering.pk}/",
        "campaign": f"/outreach/{campaign.pk}/",
        "campaign's form": f"/outreach/{campaign.pk}/edit/",
        "review": f"/outreach/{campaign.pk}/review/",
        "staff": f"/settings/staff/{hired.pk}/",
        "unit": f"/settings/units/{unit.pk}/",
        "API segments": "/api/v1/segments",
        "API segment": f"/api/v1/segments/{segment.pk}",
        "API layering": f"/api/v1/layerings/{layering.pk}",
        "API campaigns": "/api/v1/campaigns",
        "API staff": "/api/v1/staff",
        "API units": "/api/v1/units",
    }


def read(by: Staff, path: str) -> str:
    if path.startswith("/api/v1"):
        return str(ApiClient(create_token(by)).get(path.removeprefix("/api/v1")).body)
    return str(browser(by).get(path).content.decode())


def test_contacts_in_rules_are_masked_wherever_rules_are_shown(
    by: Staff, reader: Staff, places: dict[str, str]
) -> None:
    shown = {name: read(by, path) for name, path in places.items()}
    without = [name for name, text in shown.items() if SECRETS[0] not in text]
    assert without == []
    for name, path in places.items():
        text = read(reader, path)
        assert [secret for secret in SECRETS if secret in text] == [], name
        assert "****" in text or "may not see" in text or "不能" in text, name


def test_command_line_masks_contacts_in_rules(
    reader: Staff,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.HOME = tmp_path
    qunce = in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")
    for words in (("segments", "show", "hidden"), ("layerings", "show", "l", "--json")):
        full = qunce(*words).output
        masked = qunce(*words, "--as", reader.login).output
        assert "wx_secret" in full
        assert "wx_secret" not in masked and "****" in masked


def test_masks_are_not_stored_in_place_of_contacts(
    shop: Community, reader: Staff, places: dict[str, str]
) -> None:
    masked = contact_masks.masked(RULE, reader)
    assert masked["any"][3] == RULE["any"][3]
    with pytest.raises(RuleError, match="masked"):
        factories.segment(shop, "copy", masked["any"][0], by=reader)
    with pytest.raises(contact_masks.ContactsHidden):
        contact_masks.check_readable(RULE, reader)
    contact_masks.check_readable({"tag": {"any": ["1234567"]}}, reader)
