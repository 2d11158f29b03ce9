"""Funnels: steps that people take one after another, saved under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.insight.funnels import definitions
from qunce.insight.funnels.definitions import InvalidFunnel
from qunce.insight.funnels.models import STATES, Funnel, State
from qunce.members.rule_text import contact_masks

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

MANAGE = permissions.declare(
    "funnels.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("save funnels"),
)
MAX_NAME, MAX_FUNNELS = 80, 200


@dataclass(frozen=True, kw_only=True)
class FunnelFact(facts.FactKind):
    """`funnel` is the id of the funnel."""

    labels = {"funnel": gettext_lazy("number of the funnel")}
    funnel: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FunnelCreated(FunnelFact):
    kind = "funnel.created"
    label = gettext_lazy("funnel created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FunnelChanged(FunnelFact):
    kind = "funnel.changed"
    label = gettext_lazy("funnel changed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FunnelArchived(FunnelFact):
    kind = "funnel.archived"
    label = gettext_lazy("funnel archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FunnelRestored(FunnelFact):
    kind = "funnel.restored"
    label = gettext_lazy("funnel restored")


class FunnelNotFound(errors.NotFound):
    """There is no such funnel in this community."""


# Checks


def check_visible(funnel: Funnel, by: Staff) -> None:
    """Raise FunnelNotFound if `by` does not see a group that a step names."""
    if funnel.community_id != by.community_id or not _sees_groups(funnel, by):
        raise FunnelNotFound(_("There is no such funnel."))


def _sees_groups(funnel: Funnel, by: Staff) -> bool:
    return by.groups is None or _named_groups(funnel.definition) <= set(by.groups)


def _named_groups(definition: Any) -> set[str]:
    groups: set[str] = set()
    for step in definition.get("steps", ()):
        named = (step.get("where") or {}).get("group", ())
        groups |= {named} if isinstance(named, str) else set(named)
    return groups


def _check_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not text_validation.is_valid(name):
        raise InvalidFunnel(
            _("The name of a funnel has 1 to %(n)s characters.") % {"n": MAX_NAME}
        )
    return name


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, definition: Any, by: Staff, at: datetime
) -> Funnel:
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    name = _check_name(name)
    definitions.parse(definition, by)
    active = Funnel.objects.filter(community=community, state=State.ACTIVE)
    if active.count() >= MAX_FUNNELS:
        raise InvalidFunnel(
            _("There are %(n)s funnels already. Archive one of them first.")
            % {"n": MAX_FUNNELS}
        )
    funnel = Funnel.objects.create(
        community=community,
        name=name,
        definition=definition,
        created_at=at,
        changed_at=at,
        by=by,
    )
    facts.record(FunnelCreated(funnel=funnel.pk), community=community, by=by, at=at)
    return funnel


@transaction.atomic
def update(
    *,
    funnel: Funnel,
    by: Staff,
    at: datetime,
    name: str | None = None,
    definition: Any = None,
) -> bool:
    """Change the name or the definition; returns whether anything has changed."""
    permissions.check_may(by, MANAGE)
    check_visible(funnel, by)
    new_name = funnel.name if name is None else _check_name(name)
    if definition is not None:
        contact_masks.check_readable(funnel.definition, by)
    new = funnel.definition if definition is None else definition
    definitions.parse(new, by)
    if (new_name, new) == (funnel.name, funnel.definition):
        return False
    rows = Funnel.objects.filter(pk=funnel.pk)
    rows.update(name=new_name, definition=new, changed_at=at)
    funnel.name, funnel.definition, funnel.changed_at = new_name, new, at
    _record(FunnelChanged(funnel=funnel.pk), funnel, by, at)
    return True


@transaction.atomic
def archive(*, funnel: Funnel, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(funnel, by)
    STATES.transition(funnel, "archive", changed_at=at)
    _record(FunnelArchived(funnel=funnel.pk), funnel, by, at)


@transaction.atomic
def restore(*, funnel: Funnel, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(funnel, by)
    STATES.transition(funnel, "restore", changed_at=at)
    _record(FunnelRestored(funnel=funnel.pk), funnel, by, at)


def _record(fact: FunnelFact, funnel: Funnel, by: Staff, at: datetime) -> None:
    facts.record(fact, community=funnel.community, by=by, at=at)


# Reads


def get(*, by: Staff, pk: int) -> Funnel:
    rows = Funnel.objects.filter(community=by.community, pk=pk)
    for funnel in rows.select_related("community", "by"):
        check_visible(funnel, by)
        return funnel
    raise FunnelNotFound(_("There is no such funnel."))


def list_visible(by: Staff, *, archived: bool = False) -> list[Funnel]:
    """The funnels that `by` sees, the newest change first."""
    state = State.ARCHIVED if archived else State.ACTIVE
    rows = Funnel.objects.filter(community=by.community, state=state)
    ordered = rows.select_related("community", "by").order_by("-changed_at", "-pk")
    return [funnel for funnel in ordered if _sees_groups(funnel, by)]
