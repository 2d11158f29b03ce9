"""A community of a few people, made through the verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.core import communities, facts, operators
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import accounts, roster, tags
from qunce.sets import audiences

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def shop(key: str = "shop", **given: Any) -> Community:
    return communities.create(key=key, at=AT, **given)


def staff(of: Community, role: str = "owner", login: str = "ann") -> Operator:
    return operators.create(community=of, login=login, role=role, at=AT)


def member(of: Community, key: str, **given: Any) -> roster.Account:
    by = operators.system(of)
    return accounts.add(**{"community": of, "key": key, "by": by, "at": AT, **given})


def members(of: Community, *keys: str) -> list[int]:
    return [member(of, key).pk for key in keys]


def tag(of: Community, key: str, group: tags.TagGroup | None = None) -> tags.Tag:
    by = operators.system(of)
    return tags.create(community=of, key=key, group=group, by=by, at=AT)


def tag_group(of: Community, key: str, **given: Any) -> tags.TagGroup:
    by = operators.system(of)
    return tags.create_group(community=of, key=key, by=by, at=AT, **given)


def who(of: Community, rule: Any, at: datetime = LATER) -> list[str]:
    """Keys of the people whom a rule means, by the order of their accounts."""
    by = operators.system(of)
    found = audiences.members(community=of, rule=rule, by=by, at=at)
    keys = roster.keys_of(of, found)
    return [keys[account] for account in found]


def told(of: Community, kind: str) -> list[tuple[int | None, dict[str, Any]]]:
    """Account and payload of each fact of a kind, in the order they were recorded."""
    ids = facts.kind_ids([kind])
    rows = facts.Fact.objects.filter(community_id=of.pk, kind_id=ids[kind])
    return [(row.account_id, facts.load(row.payload)) for row in rows.order_by("pk")]
