"""The positioning sheet of a community: saved as versions, read as of a day."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.insight.positioning import hook_sources, sheet
from qunce.insight.positioning.models import PositioningVersion
from qunce.insight.positioning.sheet import FIELDS, InvalidSheet, Sheet
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute, AttributeType

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "positioning.edit",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("write the positioning sheet"),
)
COUNTABLE = (AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI)
COMPARABLE = (AttributeType.TEXT, AttributeType.CHOICE, AttributeType.BOOL)
MAX_VERSIONS = 10_000


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PositioningSaved(facts.FactKind):
    """`version` is the number of the version, `fields` are the parts that changed."""

    kind = "positioning.saved"
    label = gettext_lazy("positioning sheet saved")
    labels = {
        "version": gettext_lazy("number of the version"),
        "fields": gettext_lazy("parts"),
    }
    version: int
    fields: list[str]


class VersionNotFound(errors.NotFound):
    """The sheet has no such version."""


class SheetHasChanged(errors.Refused):
    """Somebody else has saved the sheet since it was read."""


# Checks


def may_edit(by: Staff) -> bool:
    return permissions.may(by, EDIT)


def check_references(content: Sheet, by: Staff) -> None:
    """Raise InvalidSheet for an attribute or a source of a hook that does not exist."""
    community = by.community
    for name, types in (
        ("circle_attribute", COUNTABLE),
        ("region_attribute", COUNTABLE),
        ("view_attribute", COMPARABLE),
    ):
        chosen = getattr(content, name)
        if chosen and chosen not in {a.name for a in list_attributes(community, types)}:
            raise InvalidSheet(
                _("%(field)s: there is no attribute “%(name)s” of a fitting type.")
                % {"field": sheet.LABELS[name], "name": chosen[:80]}
            )
    for number, hook in enumerate(content.hooks, start=1):
        try:
            hook_sources.check(hook, community)
        except errors.QunceError as error:
            raise InvalidSheet(
                _("Hook %(n)s: %(what)s") % {"n": number, "what": error}
            ) from None


# Verbs


@transaction.atomic
def save(
    *,
    community: Community,
    content: Any,
    by: Staff,
    at: datetime,
    seen: int | None = None,
) -> PositioningVersion | None:
    """Store a version with other content than the newest one; None if it is the same.

    `content` has the parts that are changed, and the others stay. `seen` is the number of
    the version that `by` has changed, 0 for none. Raises SheetHasChanged if there is a
    newer one.
    """
    permissions.check_may(by, EDIT)
    permissions.check_community(by, community.pk)
    # One at a time, so that of two people the second one sees what the first has saved.
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    newest = find_version(community)
    number = newest.number if newest else 0
    if seen is not None and seen != number:
        raise SheetHasChanged(
            _(
                "Somebody else has saved the sheet since you opened it. Load the page"
                " again, so that their change is not lost."
            )
        )
    before = load(community)
    # The parts that were given, each checked, beside those that stay.
    after = dataclasses.replace(before, **sheet.parse(content))
    sheet.check_words(after)
    changed = [name for name in FIELDS if getattr(after, name) != getattr(before, name)]
    if not changed:
        return None
    check_references(after, by)
    if number >= MAX_VERSIONS:
        raise InvalidSheet(_("The sheet has too many versions."))
    version = PositioningVersion.objects.create(
        community=community,
        number=number + 1,
        day=community_days.to_date(community.day(at)),
        content=after.to_json(),
        fields=changed,
        created_at=at,
        by=by,
    )
    fact = PositioningSaved(version=version.number, fields=changed)
    facts.record(fact, community=community, by=by, at=at)
    return version


def restore(
    *, version: PositioningVersion, by: Staff, at: datetime
) -> PositioningVersion | None:
    """Save the content of an earlier version again; None if nothing differs."""
    permissions.check_may(by, EDIT)
    if version.community_id != by.community_id:
        raise VersionNotFound(_("There is no such version."))
    return save(community=by.community, content=version.content, by=by, at=at)


# Reads


def load(community: Community) -> Sheet:
    """The sheet as it is now; an empty one before it is written."""
    version = find_version(community)
    return sheet.read(version.content) if version else Sheet()


def visible_content(content: Sheet, by: Staff) -> Sheet:
    """The sheet as `by` may read it, without keys of campaigns that they do not see."""
    hooks = tuple(hook_sources.without_hidden(hook, by) for hook in content.hooks)
    return dataclasses.replace(content, hooks=hooks)


def find_version(
    community: Community, day: date | None = None
) -> PositioningVersion | None:
    """The newest version, or the one that held when a community day was over."""
    rows = PositioningVersion.objects.filter(community=community)
    if day is not None:
        rows = rows.filter(day__lte=day)
    return rows.select_related("by", "community").order_by("-number").first()


def list_versions(by: Staff) -> QuerySet[PositioningVersion]:
    """All versions, the newest first."""
    rows = PositioningVersion.objects.filter(community=by.community)
    return rows.select_related("by", "community").order_by("-number")


def get_version(*, by: Staff, number: int) -> PositioningVersion:
    for version in list_versions(by).filter(number=number):
        return version
    raise VersionNotFound(_("There is no such version."))


def list_attributes(
    community: Community, types: tuple[AttributeType, ...]
) -> list[Attribute]:
    """The attributes of some types whose values reach nobody."""
    rows = attributes.list_all(community).filter(type__in=types, is_contact=False)
    return list(rows)
