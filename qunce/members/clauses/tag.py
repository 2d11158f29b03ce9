"""The clause `tag`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import db
from qunce.members.tags.models import KIND as TAGGING
from qunce.members.tags.models import Tag, TagGroup
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import membership
from qunce.sets.clauses.membership import MembershipClause
from qunce.sets.rules import base
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot


def find(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """By key, or by a synonym; a merged tag's key is a synonym of the other."""
    if not keys:
        return {}
    several = db.placeholders(len(keys))
    rows = db.rows(
        "SELECT key, tag_id, 0 FROM members_synonym"  # noqa: S608 - marks only
        f" WHERE community_id = %s AND key IN ({several}) UNION ALL"
        " SELECT key, id, 1 FROM members_tag"
        f" WHERE community_id = %s AND state <> 'merged' AND key IN ({several})",
        [community.pk, *keys, community.pk, *keys],
    )
    return {key: tag for key, tag, _own in sorted(rows, key=lambda row: row[2])}


@base.register
@dataclass(frozen=True)
class TagClause(MembershipClause):
    """`bare` holds the tags of which none is carried; set for `untagged`."""

    name: ClassVar[str] = "tag"
    kind: ClassVar[str] = TAGGING.name
    what: ClassVar[str] = "tag"
    bare: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> TagClause:
        base.check_fields(args, path, (*membership.WORDS, "untagged", "depth"))
        asked = cls.parse_asked(args, path)
        bare = None
        if "untagged" in args:
            bare = _tags_of(args["untagged"], path.child("untagged"))
        if not asked and bare is None:
            path.fail(_("Specify the tags with “any”, “all”, “none” or “untagged”."))
        return cls(asked, cls.parse_depth(args, path), bare)

    def refs(self) -> set[int]:
        return super().refs() | set(self.bare or ())

    def resolve(self, snap: Snapshot) -> BitMap:
        found = super().resolve(snap)
        if self.bare is not None:
            found = found - bitmaps.union(self._bearers(snap))
        return found

    def _bearers(self, snap: Snapshot) -> Iterable[BitMap]:
        for tag in self.bare or ():
            yield membership.by_person(snap, self.kind, tag).nonzero()

    def explain(self, snap: Snapshot, person: int) -> str:
        said = [super().explain(snap, person)] if self.asked else []
        if self.bare is not None:
            carried = sum(person in some for some in self._bearers(snap))
            said.append(_("has %(n)s of these tags") % {"n": carried})
        return base.join_sentences(said)


def _tags_of(value: Any, path: RulePath) -> tuple[int, ...]:
    """Every tag there is, or those of one tag group."""
    tags = Tag.objects.filter(community=path.community)
    if isinstance(value, str):
        groups = TagGroup.objects.filter(community=path.community, key=value)
        if not groups.exists():
            path.fail(_("There is no tag group “%(key)s”.") % {"key": value})
        tags = tags.filter(group__key=value)
    elif value is not True:
        path.fail(_("Write true, or the key of a tag group."))
    return tuple(tags.order_by("pk").values_list("pk", flat=True))
