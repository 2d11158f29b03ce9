"""Permissions of moderation, and what of it a member of staff sees."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.core import permissions

VIEW = permissions.declare(
    "moderation.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("see rules and cases of moderation"),
)
DECIDE = permissions.declare(
    "moderation.decide",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("decide cases of moderation and answer appeals"),
)
MANAGE = permissions.declare(
    "moderation.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("change rules, ladders and limits of moderation"),
)
