"""Secrets are encrypted in the database, and unreadable with another key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django_otp import oath
from pytest_django import Settings

from qunce.channels.webhooks import endpoints
from qunce.core import db, encryption, permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff import two_factor
from qunce.core.staff.models import Staff
from qunce.sets.doctor import secret_checks
from tests import clients
from tests.factories import AT

pytestmark = pytest.mark.django_db
SECRET = b"correct horse"


def create_webhook(shop: Community, by: Staff) -> endpoints.Endpoint:
    endpoint = endpoints.create(
        community=shop,
        name="crm",
        url="https://crm.example.com/",
        kinds=["order.paid"],
        by=by,
        at=AT,
    )
    endpoint.refresh_from_db()
    return endpoint


def stored_texts() -> str:
    """The rows of all tables, as the database has them."""
    tables = db.rows("SELECT name FROM sqlite_master WHERE type = 'table'", ())
    return "\n".join(
        str(row)
        for (table,) in tables
        for row in db.rows(f'SELECT * FROM "{table}"', ())
    )


def test_what_is_encrypted_can_be_decrypted_for_the_same_purpose_only() -> None:
    encrypted = encryption.encrypt(SECRET, purpose="a")
    assert SECRET not in encrypted
    assert encryption.decrypt(encrypted, purpose="a") == SECRET
    for damaged in (encrypted[:-1], encrypted[1:] + b"x", b""):
        with pytest.raises(encryption.Unreadable):
            encryption.decrypt(damaged, purpose="a")
    with pytest.raises(encryption.Unreadable):
        encryption.decrypt(encrypted, purpose="b")


def test_no_secret_is_in_the_database(shop: Community, by: Staff) -> None:
    bea = staff_models.create(
        community=shop, login="bea", role=permissions.Role.OWNER, at=AT
    )
    device = two_factor.pending_device(bea)
    browser: Client = clients.browser(bea)
    endpoint = create_webhook(shop, by)
    texts = stored_texts()
    assert endpoint.secret.startswith("whsec_")
    assert device.key in texts
    secrets = [device.bin_key.hex(), endpoint.secret, str(browser.session.session_key)]
    assert [secret for secret in secrets if secret in texts] == []


def test_secrets_of_another_key_are_unreadable(
    shop: Community, by: Staff, settings: Settings
) -> None:
    device = two_factor.pending_device(by)
    totp = oath.TOTP(device.bin_key)
    totp.time = datetime.now(UTC).timestamp()
    code = f"{totp.token():06}"
    endpoint = create_webhook(shop, by)
    assert [*secret_checks.check_secrets()] == []
    settings.SECRET_KEY = "that of another installation"
    found = {finding.subject for finding in secret_checks.check_secrets()}
    assert found == {by.login, "crm"}
    endpoint.refresh_from_db()
    assert endpoint.secret == encryption.UNREADABLE
    with pytest.raises(two_factor.WrongCode):
        two_factor.enable(staff=by, code=code, at=datetime.now(UTC))
    endpoints.renew_secret(endpoint=endpoint, by=by, at=AT)
    endpoint.refresh_from_db()
    assert endpoint.secret.startswith("whsec_")
