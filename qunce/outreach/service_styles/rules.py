"""The ordered list of who has which style of service, as staff set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.service_styles import styles
from qunce.outreach.service_styles.models import ServiceStyle, ServiceStyleRule
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

MAX_RULES = 50


class Kind(StrEnum):
    """What a rule goes by. It is the clause of the engine with the same name."""

    SOURCE = "source"
    LAYER = "layer"
    GROUP = "group"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Draft:
    """A rule that is not stored yet: the clause and the style that it gives."""

    rule: dict[str, Any]
    style: ServiceStyle


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ServiceStylesAssigned(facts.FactKind):
    """`service_styles` are the keys of the rules' styles in order, the last for others."""

    kind = "service_style.assigned"
    label = gettext_lazy("changed who has which style of service")
    service_styles: list[str]


class InvalidStyleRules(errors.Invalid):
    """The rules name something unknown, or leave members without a style."""


def kind_of(rule: Any) -> Kind | None:
    """The kind of a stored rule."""
    name = next(iter(rule), "") if isinstance(rule, dict) and len(rule) == 1 else ""
    return Kind(name) if name in set(Kind) else None


@transaction.atomic
def update(
    *,
    community: Community,
    rules: Sequence[Draft],
    default: ServiceStyle,
    by: Staff,
    at: datetime,
) -> None:
    """Replace the whole list; `default` is the style of everyone else."""
    permissions.check_may(by, styles.MANAGE)
    permissions.check_community(by, community.pk)
    if len(rules) > MAX_RULES:
        raise InvalidStyleRules(
            _("There can be at most %(n)s rules.") % {"n": MAX_RULES}
        )
    for style in (default, *(draft.style for draft in rules)):
        styles.check_visible(style, by)
    for draft in rules:
        if kind_of(draft.rule) is None:
            raise InvalidStyleRules(
                _("A rule goes by a source, a layer, a group or a segment.")
            )
        audiences.check(community=community, rule=draft.rule, by=by)
    # One after the other, so that two changes at the same time are not mixed.
    list(ServiceStyle.objects.select_for_update().filter(community=community))
    ServiceStyleRule.objects.filter(style__community=community).delete()
    ServiceStyleRule.objects.bulk_create(
        ServiceStyleRule(style=draft.style, position=position, rule=draft.rule)
        for position, draft in enumerate(rules)
    )
    own = ServiceStyle.objects.filter(community=community)
    own.filter(is_default=True).exclude(pk=default.pk).update(is_default=False)
    own.filter(pk=default.pk).update(is_default=True)
    keys = [*(draft.style.key for draft in rules), default.key]
    fact = ServiceStylesAssigned(service_styles=keys)
    facts.record(fact, community=community, by=by, at=at)


@stored_rules.register
def list_stored(community: Community) -> list[stored_rules.StoredRule]:
    """The rules that give members a style of service."""
    rows = ServiceStyleRule.objects.filter(style__community=community)
    return [
        stored_rules.StoredRule(_("style of service"), row.style.name, row.rule)
        for row in rows.select_related("style").order_by("position")
    ]
