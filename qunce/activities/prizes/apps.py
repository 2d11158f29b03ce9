from __future__ import annotations

from django.apps import AppConfig


class PrizesConfig(AppConfig):
    name = "qunce.activities.prizes"
    label = "prizes"

    def ready(self) -> None:
        from qunce.activities.prizes import (  # noqa: F401 - facts and sections
            chat,
            personal_sections,
            prizes,
        )
        from qunce.activities.prizes.kinds import (  # noqa: F401 - kinds of prizes
            code,
            goods,
            pick_up,
            points,
            red_packet,
            service,
        )
