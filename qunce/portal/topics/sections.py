"""The hottest topics on the page of a community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.topics import hot_list
from qunce.portal.home import sections as home
from qunce.portal.sections import Section
from qunce.portal.topics import actions
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 3


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    days = hot_list.DEFAULT_WINDOW
    rows = actions.rank(visitor, days=days, at=at)
    if not rows:
        return None
    return {"rows": rows[:MAX_SHOWN], "days": days, "is_home": True}


home.SECTIONS.register(
    Section(
        key="topics",
        label=_("Hot topics"),
        template="portal/topics/_hot_list.html",
        load=_load,
        order=20,
    )
)
