"""The clause `group`, and how rules find a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import db
from qunce.members.rule_text import names as rule_names
from qunce.sets.clauses import membership
from qunce.sets.clauses.membership import MembershipClause
from qunce.sets.rules import base
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from qunce.core.communities import Community

NAMED = (gettext_noop("group"),)


@base.register
@dataclass(frozen=True)
class GroupClause(MembershipClause):
    """Who is in a group now."""

    name: ClassVar[str] = "group"
    kind: ClassVar[str] = "group"
    what: ClassVar[str] = "group"

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> GroupClause:
        base.check_fields(args, path, membership.WORDS)
        asked = cls.parse_asked(args, path)
        if not asked:
            path.fail(_("Give the groups under any, all or none."))
        return cls(asked)


def find(community: Community, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    rows = db.rows(
        "SELECT key, id FROM groups_group"  # noqa: S608 - marks only
        f" WHERE community_id = %s AND key IN ({db.placeholders(len(keys))})",
        [community.pk, *keys],
    )
    return dict(rows)


def names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    if not keys:
        return {}
    rows = db.rows(
        "SELECT key, name FROM groups_group"  # noqa: S608 - marks only
        f" WHERE community_id = %s AND key IN ({db.placeholders(len(keys))})",
        [community.pk, *keys],
    )
    return dict(rows)


base.register_reference("group", find)
rule_names.register("group", names)
