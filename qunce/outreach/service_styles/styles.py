"""Styles of service: how often members get messages, which playbooks, how soon an answer."""

from __future__ import annotations

from collections.abc import Mapping
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
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.service_styles import budgets, presets
from qunce.outreach.service_styles.models import ServiceStyle, ServiceStyleRule

MANAGE = permissions.declare(
    "service_styles.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set styles of service and who has which"),
)
MAX_STYLES, MAX_ANSWER_MINUTES, MAX_PLAYBOOKS = 20, 30 * 24 * 60, 200


@dataclass(frozen=True, kw_only=True)
class ServiceStyleFact(facts.FactKind):
    """`service_style` is the key of the style."""

    service_style: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ServiceStyleCreated(ServiceStyleFact):
    kind = "service_style.created"
    label = gettext_lazy("style of service created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ServiceStyleChanged(ServiceStyleFact):
    kind = "service_style.changed"
    label = gettext_lazy("style of service changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ServiceStyleDeleted(ServiceStyleFact):
    kind = "service_style.deleted"
    label = gettext_lazy("style of service deleted")


class ServiceStyleNotFound(errors.NotFound):
    """There is no such style of service in this community."""


class InvalidServiceStyle(errors.Invalid):
    """A style needs a name, and limits that can be kept."""


class ServiceStyleInUse(errors.Refused):
    """Members have the style, so it cannot be deleted."""


# Checks


def check_visible(style: ServiceStyle, by: Staff) -> None:
    if style.community_id != by.community_id:
        raise ServiceStyleNotFound(_("There is no such style of service."))


def _check_fields(style: ServiceStyle) -> None:
    if not style.name or len(style.name) > 80:
        raise InvalidServiceStyle(_("A name must be 1 to 80 characters long."))
    if len(style.description) > 300:
        raise InvalidServiceStyle(
            _("A description can have at most %(n)s characters.") % {"n": 300}
        )
    if not text_validation.is_valid(style.name + style.description):
        raise InvalidServiceStyle(_("This contains characters that cannot be stored."))
    # What the style does not set is the community's, which was checked when it was set.
    policies.check(budgets.of(style, Budget()))
    if style.channel:
        channel_contract.get(style.channel)
    _check_playbooks(style)
    minutes = style.answer_minutes
    if minutes is not None and not 1 <= minutes <= MAX_ANSWER_MINUTES:
        raise InvalidServiceStyle(_("An answer takes from 1 minute to 30 days."))


def _check_playbooks(style: ServiceStyle) -> None:
    wanted = style.playbooks
    if wanted is None:
        return
    rows = Playbook.objects.filter(community=style.community, pk__in=wanted)
    if len(wanted) > MAX_PLAYBOOKS or rows.count() < len(wanted):
        raise InvalidServiceStyle(_("There is no such playbook."))
    if rows.exclude(subject=Subject.MEMBER).exists():
        raise InvalidServiceStyle(_("Choose playbooks for members, not for groups."))


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, by: Staff, at: datetime, **fields: Any
) -> ServiceStyle:
    """Create a style. `fields` are those of the model; what is null is the community's.

    The first one is the style of everyone, until rules say who has another.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    rows = ServiceStyle.objects.select_for_update().filter(community=community)
    used = {row.key: row for row in rows}
    if len(used) >= MAX_STYLES:
        raise InvalidServiceStyle(
            _("There can be at most %(n)s styles of service.") % {"n": MAX_STYLES}
        )
    style = ServiceStyle(community=community, name=names.clean(name), by=by)
    for field, value in _normalised(fields).items():
        setattr(style, field, value)
    _check_fields(style)
    _check_name(style, used)
    style.key = unused_key(style.name, used)
    style.is_default = not used
    style.created_at = style.changed_at = at
    style.save()
    fact = ServiceStyleCreated(service_style=style.key)
    facts.record(fact, community=community, by=by, at=at)
    return style


def _check_name(style: ServiceStyle, others: Mapping[str, ServiceStyle]) -> None:
    if any(o.name == style.name and o.pk != style.pk for o in others.values()):
        raise InvalidServiceStyle(
            _("There is a style of service “%(name)s” already.") % {"name": style}
        )


@transaction.atomic
def create_usual(*, community: Community, by: Staff, at: datetime) -> None:
    """Create those of the three usual styles that do not exist yet."""
    present = set(
        ServiceStyle.objects.filter(community=community).values_list("name", flat=True)
    )
    for preset in presets.list_presets():
        if preset["name"] not in present:
            create(community=community, by=by, at=at, **preset)


@transaction.atomic
def update(*, style: ServiceStyle, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    It holds for every message that is not claimed yet.
    """
    permissions.check_may(by, MANAGE)
    check_visible(style, by)
    rows = ServiceStyle.objects.select_for_update(of=("self",)).select_related(
        "community"
    )
    others = {row.key: row for row in rows.filter(community=style.community)}
    fresh = others[style.key]
    values = _normalised(fields)
    changed = sorted(
        name for name, value in values.items() if getattr(fresh, name) != value
    )
    if not changed:
        return []
    for name in changed:
        setattr(fresh, name, values[name])
    _check_fields(fresh)
    _check_name(fresh, others)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "changed_at"])
    style.refresh_from_db()
    fact = ServiceStyleChanged(service_style=fresh.key, fields=changed)
    facts.record(fact, community=fresh.community, by=by, at=at)
    return changed


@transaction.atomic
def delete(*, style: ServiceStyle, by: Staff, at: datetime) -> None:
    """Delete a style that no rule names, and that is not the one of everyone else."""
    permissions.check_may(by, MANAGE)
    check_visible(style, by)
    fresh = ServiceStyle.objects.select_for_update().filter(pk=style.pk).first()
    if fresh is None:
        raise ServiceStyleNotFound(_("There is no such style of service."))
    others = ServiceStyle.objects.filter(community=style.community).exclude(pk=fresh.pk)
    if ServiceStyleRule.objects.filter(style=fresh).exists() or (
        fresh.is_default and others.exists()
    ):
        raise ServiceStyleInUse(
            _("Members have “%(name)s”. Give them another style of service first.")
            % {"name": fresh}
        )
    fresh.delete()
    fact = ServiceStyleDeleted(service_style=style.key)
    facts.record(fact, community=style.community, by=by, at=at)


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    clean = dict(fields)
    if "name" in clean:
        clean["name"] = names.clean(clean["name"])
    if "description" in clean:
        clean["description"] = " ".join(clean["description"].split())
    if clean.get("playbooks") is not None:
        clean["playbooks"] = sorted(set(clean["playbooks"]))
    return clean


# Reads


def list_all(by: Staff) -> list[ServiceStyle]:
    """The styles of the community, by name."""
    permissions.check_may(by, MANAGE)
    rows = ServiceStyle.objects.filter(community=by.community)
    return list(rows.select_related("community", "by").order_by("name", "pk"))


def get(*, by: Staff, pk: int) -> ServiceStyle:
    for style in list_all(by):
        if style.pk == pk:
            return style
    raise ServiceStyleNotFound(_("There is no such style of service."))
