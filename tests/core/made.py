"""What the tests of this folder start from, made through the verbs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def community(key: str = "shop", **given: Any) -> Community:
    return communities.create(key=key, at=AT, **given)


def staff(of: Community, login: str = "ann", **given: Any) -> Staff:
    return staff_models.create(community=of, login=login, at=AT, **given)
