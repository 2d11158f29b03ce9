"""The clause `tag`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import db
from qunce.members.tagrows import KIND as TAGGING
from qunce.members.tags import Tag, TagGroup
from qunce.sets import bitmaps, leaves, markleaf
from qunce.sets.leaves import Place
from qunce.sets.markleaf import MarkLeaf

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.snapshots import Snapshot


FIND = """
SELECT id FROM members_tag WHERE community_id = %s AND key = %s AND state <> 'merged'
UNION ALL
SELECT tag_id FROM members_synonym WHERE community_id = %s AND key = %s
"""


def find(community: Community, key: str) -> int | None:
    """By key, or by a synonym; a merged tag's key is a synonym of the other."""
    found = db.rows(FIND, [community.pk, key, community.pk, key])
    return int(found[0][0]) if found else None


@leaves.register
@dataclass(frozen=True)
class TagLeaf(MarkLeaf):
    """`bare` holds the tags of which none is carried; set for `untagged`."""

    name: ClassVar[str] = "tag"
    kind: ClassVar[str] = TAGGING.name
    what: ClassVar[str] = "tag"
    bare: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, args: Any, place: Place) -> TagLeaf:
        leaves.fields(args, place, (*markleaf.WORDS, "untagged", "depth"))
        asked = cls.parse_asked(args, place)
        bare = None
        if "untagged" in args:
            bare = _tags_of(args["untagged"], place.inside("untagged"))
        if not asked and bare is None:
            place.refuse(_("Say which tags: any, all, none or untagged."))
        return cls(asked, cls.parse_depth(args, place), bare)

    def refs(self) -> set[int]:
        return super().refs() | set(self.bare or ())

    def resolve(self, snap: Snapshot) -> BitMap:
        found = super().resolve(snap)
        if self.bare is not None:
            found = found - bitmaps.union(self._bearers(snap))
        return found

    def _bearers(self, snap: Snapshot) -> Iterable[BitMap]:
        for tag in self.bare or ():
            yield markleaf.by_person(snap, self.kind, tag).nonzero()

    def say(self, snap: Snapshot, person: int) -> str:
        said = [super().say(snap, person)] if self.asked else []
        if self.bare is not None:
            carried = sum(person in some for some in self._bearers(snap))
            said.append(_("carries %(n)s of these tags") % {"n": carried})
        return leaves.joined(said)


def _tags_of(value: Any, place: Place) -> tuple[int, ...]:
    """Every tag there is, or those of one tag group."""
    tags = Tag.objects.filter(community=place.community)
    if isinstance(value, str):
        groups = TagGroup.objects.filter(community=place.community, key=value)
        if not groups.exists():
            place.refuse(_("There is no tag group “%(key)s”.") % {"key": value})
        tags = tags.filter(group__key=value)
    elif value is not True:
        place.refuse(_("Write true, or the key of a tag group."))
    return tuple(tags.order_by("pk").values_list("pk", flat=True))
