from __future__ import annotations

from collections.abc import Iterator

import pytest

from qunce.core.communities import Community
from tests.outreach.replies import chats as chat_events
from tests.outreach.replies.chats import Chats


@pytest.fixture
def chats(shop: Community) -> Iterator[Chats]:
    yield from chat_events.opened(shop)
