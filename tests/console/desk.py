"""A browser at which somebody is signed in."""

from __future__ import annotations

from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories

BACKEND = "django.contrib.auth.backends.ModelBackend"


def sit(staff: Staff) -> Client:
    browser = Client()
    browser.force_login(staff, backend=BACKEND)
    return browser


def at(shop: Community, role: str = "owner", login: str = "olga") -> Client:
    return sit(factories.staff(shop, role, login))
