"""Finds members as staff know them: also by the remark name in their contacts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.members.people import people, remark_names
from qunce.members.search import search

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PARTS = re.compile(f"[{re.escape(remark_names.SEPARATORS)}]+")
MAX_CANDIDATES = 40


def suggest(*, by: Staff, query: str, at: datetime, limit: int = 10) -> list[int]:
    """Ids of the visible people with this name, key, phone or remark, most likely first."""
    found = search.suggest(by=by, query=query, at=at, limit=limit)
    return found or _suggest_by_remark(by, query, at, limit)


def _suggest_by_remark(by: Staff, query: str, at: datetime, limit: int) -> list[int]:
    # Remarks are computed and in no index, but contain what is: the name or the key.
    parts = sorted(filter(None, PARTS.split(query)), key=len, reverse=True)
    candidates: dict[int, None] = {}
    for part in parts[:4]:
        candidates |= dict.fromkeys(
            search.suggest(by=by, query=part, at=at, limit=MAX_CANDIDATES)
        )
    wanted = query.strip().casefold()
    return [
        person
        for person in list(candidates)[:MAX_CANDIDATES]
        if wanted
        in remark_names.render_for(people.get_by_account(person), by=by).casefold()
    ][:limit]
