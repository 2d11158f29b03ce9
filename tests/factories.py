"""Builders of communities, staff, members and tags, through the verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.sets import audiences

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def community(key: str = "shop", **fields: Any) -> Community:
    return communities.create(key=key, at=AT, **fields)


def staff(
    of: Community, role: str = "owner", login: str = "ann", **fields: Any
) -> Staff:
    return staff_models.create(community=of, login=login, role=role, at=AT, **fields)


def member(of: Community, key: str, **fields: Any) -> account_models.Account:
    by = staff_models.system(of)
    return accounts.create(
        **{"community": of, "key": key, "by": by, "at": AT, **fields}
    )


def members(of: Community, *keys: str) -> list[int]:
    return [member(of, key).pk for key in keys]


def tag(
    of: Community, key: str, group: tag_models.TagGroup | None = None
) -> tag_models.Tag:
    by = staff_models.system(of)
    return library.create(community=of, key=key, group=group, by=by, at=AT)


def tag_group(of: Community, key: str, **fields: Any) -> tag_models.TagGroup:
    by = staff_models.system(of)
    return tag_groups.create(community=of, key=key, by=by, at=AT, **fields)


def matching_keys(of: Community, rule: Any, at: datetime = LATER) -> list[str]:
    """Keys of the people who match a rule, in the order of their accounts."""
    by = staff_models.system(of)
    ids = audiences.list_ids(community=of, rule=rule, by=by, at=at)
    keys = account_queries.keys_by_id(of, ids)
    return [keys[account] for account in ids]


def recorded_facts(of: Community, kind: str) -> list[tuple[int | None, dict[str, Any]]]:
    """Account and payload of each fact of a kind, in the order they were recorded."""
    ids = facts.ensure_kinds([kind])
    rows = facts.Fact.objects.filter(community_id=of.pk, kind_id=ids[kind])
    return [(row.account_id, facts.load(row.payload)) for row in rows.order_by("pk")]
