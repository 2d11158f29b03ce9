"""The clause `took_part`: members who joined an activity and were not struck out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.activities.activities.models import Activity
from qunce.core import db, revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

REFERENCE = "any_activity"


@base.register
@dataclass(frozen=True)
class TookPartClause(Clause):
    """A person who is struck out with any account took no part."""

    name: ClassVar[str] = "took_part"
    description: ClassVar[str] = (
        "Members who took part in an activity of any kind, and were not struck out of it."
    )
    fields: ClassVar[tuple[str, ...]] = ("activity",)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"activity": "spring-draw"},)
    forms: ClassVar = (
        Form(
            gettext_noop("took part in %(activity)s"),
            {"activity": Slot(Name(REFERENCE), "activity")},
        ),
    )

    activity: int

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> TookPartClause:
        base.check_fields(args, path, cls.fields)
        here, key = path.child("activity"), args.get("activity")
        if not isinstance(key, str):
            here.fail(_("Write a string."))
        pk = base.resolve_key(REFERENCE, key, here)
        if not is_visible(pk, path):
            here.fail(
                _("There is no %(what)s “%(key)s”.")
                % {"what": references.get(REFERENCE).label, "key": key}
            )
        return cls(pk)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of(REFERENCE, args.get("activity"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return []

    def cache_key(self, snap: Snapshot) -> Hashable:
        # Entries are added, struck out and restored, and never deleted.
        count = db.rows(
            "SELECT COUNT(*) FROM activities_entry WHERE activity_id = %s",
            [self.activity],
        )
        struck = db.rows(
            "SELECT id FROM activities_entry WHERE activity_id = %s"
            " AND struck_out_at IS NOT NULL ORDER BY id",
            [self.activity],
        )
        return int(count[0][0]), tuple(int(pk) for (pk,) in struck)

    def resolve(self, snap: Snapshot) -> BitMap:
        rows = db.rows(
            "SELECT account_id, struck_out_at IS NOT NULL FROM activities_entry"
            " WHERE activity_id = %s",
            [self.activity],
        )
        joined = snap.people(bitmaps.of(account for account, _is_out in rows))
        struck = snap.people(bitmaps.of(account for account, is_out in rows if is_out))
        return (joined - struck) & snap.known()

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("took part")
        return _("did not take part")


def is_visible(activity: int, path: RulePath) -> bool:
    """Whether the author of the rule sees the activity: it has no groups, or one of theirs."""
    if path.groups is None:
        return True
    keys = set(
        Activity.groups.through.objects.filter(activity_id=activity).values_list(
            "group__key", flat=True
        )
    )
    return not keys or not keys.isdisjoint(path.groups)


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Activity.objects.filter(community=community, public_id__in=list(keys))
    return dict(rows.values_list("public_id", "pk"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """The names of activities by public id; names that several have end with the id."""
    wanted = set(keys)
    return {key: name for key, name in _list_names(community) if key in wanted}


def _list_names(community: Community) -> list[tuple[str, str]]:
    rows = Activity.objects.filter(community=community).order_by("pk")
    pairs = list(rows.values_list("public_id", "name"))
    counts = Counter(name for _key, name in pairs)
    return [
        (key, name if counts[name] == 1 else f"{name} {key}") for key, name in pairs
    ]


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Of the activities that `by` sees."""
    named = _list_names(community)
    if by is None:
        return named
    path = RulePath.for_staff(community, by)
    ids = find_ids(community, [key for key, _name in named])
    return [(key, name) for key, name in named if is_visible(ids[key], path)]


references.register(
    REFERENCE,
    label=gettext_lazy("activity"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
