"""The clause `group`, and how rules find groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import db
from qunce.groups.groups import Stage
from qunce.sets.clauses import membership
from qunce.sets.clauses.membership import MembershipClause
from qunce.sets.rules import base, references
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@base.register
@dataclass(frozen=True)
class GroupClause(MembershipClause):
    name: ClassVar[str] = "group"
    description: ClassVar[str] = (
        "Members who are in any, all or none of some groups now."
    )
    fields: ClassVar[tuple[str, ...]] = tuple(membership.QUANTIFIERS)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"any": ["north", "south"]},
        {"all": ["north"], "none": ["south"]},
    )
    mark_kind: ClassVar[str] = "group"
    reference_kind: ClassVar[str] = "group"
    forms: ClassVar = membership.term_forms(
        "group",
        {
            "one": gettext_noop("is in the group %(groups)s"),
            "any": gettext_noop("is in any of the groups %(groups)s"),
            "all": gettext_noop("is in all of the groups %(groups)s"),
            "none": gettext_noop("is in none of the groups %(groups)s"),
        },
    )

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> GroupClause:
        base.check_fields(args, path, cls.fields)
        terms = cls.parse_terms(args, path)
        if not terms:
            path.fail(_("Give the groups under any, all or none."))
        return cls(terms)


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    return dict(_find("id", community, keys))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    return dict(_find("name", community, keys))


def _find(
    column: str, community: Community, keys: Sequence[str]
) -> list[tuple[str, Any]]:
    if not keys:
        return []
    return db.rows(
        f"SELECT key, {column} FROM groups_group"  # noqa: S608 - names and marks only
        f" WHERE community_id = %s AND key IN ({db.placeholders(len(keys))})",
        [community.pk, *keys],
    )


def find_owners(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """The staff who own groups; groups without an owner are left out."""
    return {key: owner for key, owner in _find("owner_id", community, keys) if owner}


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Of the groups that `by` sees."""
    rows = db.rows(
        "SELECT key, name FROM groups_group WHERE community_id = %s ORDER BY id",
        [community.pk],
    )
    seen = None if by is None else by.groups
    return [(key, name) for key, name in rows if seen is None or key in seen]


def list_keys_in_use(community: Community) -> list[str]:
    """The keys of groups that are not dissolved."""
    rows = db.rows(
        "SELECT key FROM groups_group WHERE community_id = %s AND state <> %s ORDER BY id",
        [community.pk, Stage.DEAD],
    )
    return [key for (key,) in rows]


def list_keys(community: Community) -> list[str]:
    rows = db.rows(
        "SELECT key FROM groups_group WHERE community_id = %s ORDER BY id",
        [community.pk],
    )
    return [key for (key,) in rows]


references.register(
    "group",
    label=gettext_lazy("group"),
    find_ids=find_ids,
    find_names=find_names,
    list_keys=list_keys,
    list_names=list_names,
)
references.register("group_owner", find_ids=find_owners)
references.register("group_in_use", list_keys=list_keys_in_use)
