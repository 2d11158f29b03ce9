"""A digest of a welcome, so that only what a page showed is switched on."""

from __future__ import annotations

from qunce.outreach import review_digests
from qunce.outreach.welcomes.models import Welcome

NOT_CONTENT = (
    "id",
    "position",
    "is_on",
    "archived_at",
    "created_at",
    "changed_at",
    "by",
)
"""Fields that change neither the message nor who gets it."""


def digest(welcome: Welcome) -> str:
    """The same as long as the welcome and the segments and layers of its rule are."""
    described = {
        field.attname: getattr(welcome, field.attname)
        for field in Welcome._meta.concrete_fields
        if field.name not in NOT_CONTENT
    }
    return review_digests.compute(welcome.community, described, [welcome.rule])
