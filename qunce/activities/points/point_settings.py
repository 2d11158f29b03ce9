"""Settings of points: what one person may give by hand, and what points cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.points import rules
from qunce.activities.points.models import MAX_POINTS, PointSettings
from qunce.core import permissions
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

FIELDS: dict[str, StrOrPromise] = {
    "hand_limit": gettext_lazy("One person gives at most"),
    "hand_valid_days": gettext_lazy("Points given by hand are valid for days"),
    "cost": gettext_lazy("Cost of 1,000 points"),
    "has_leaderboard": gettext_lazy("Members see the leaderboard"),
}
RANGES = {
    "hand_limit": (0, MAX_POINTS),
    "hand_valid_days": (1, rules.MAX_DAYS),
    "cost": (0, 10**12),
}


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointSettingsChanged(facts.FactKind):
    kind = "points.settings_changed"
    label = gettext_lazy("settings of points changed")
    instead = gettext_lazy("Change them in the console or through the API.")
    fields: list[str]


def get(community: Community) -> PointSettings:
    """The settings, or the defaults."""
    found = _OF_COMMUNITY.first(community=community.pk)
    return found or PointSettings(community=community)


_OF_COMMUNITY = PreparedQuery(
    lambda: PointSettings.objects.filter(community=Param("community"))
)


@transaction.atomic
def update(
    *, community: Community, by: Staff, at: datetime, **fields: int | bool | None
) -> list[str]:
    """Change settings; returns the names of those that have a new value."""
    rules.check_may_manage(by)
    permissions.check_community(by, community.pk)
    row, _created = PointSettings.objects.select_for_update(of=("self",)).get_or_create(
        community=community
    )
    for field, value in fields.items():
        if field not in FIELDS:
            raise rules.InvalidRule(
                field, _("There is no setting “%(field)s”.") % {"field": field}
            )
        _check(field, value)
    changed = sorted(f for f, value in fields.items() if getattr(row, f) != value)
    for field in changed:
        setattr(row, field, fields[field])
    if changed:
        row.save(update_fields=changed)
        fact = PointSettingsChanged(fields=changed)
        facts.record(fact, community=community, by=by, at=at)
    return changed


def _check(field: str, value: int | bool | None) -> None:
    if field not in RANGES or (value is None and field == "hand_valid_days"):
        return
    least, most = RANGES[field]
    if value is None or not least <= value <= most:
        raise rules.InvalidRule(
            field,
            _("“%(field)s” must be a whole number from %(least)s to %(most)s.")
            % {"field": FIELDS[field], "least": least, "most": f"{most:,}"},
        )
