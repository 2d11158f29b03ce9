"""Welcomes: the texts for newcomers, by source, group, segment and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.core.unique_keys import unused_key
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.insight.positioning import voice
from qunce.outreach import review_digests, task_permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content import (
    compose,
    message_templates,
    templates,
    variable_values,
)
from qunce.outreach.content.materials import checks, library
from qunce.outreach.welcomes import fingerprints
from qunce.outreach.welcomes.models import Event, Welcome
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

VIEW = permissions.declare(
    "welcomes.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    community_wide=True,
    label=gettext_lazy("see welcomes and their results"),
)
"""Welcomes go to newcomers of the whole community."""
MAX_WELCOMES, MAX_SOURCES, MAX_MATERIALS = 50, 50, 9


@dataclass(frozen=True, kw_only=True)
class WelcomeFact(facts.FactKind):
    """`welcome` is the key of the welcome."""

    welcome: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeCreated(WelcomeFact):
    kind = "welcome.created"
    label = gettext_lazy("welcome created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeChanged(WelcomeFact):
    kind = "welcome.changed"
    label = gettext_lazy("welcome changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeSwitchedOn(WelcomeFact):
    kind = "welcome.switched_on"
    label = gettext_lazy("welcome switched on")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeSwitchedOff(WelcomeFact):
    kind = "welcome.switched_off"
    label = gettext_lazy("welcome switched off")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeArchived(WelcomeFact):
    kind = "welcome.archived"
    label = gettext_lazy("welcome archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomesReordered(facts.FactKind):
    """`welcomes` are the keys in the new order."""

    kind = "welcome.reordered"
    label = gettext_lazy("welcomes reordered")
    welcomes: list[str]


class WelcomeNotFound(errors.NotFound):
    """There is no such welcome in this community."""


class InvalidWelcome(errors.Invalid):
    """A welcome needs a name, a text or materials, and conditions that can hold."""


# Checks


def check_may_manage(by: Staff) -> None:
    """Raise NotAllowed: a welcome is a service message to the whole community."""
    permissions.check_may(by, campaigns.SEND_SERVICE)
    permissions.check_unscoped(by)


def may_manage(by: Staff) -> bool:
    return permissions.may(by, campaigns.SEND_SERVICE) and not by.is_scoped


def check_visible(welcome: Welcome, by: Staff) -> None:
    if welcome.community_id != by.community_id or welcome.archived_at is not None:
        raise WelcomeNotFound(_("There is no such welcome."))


def check_may_view(by: Staff) -> None:
    permissions.check_may(by, VIEW)


def last_group_sentence(welcome: Welcome) -> str:
    """Why its only group cannot be removed from a welcome."""
    return _(
        "It is the last group of “%(name)s”, which would be for all groups without it. "
        "Switch the welcome off instead."
    ) % {"name": welcome.name}


def for_all_groups_sentence(welcome: Welcome) -> str:
    """Why a group cannot be removed from a welcome without groups."""
    return _("“%(name)s” is for newcomers of all groups.") % {"name": welcome.name}


def _check_fields(welcome: Welcome, by: Staff) -> None:
    if not welcome.name or len(welcome.name) > 80:
        raise InvalidWelcome(_("A name must be 1 to 80 characters long."))
    if templates.CONTROL_CHARACTERS.search(welcome.name):
        raise InvalidWelcome(_("A name cannot contain control characters."))
    if welcome.event not in Event.values:
        raise InvalidWelcome(_("A welcome is for joining the community or a group."))
    _check_conditions(welcome, by)
    _check_content(welcome, by)
    _check_sender(welcome)


def _check_conditions(welcome: Welcome, by: Staff) -> None:
    has_any = bool(welcome.sources or welcome.rule or welcome.hour_from is not None)
    is_group = welcome.event == Event.GROUP
    if welcome.is_for_others and (has_any or is_group):
        raise InvalidWelcome(
            _("The welcome for everyone else has no conditions. Remove them.")
        )
    if not (welcome.is_for_others or has_any or is_group):
        raise InvalidWelcome(
            _("Give a condition, or make it the welcome for everyone else.")
        )
    if welcome.groups and not is_group:
        raise InvalidWelcome(_("Groups are for a welcome on joining a group only."))
    if welcome.for_each_group and not is_group:
        raise InvalidWelcome(
            _("Only a welcome on joining a group can be sent for each group.")
        )
    group_visibility.check(by=by, groups=welcome.groups)
    if len(welcome.sources) > MAX_SOURCES or any(
        not source or len(source) > 200 for source in welcome.sources
    ):
        raise InvalidWelcome(
            _("Give at most %(n)s sources, each with 1 to 200 characters.")
            % {"n": MAX_SOURCES}
        )
    if not text_validation.is_valid("".join(welcome.sources)):
        raise InvalidWelcome(_("This contains characters that cannot be stored."))
    _check_hours(welcome.hour_from, welcome.hour_until)
    if welcome.rule is not None:
        audiences.check(community=welcome.community, rule=welcome.rule, by=by)


def _check_hours(start: int | None, end: int | None) -> None:
    if start is None and end is None:
        return
    if start is None or end is None or start == end:
        raise InvalidWelcome(_("The hours need a start and an end that differ."))
    if not (0 <= start < 1440 and 0 <= end < 1440):
        raise InvalidWelcome(_("An hour is from 00:00 to 23:59."))


def _check_content(welcome: Welcome, by: Staff) -> None:
    community = welcome.community
    if len(welcome.materials) > MAX_MATERIALS:
        raise InvalidWelcome(
            _("A welcome can have at most %(most)s materials.")
            % {"most": MAX_MATERIALS}
        )
    versions = library.get_versions(community, welcome.materials)
    if welcome.text or not versions:
        templates.check(
            welcome.text, variable_values.list_variables(community, "members")
        )
    if welcome.template_version is not None:
        message_templates.check_visible(welcome.template_version.template, by)
    channel = channel_contract.get(welcome.channel or "assisted")
    composed = compose.compose(welcome.text, versions, channel=channel)
    if composed.problems:
        raise InvalidWelcome(" ".join(composed.problems))


def _check_sender(welcome: Welcome) -> None:
    if welcome.channel:
        capabilities = channel_contract.get(welcome.channel).capabilities
        if not capabilities.to_member:
            raise InvalidWelcome(_("This channel cannot send to members."))
    if welcome.staff is not None:
        task_permissions.check_assignable(welcome.staff, welcome.community)


def check_can_be_sent(welcome: Welcome, at: datetime) -> None:
    """Raise unless it could be sent now. Call it before it is switched on."""
    for version in library.get_versions(welcome.community, welcome.materials):
        checks.check_sendable(version, at)
    name = welcome.channel
    if name:
        channel_contract.check_connected(name, welcome.community_id)
    needs_person = not name or channel_contract.get(name).capabilities.needs_person
    if needs_person and welcome.staff is None:
        raise InvalidWelcome(
            _(
                "Choose who posts it where no channel reaches the member and nobody is"
                " in charge of them."
            )
        )


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, by: Staff, at: datetime, **fields: Any
) -> Welcome:
    """Create a welcome that is off, the last before the one for everyone else."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    rows = _lock(community)
    if len(rows) >= MAX_WELCOMES:
        raise InvalidWelcome(
            _("There can be at most %(n)s welcomes.") % {"n": MAX_WELCOMES}
        )
    welcome = Welcome(community=community, name=names.clean(name), by=by)
    for field, value in _normalised(fields).items():
        setattr(welcome, field, value)
    welcome.created_at = welcome.changed_at = at
    _check_fields(welcome, by)
    voice.check(community, [(_("The text"), welcome.text)])
    welcome.template_version = message_templates.version_with_text(
        welcome.template_version, welcome.text
    )
    if welcome.is_for_others:
        _check_only_one(welcome, rows)
    used = set(
        Welcome.objects.filter(community=community).values_list("key", flat=True)
    )
    welcome.key = unused_key(welcome.name, used)
    welcome.position = len(rows)
    welcome.save()
    _number([*rows, welcome])
    _record(WelcomeCreated(welcome=welcome.key), community, by, at)
    return welcome


@transaction.atomic
def update(*, welcome: Welcome, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    A change holds for joins from now on; messages that wait keep their texts.
    """
    check_may_manage(by)
    check_visible(welcome, by)
    rows = _lock(welcome.community)
    fresh = _find_locked(rows, welcome)
    values = _normalised(fields)
    changed = sorted(
        name for name, value in values.items() if getattr(fresh, name) != value
    )
    if not changed:
        return []
    for name in changed:
        setattr(fresh, name, values[name])
    _check_fields(fresh, by)
    if "text" in changed:
        voice.check(welcome.community, [(_("The text"), fresh.text)])
    fresh.template_version = message_templates.version_with_text(
        fresh.template_version, fresh.text
    )
    if fresh.is_for_others:
        _check_only_one(fresh, rows)
    if fresh.is_on:
        check_can_be_sent(fresh, at)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "template_version", "changed_at"])
    _number(rows)
    welcome.refresh_from_db()
    fact = WelcomeChanged(welcome=fresh.key, fields=changed)
    _record(fact, welcome.community, by, at)
    return changed


@transaction.atomic
def set_group(
    *, welcome: Welcome, group: Group, included: bool, by: Staff, at: datetime
) -> None:
    """Add one group to those of a welcome or remove it; the others stay as they are now.

    A welcome without groups is for all of them. Raises InvalidWelcome for its last group,
    and if a group is removed from all.
    """
    check_may_manage(by)
    check_visible(welcome, by)
    now = _find_locked(_lock(welcome.community), welcome).groups
    if not now and included:
        return
    if not now:
        raise InvalidWelcome(for_all_groups_sentence(welcome))
    ids = set(now) - {group.pk}
    if included:
        ids.add(group.pk)
    if not ids:
        raise InvalidWelcome(last_group_sentence(welcome))
    update(welcome=welcome, groups=sorted(ids), by=by, at=at)


@transaction.atomic
def switch_on(
    *, welcome: Welcome, by: Staff, at: datetime, digest: str | None = None
) -> None:
    """Send it for joins from now on.

    `digest` is that of the welcome that `by` has seen; raises ChangedSinceReview if it is
    another one by now.
    """
    check_may_manage(by)
    check_visible(welcome, by)
    fresh = _find_locked(_lock(welcome.community), welcome)
    review_digests.check(digest, fingerprints.digest(fresh), name=fresh.name)
    check_can_be_sent(fresh, at)
    if Welcome.objects.filter(pk=welcome.pk, is_on=False).update(is_on=True):
        welcome.is_on = True
        _record(WelcomeSwitchedOn(welcome=welcome.key), welcome.community, by, at)


@transaction.atomic
def switch_off(*, welcome: Welcome, by: Staff, at: datetime) -> None:
    """Send it for no further joins. What waits to be posted stays."""
    check_may_manage(by)
    check_visible(welcome, by)
    if Welcome.objects.filter(pk=welcome.pk, is_on=True).update(is_on=False):
        welcome.is_on = False
        _record(WelcomeSwitchedOff(welcome=welcome.key), welcome.community, by, at)


@transaction.atomic
def archive(*, welcome: Welcome, by: Staff, at: datetime) -> None:
    """Archive it permanently. What was sent keeps its text and its results."""
    check_may_manage(by)
    check_visible(welcome, by)
    rows = Welcome.objects.filter(pk=welcome.pk, archived_at__isnull=True)
    if rows.update(is_on=False, archived_at=at):
        welcome.is_on, welcome.archived_at = False, at
        _number(_lock(welcome.community))
        _record(WelcomeArchived(welcome=welcome.key), welcome.community, by, at)


@transaction.atomic
def move(*, welcome: Welcome, position: int, by: Staff, at: datetime) -> None:
    """Put it at a position of the list, 0 is the first."""
    check_may_manage(by)
    check_visible(welcome, by)
    rows = _lock(welcome.community)
    own = _find_locked(rows, welcome)
    old = [row.key for row in rows]
    if welcome.is_for_others:
        raise InvalidWelcome(_("The welcome for everyone else is always the last."))
    if not 0 <= position < len(rows):
        raise InvalidWelcome(
            _("Give a position from 1 to %(n)s.") % {"n": len(rows)},
        )
    others = [row for row in rows if row.pk != welcome.pk]
    ordered = _number([*others[:position], own, *others[position:]])
    keys = [row.key for row in ordered]
    if keys != old:
        _record(WelcomesReordered(welcomes=keys), welcome.community, by, at)


def _lock(community: Community) -> list[Welcome]:
    """The welcomes of a community in their order, locked."""
    rows = Welcome.objects.select_for_update(of=("self",)).filter(
        community=community, archived_at__isnull=True
    )
    return list(
        rows.select_related("community", "template_version", "staff").order_by(
            "position", "pk"
        )
    )


def _find_locked(rows: Sequence[Welcome], welcome: Welcome) -> Welcome:
    """The row of a welcome; raises WelcomeNotFound if it was archived since."""
    for row in rows:
        if row.pk == welcome.pk:
            return row
    raise WelcomeNotFound(_("There is no such welcome."))


def _number(rows: Sequence[Welcome]) -> list[Welcome]:
    """Give the rows positions in their order, with that for everyone else at the end."""
    ordered = sorted(rows, key=lambda row: row.is_for_others)
    for position, row in enumerate(ordered):
        if row.position != position:
            row.position = position
            Welcome.objects.filter(pk=row.pk).update(position=position)
    return ordered


def _check_only_one(welcome: Welcome, rows: Sequence[Welcome]) -> None:
    for row in rows:
        if row.is_for_others and row.pk != welcome.pk:
            raise InvalidWelcome(
                _("“%(name)s” is the welcome for everyone else already.")
                % {"name": row}
            )


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    clean = dict(fields)
    if "name" in clean:
        clean["name"] = names.clean(clean["name"])
    if "text" in clean:
        clean["text"] = templates.unify_line_ends(clean["text"]).strip()
    if "sources" in clean:
        clean["sources"] = sorted({names.clean(each) for each in clean["sources"]})
    if "groups" in clean:
        clean["groups"] = sorted(set(clean["groups"]))
    if "materials" in clean:
        clean["materials"] = list(dict.fromkeys(clean["materials"]))
    return clean


def _record(
    fact: facts.FactKind, community: Community, by: Staff, at: datetime
) -> None:
    facts.record(fact, community=community, by=by, at=at)


# Reads


def list_all(by: Staff) -> list[Welcome]:
    """The welcomes of the community in their order."""
    check_may_view(by)
    return list_in_order(by.community)


def list_in_order(community: Community) -> list[Welcome]:
    rows = Welcome.objects.filter(community=community, archived_at__isnull=True)
    rows = rows.select_related("community", "staff", "template_version", "by")
    return list(rows.order_by("position", "pk"))


def get(*, by: Staff, pk: int) -> Welcome:
    check_may_view(by)
    for welcome in list_in_order(by.community):
        if welcome.pk == pk:
            return welcome
    raise WelcomeNotFound(_("There is no such welcome."))


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of welcomes."""
    return [
        stored_rules.StoredRule(_("welcome"), row.name, row.rule)
        for row in Welcome.objects.filter(
            community=community, archived_at__isnull=True, rule__isnull=False
        ).order_by("pk")
    ]
