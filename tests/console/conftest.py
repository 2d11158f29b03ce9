from __future__ import annotations

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.clients import browser


@pytest.fixture
def shop(db: None) -> Community:
    """A community whose pages are in English."""
    return factories.community(language="en")


@pytest.fixture
def ann(by: Staff) -> Client:
    """The browser of the one who acts."""
    return browser(by)
