from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
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
    by = staff_models.system(shop)
    ids = {
        key: accounts.create(
            community=shop, key=key, name=name, joined_at=AT, by=by, at=AT
        )
        for key, name in NAMES.items()
    }
    vip = library.create(community=shop, key="vip", by=by, at=AT)
    members = [ids[key].pk for key in ("ann", "bob")]
    assignments.apply(tag=vip, accounts=members, by=by, at=AT)
    tag_groups.create(community=shop, key="bought", by=by, at=AT)
    groups.create(community=shop, key="room", by=by, at=AT)
    return shop
