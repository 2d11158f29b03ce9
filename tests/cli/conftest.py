from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run, in_this_process
from tests.factories import AT

NAMES = {"ann": "安", "bob": "Bob", "cyd": "Cyd", "dee": "Dee"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], transactional_db: None) -> Run:
    return in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")


@pytest.fixture
def shop(transactional_db: None) -> Community:
    """Four members; ann and bob are VIPs, and there is a group without members."""
    shop = factories.community()
    for key, name in NAMES.items():
        factories.member(shop, key, name=name, joined_at=AT)
    factories.apply_tag(shop, "vip", "ann", "bob")
    factories.tag_group(shop, "bought")
    factories.group(shop, "room")
    return shop
