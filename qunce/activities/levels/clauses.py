"""The clauses `level` and `badge`: members by their level, and those who have a badge."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.activities.levels import badges, holdings, schemes
from qunce.activities.levels.models import Badge, Level, LevelScheme
from qunce.core import community_days, db, revisions
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

AT_LEAST, IS, NONE = "at_least", "is", "none"


@base.register
@dataclass(frozen=True)
class LevelClause(Clause):
    """By the level of today; `level` is None for members without any."""

    name: ClassVar[str] = "level"
    description: ClassVar[str] = (
        "Members by the level that they have today: at least one, exactly one, or with"
        " `none` true, no level at all. In the rule of who may join an activity, it gives"
        " higher levels early access."
    )
    fields: ClassVar[tuple[str, ...]] = (AT_LEAST, IS, NONE)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"at_least": "silver"},
        {"is": "gold"},
        {"none": True},
    )
    forms: ClassVar = (
        Form(
            gettext_noop("has at least the level %(level)s"),
            {"level": Slot(Name("level"), AT_LEAST)},
        ),
        Form(
            gettext_noop("has exactly the level %(level)s"),
            {"level": Slot(Name("level"), IS)},
        ),
        Form(gettext_noop("has no level"), {}, fixed={NONE: True}),
    )

    level: int | None
    is_exact: bool = False

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> LevelClause:
        base.check_fields(args, path, cls.fields)
        if len(args) != 1:
            path.fail(
                _("Write exactly one of the fields: %(all)s.")
                % {"all": ", ".join(cls.fields)}
            )
        ((field, value),) = args.items()
        here = path.child(field)
        if field == NONE:
            if value is not True:
                here.fail(_("Write true, or leave the field out."))
            return cls(None)
        if not isinstance(value, str):
            here.fail(_("Write a string."))
        return cls(base.resolve_key("level", value, here), field == IS)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for field in (AT_LEAST, IS):
            yield from base.mentions_of("level", args.get(field))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(holdings.REVISION, 0)]

    def cache_key(self, snap: Snapshot) -> Hashable:
        # Levels end with the day, and their order changes with their definition.
        rows = LevelScheme.objects.filter(community=snap.community)
        return snap.today, tuple(rows.values_list("definition", flat=True))

    def resolve(self, snap: Snapshot) -> BitMap:
        levels = schemes.list_all(snap.community, archived=True)
        order = [level.pk for level in levels]
        if self.level is None:
            return snap.known() - self._people(snap, order)
        place = order.index(self.level)
        wanted = order[place : place + 1] if self.is_exact else order[place:]
        return self._people(snap, wanted) & snap.known()

    def _people(self, snap: Snapshot, levels: Sequence[int]) -> BitMap:
        rows = db.rows(
            "SELECT person_id FROM level_holding WHERE community_id = %s"  # noqa: S608
            f" AND level_id {db.among_ids(levels)} AND (until IS NULL OR until >= %s)",
            [snap.community.pk, snap.today],
        )
        found = {row[0] for row in rows}
        # Those whose level ended, and which the job of the day has not counted yet.
        past = holdings.list_past(snap.community, snap.today)
        if past:
            held = holdings.find_held(snap.community, past, snap.today)
            found.update(
                person for person, each in held.items() if each.level.pk in levels
            )
        return snap.people(bitmaps.of(found))

    def explain(self, snap: Snapshot, person: int) -> str:
        held = holdings.find_held(snap.community, [person], snap.today).get(person)
        if held is None:
            return _("has no level")
        if held.until is None:
            return _("has the level “%(level)s”") % {"level": held.level.name}
        return _("has the level “%(level)s” until %(day)s") % {
            "level": held.level.name,
            "day": community_days.to_date(held.until).isoformat(),
        }


@base.register
@dataclass(frozen=True)
class BadgeClause(Clause):
    """Members who have a badge that was not revoked."""

    name: ClassVar[str] = "badge"
    description: ClassVar[str] = (
        "Members who have a badge, which a rule or staff awarded and nobody revoked."
    )
    fields: ClassVar[tuple[str, ...]] = ("key",)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"key": "regular"},)
    forms: ClassVar = (
        Form(
            gettext_noop("has the badge %(badge)s"),
            {"badge": Slot(Name("badge"), "key")},
        ),
    )

    badge: int

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> BadgeClause:
        base.check_fields(args, path, cls.fields)
        here, key = path.child("key"), args.get("key")
        if not isinstance(key, str):
            here.fail(_("Write a string."))
        return cls(base.resolve_key("badge", key, here))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("badge", args.get("key"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(badges.REVISION, self.badge)]

    def resolve(self, snap: Snapshot) -> BitMap:
        found = bitmaps.of(badges.read_accounts(self.badge))
        return snap.people(found) & snap.known()

    def explain(self, snap: Snapshot, person: int) -> str:
        own = snap.aliases.account_ids(person)
        held = badges.list_of_person(list(own))
        if any(each.badge_id == self.badge for each in held):
            return _("has the badge")
        return _("does not have the badge")


# What rules mention


def _find_level_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Level.objects.filter(community=community, key__in=list(keys))
    return dict(rows.values_list("key", "pk"))


def _find_level_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Level.objects.filter(community=community, key__in=list(keys))
    return dict(rows.values_list("key", "name"))


def list_level_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """The keys and names of levels, from the lowest; everybody knows them."""
    return [(level.key, level.name) for level in schemes.list_all(community)]


def _find_badge_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Badge.objects.filter(community=community, key__in=list(keys))
    return dict(rows.values_list("key", "pk"))


def _find_badge_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Badge.objects.filter(community=community, key__in=list(keys))
    return dict(rows.values_list("key", "name"))


def list_badge_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """The keys and names of badges that are not archived."""
    rows = Badge.objects.filter(community=community, archived_at__isnull=True)
    return list(rows.order_by("name", "pk").values_list("key", "name"))


references.register(
    "level",
    label=gettext_lazy("level"),
    find_ids=_find_level_ids,
    find_names=_find_level_names,
    list_names=list_level_names,
)
references.register(
    "badge",
    label=gettext_lazy("badge"),
    find_ids=_find_badge_ids,
    find_names=_find_badge_names,
    list_names=list_badge_names,
)
