"""A homeserver, the account of the community there, and a member who signs in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from qunce.channels.accounts.models import ChannelAccount
from qunce.core.communities import Community
from tests import factories
from tests.channels.matrix import homeserver
from tests.channels.matrix.homeserver import Homeserver
from tests.portal.channel_sign_in.frames import LI


@pytest.fixture(scope="package")
def running() -> Iterator[Homeserver]:
    with homeserver.serve() as server:
        yield server


@pytest.fixture
def server(running: Homeserver, settings: Settings) -> Homeserver:
    settings.ALLOW_PRIVATE_HOMESERVERS = True
    running.tokens = {"good": LI}
    running.answer, running.hangs = None, False
    running.asked.clear()
    return running


@pytest.fixture
def account(shop: Community, server: Homeserver) -> ChannelAccount:
    return server.connect(shop)


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, LI, channel="matrix", name="李雷雷").pk
