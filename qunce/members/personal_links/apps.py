from __future__ import annotations

from django.apps import AppConfig


class PersonalLinksConfig(AppConfig):
    name = "qunce.members.personal_links"
    label = "personal_links"

    def ready(self) -> None:
        from qunce.members.personal_links import (  # noqa: F401 - facts, permissions
            erasure_requests,
            links,
            page_views,
            personal_sections,
            portal_settings,
            sign_in_codes,
        )
