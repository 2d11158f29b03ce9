"""The funnels of the coffee brand: the ready-made ones, from its own facts."""

from __future__ import annotations

from django.utils import translation

from qunce.demo.coffee.context import Context
from qunce.insight.funnels import funnels, templates


def create(context: Context) -> None:
    """Save what is missing; a template whose facts are missing is left out."""
    community = context.community
    existing = {row.name for row in funnels.list_visible(context.owner)}
    for build in templates.TEMPLATES.values():
        with translation.override(community.language):
            name, definition = build(community)
        if name in existing or templates.missing_kinds(definition):
            continue
        funnels.create(
            community=community,
            name=name,
            definition=definition,
            by=context.owner,
            at=context.at,
        )
