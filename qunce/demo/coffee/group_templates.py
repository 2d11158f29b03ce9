"""A template that the groups of the most common kind follow; a few of them differ."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from qunce.demo.coffee.context import Context
from qunce.demo.simulation.texts import group_templates as texts
from qunce.groups import group_cards, groups
from qunce.groups.groups import Group, Stage
from qunce.outreach.group_templates import (
    applications,
    following,
    previews,
    templates,
)
from qunce.outreach.group_templates.models import GroupTemplate

DAY = timedelta(days=1)
APPLIED_BEFORE, CHANGED_BEFORE = 21 * DAY, 2 * DAY


def create(context: Context) -> None:
    """Create and apply it once; what staff have done since stays."""
    if GroupTemplate.objects.filter(community=context.community).exists():
        return
    rows = Group.objects.filter(community=context.community).exclude(state=Stage.DEAD)
    common = Counter(group.kind for group in rows if group.kind).most_common(1)
    chosen = [group for group in rows.order_by("key") if group.kind == common[0][0]]
    template = _apply(context, chosen)
    _differ(context, template, chosen)


def _apply(context: Context, chosen: list[Group]) -> GroupTemplate:
    by, at = context.staff["manager"], context.at - APPLIED_BEFORE
    content = templates.copy_setup(
        group=chosen[0], by=by, at=at, chosen=["details", "card"]
    )
    # Each group has an owner of its own.
    content["details"].pop("owner", None)
    template = templates.create(
        community=context.community,
        name=texts.NAMES[context.simulation.settings.language],
        content=content,
        by=by,
        at=at,
    )
    ids = [group.pk for group in chosen]
    shown = previews.compute(template=template, groups=ids, by=by, at=at)
    applications.apply(template=template, groups=ids, digest=shown.digest, by=by, at=at)
    return template


def _differ(context: Context, template: GroupTemplate, chosen: list[Group]) -> None:
    """A group is changed by hand, one keeps its own rhythm, and the template goes on."""
    by, at = context.staff["manager"], context.at - CHANGED_BEFORE
    rhythm = texts.RHYTHMS[context.simulation.settings.language]
    changed, own, *others = (Group.objects.get(pk=group.pk) for group in chosen)
    groups.update(group=changed, by=by, at=at, capacity=300)
    card = group_cards.change(own.card, {"rhythm": rhythm})
    groups.update(group=own, by=by, at=at, card=card)
    following.pin(group=own, fields=["card.rhythm"], by=by, at=at)
    for group in others[:1]:
        card = group_cards.change(group.card, {"rhythm": rhythm})
        groups.update(group=group, by=by, at=at, card=card)
    details = {
        **template.content["details"],
        "threshold": texts.GATES[context.simulation.settings.language],
    }
    content = {**template.content, "details": details}
    ids = [group.pk for group in others[1:]]
    templates.update(template=template, content=content, by=by, at=at)
    shown = previews.compute(template=template, groups=ids, by=by, at=at)
    applications.apply(template=template, groups=ids, digest=shown.digest, by=by, at=at)
