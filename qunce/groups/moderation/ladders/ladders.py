"""Ladders: what follows from the first, second, … strike of a member.

    create(community=, name=, window_days=, rungs=, by=, at=) -> Ladder
    update(ladder=, by=, at=, name=, window_days=, rungs=) -> None
    remove(ladder=, by=, at=) -> None             # only one that no rule uses
    ensure_default(community, at) -> Ladder       # the ladder of a new community
    list_all(by) -> list[Ladder]; get(by=, key=) -> Ladder; steps_of(ladder) -> steps

`rungs` is a list of `{"strikes": n, "rung": "mute", "minutes": 60}`; `window_days` is
None for strikes that never decay.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation, unique_keys
from qunce.core.facts import facts
from qunce.groups.moderation.ladders.decisions import SEVERITY, Step
from qunce.groups.moderation.models import Ladder, Rule, Rung
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_LADDERS, MAX_RUNGS, MAX_NAME = 20, 8, 80
MAX_STRIKES, MAX_WINDOW_DAYS, MAX_MINUTES = 100, 365, 43_200
DEFAULT_KEY = "standard"
DEFAULT_RUNGS = [
    {"strikes": 1, "rung": "delete"},
    {"strikes": 3, "rung": "mute", "minutes": 60},
    {"strikes": 4, "rung": "kick"},
    {"strikes": 5, "rung": "ban"},
]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LadderChanged(facts.FactKind):
    kind = "moderation.ladder_changed"
    label = gettext_lazy("ladder of moderation changed")
    labels = {"ladder": gettext_lazy("ladder")}
    ladder: str


class LadderNotFound(errors.NotFound):
    """There is no such ladder in this community."""


class InvalidLadder(errors.Invalid):
    """The name, the window or a rung of a ladder is not valid."""


class LadderInUse(errors.Refused):
    """A rule uses the ladder."""


# Checks


def parse_rungs(value: Any) -> list[dict[str, Any]]:
    """The rungs in the order of strikes; raises InvalidLadder."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RUNGS:
        raise InvalidLadder(
            _("A ladder has 1 to %(n)s rungs.") % {"n": MAX_RUNGS},
        )
    rungs = sorted((_parse_rung(each) for each in value), key=lambda r: r["strikes"])
    for lower, higher in itertools.pairwise(rungs):
        if lower["strikes"] == higher["strikes"]:
            raise InvalidLadder(
                _("Two rungs are for strike %(n)s. Remove one.")
                % {"n": lower["strikes"]}
            )
        if SEVERITY[Rung(lower["rung"])] > SEVERITY[Rung(higher["rung"])]:
            raise InvalidLadder(
                _("Strike %(n)s has a milder rung than the one before it.")
                % {"n": higher["strikes"]}
            )
    return rungs


def _parse_rung(value: Any) -> dict[str, Any]:
    fields = value if isinstance(value, Mapping) else {}
    if unknown := sorted(set(fields) - {"strikes", "rung", "minutes"}):
        raise InvalidLadder(_("A rung has no field “%(name)s”.") % {"name": unknown[0]})
    strikes, rung = fields.get("strikes"), fields.get("rung")
    if type(strikes) is not int or not 1 <= strikes <= MAX_STRIKES:
        raise InvalidLadder(
            _("Strikes are a whole number from 1 to %(n)s.") % {"n": MAX_STRIKES}
        )
    if rung not in Rung.values:
        raise InvalidLadder(
            _("A rung is one of: %(names)s.") % {"names": _(", ").join(Rung.values)}
        )
    minutes = fields.get("minutes")
    if minutes is not None and rung != Rung.MUTE:
        raise InvalidLadder(_("Only a mute has minutes."))
    if minutes is None:
        return {"strikes": strikes, "rung": rung}
    if type(minutes) is not int or not 1 <= minutes <= MAX_MINUTES:
        raise InvalidLadder(
            _("A mute lasts 1 to %(n)s minutes.") % {"n": f"{MAX_MINUTES:,}"}
        )
    return {"strikes": strikes, "rung": rung, "minutes": minutes}


def _check(ladder: Ladder) -> None:
    if not ladder.name or len(ladder.name) > MAX_NAME:
        raise InvalidLadder(
            _("The name must be 1 to %(n)s characters long.") % {"n": MAX_NAME}
        )
    if not text_validation.is_valid(ladder.name):
        raise InvalidLadder(_("This contains characters that cannot be stored."))
    days = ladder.window_days
    if days is not None and (type(days) is not int or not 1 <= days <= MAX_WINDOW_DAYS):
        raise InvalidLadder(
            _("Strikes decay after 1 to %(n)s days, or never.") % {"n": MAX_WINDOW_DAYS}
        )
    ladder.rungs = parse_rungs(ladder.rungs)


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    rungs: Any,
    window_days: int | None,
    by: Staff,
    at: datetime,
) -> Ladder:
    """Create a ladder."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    rows = Ladder.objects.filter(community=community)
    used = set(rows.select_for_update().values_list("key", flat=True))
    if len(used) >= MAX_LADDERS:
        raise InvalidLadder(
            _("There can be at most %(n)s ladders.") % {"n": MAX_LADDERS}
        )
    clean = names.clean(name)
    ladder = Ladder(
        community=community, name=clean, rungs=rungs, window_days=window_days
    )
    _check(ladder)
    ladder.key = unique_keys.unused_key(clean, used)
    ladder.changed_at = at
    ladder.save()
    _record(ladder, by, at)
    return ladder


@transaction.atomic
def update(*, ladder: Ladder, by: Staff, at: datetime, **fields: Any) -> None:
    """Change the name, the window or the rungs; for decisions from now on."""
    permissions.check_may(by, MANAGE)
    check_visible(ladder, by)
    if "name" in fields:
        fields["name"] = names.clean(fields["name"])
    for field, value in fields.items():
        setattr(ladder, field, value)
    _check(ladder)
    ladder.changed_at = at
    ladder.save(update_fields=["name", "window_days", "rungs", "changed_at"])
    _record(ladder, by, at)


@transaction.atomic
def remove(*, ladder: Ladder, by: Staff, at: datetime) -> None:
    """Remove a ladder that no rule uses, archived rules included."""
    permissions.check_may(by, MANAGE)
    check_visible(ladder, by)
    for rule in Rule.objects.filter(ladder=ladder).order_by("pk")[:1]:
        raise LadderInUse(
            _("The rule “%(name)s” uses this ladder. Give it another one first.")
            % {"name": rule}
        )
    _record(ladder, by, at)
    ladder.delete()


def _record(ladder: Ladder, by: Staff | None, at: datetime) -> None:
    event = LadderChanged(ladder=ladder.key)
    facts.record(event, community=ladder.community, by=by, at=at)


@transaction.atomic
def ensure_default(community: Community, at: datetime) -> Ladder:
    """The ladder of rules that name none; created when the first rule needs it."""
    ladder, is_new = Ladder.objects.get_or_create(
        community=community,
        key=DEFAULT_KEY,
        defaults={
            "name": _("Standard"),
            "window_days": 30,
            "rungs": DEFAULT_RUNGS,
            "changed_at": at,
        },
    )
    if is_new:
        _record(ladder, None, at)
    return ladder


# Reads


def check_visible(ladder: Ladder, by: Staff) -> None:
    if ladder.community_id != by.community_id:
        raise LadderNotFound(_("There is no such ladder."))


def list_all(by: Staff) -> list[Ladder]:
    """The ladders of the community by name."""
    permissions.check_may(by, VIEW)
    rows = Ladder.objects.filter(community=by.community).select_related("community")
    return list(rows.order_by("name", "pk"))


def get(*, by: Staff, key: str) -> Ladder:
    for ladder in list_all(by):
        if ladder.key == key:
            return ladder
    raise LadderNotFound(_("There is no ladder “%(key)s”.") % {"key": key})


def steps_of(ladder: Ladder) -> tuple[Step, ...]:
    """The rungs as `decisions` reads them."""
    return tuple(
        Step(
            strikes=each["strikes"],
            rung=Rung(each["rung"]),
            minutes=each.get("minutes"),
        )
        for each in ladder.rungs
    )
