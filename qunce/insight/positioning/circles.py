"""How many members are of whom the sheet says that we serve, by circle and region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qunce.insight.positioning.sheet import Served, Sheet
from qunce.members.attributes.attributes import Attribute
from qunce.sets import audiences

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class ServedCount:
    """`count` is None where the sheet names no attribute for what the line says."""

    served: Served
    count: int | None = None
    rule: dict[str, Any] | None = None


def list_counts(content: Sheet, *, by: Staff, at: datetime) -> list[ServedCount]:
    """The lines of a sheet with the members whose attributes have their values."""
    known = set(
        Attribute.objects.filter(community=by.community, is_contact=False).values_list(
            "name", flat=True
        )
    )
    return [_count(served, content, known, by, at) for served in content.served]


def _count(
    served: Served, content: Sheet, known: set[str], by: Staff, at: datetime
) -> ServedCount:
    parts = []
    for attribute, value in (
        (content.circle_attribute, served.circle),
        (content.region_attribute, served.region),
    ):
        if not value:
            continue
        if attribute not in known:
            return ServedCount(served=served)
        parts.append({"attr": {"name": attribute, "in": [value]}})
    rule: dict[str, Any] = parts[0] if len(parts) == 1 else {"all": parts}
    count = audiences.count(community=by.community, rule=rule, by=by, at=at)
    return ServedCount(served=served, count=count, rule=rule)
