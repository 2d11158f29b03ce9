from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.outreach.ideas import web_site
from tests.outreach.ideas.web_site import Site


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with web_site.serve() as site:
        yield site
