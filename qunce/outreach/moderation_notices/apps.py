from __future__ import annotations

from django.apps import AppConfig


class ModerationNoticesConfig(AppConfig):
    name = "qunce.outreach.moderation_notices"
    label = "moderation_notices"

    def ready(self) -> None:
        # Importing the module registers texts that rules must not hit.
        from qunce.outreach.moderation_notices import material_texts  # noqa: F401
