from __future__ import annotations

from django.apps import AppConfig


class ModerationNoticesConfig(AppConfig):
    name = "qunce.outreach.moderation_notices"
    label = "moderation_notices"
