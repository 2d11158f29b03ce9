from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "qunce.portal"
    label = "portal"

    def ready(self) -> None:
        from qunce.portal import log_redaction
        from qunce.portal.activities import (  # noqa: F401 - they register sections
            own_results,
            sections,
        )
        from qunce.portal.draws import sections as tickets  # noqa: F401
        from qunce.portal.homework import sections as homework  # noqa: F401
        from qunce.portal.levels import sections as levels  # noqa: F401
        from qunce.portal.live_sessions import sections as live  # noqa: F401
        from qunce.portal.meetups import sections as meetups  # noqa: F401
        from qunce.portal.points import sections as points  # noqa: F401
        from qunce.portal.posts import sections as posts  # noqa: F401
        from qunce.portal.prizes import sections as prizes  # noqa: F401
        from qunce.portal.sign_in import chat_codes  # noqa: F401 - registers itself
        from qunce.portal.surveys import sections as surveys  # noqa: F401
        from qunce.portal.topics import sections as topics  # noqa: F401

        log_redaction.install()
