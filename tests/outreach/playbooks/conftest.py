from __future__ import annotations

from collections.abc import Iterator

import pytest

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import versions
from tests import factories
from tests.outreach.playbooks.worker import Worker


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


@pytest.fixture
def worker(shop: Community, by: Staff, fake: FakeChannel) -> Iterator[Worker]:
    versions.forget()
    yield Worker(shop, by)
    versions.forget()
