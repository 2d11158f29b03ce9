"""The two communities, and the ids of what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from qunce.core.communities import Community
from qunce.core.staff.models import Staff

PASSWORD = "correct horse battery"
SCOPE = {"tag": {"any": ["seen"]}}


@dataclass
class TwoCommunities:
    """`ids` maps a kind of object to the ID of the one of this kind."""

    community: Community
    owner: Staff
    viewer: Staff
    scoped: Staff
    stranger: Staff
    at: datetime
    ids: dict[str, int] = field(default_factory=dict)
