from __future__ import annotations

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "qunce.insight"
    label = "insight"

    def ready(self) -> None:
        # Importing them declares the metrics, facts and permissions.
        from qunce.insight import identities, metrics  # noqa: F401
        from qunce.insight.findings import decisions  # noqa: F401
        from qunce.insight.funnels import funnels  # noqa: F401
        from qunce.insight.goals import goals, results  # noqa: F401
        from qunce.insight.notebook import notebook  # noqa: F401
        from qunce.insight.portraits import persona_cards  # noqa: F401
        from qunce.insight.positioning import sheets  # noqa: F401
        from qunce.insight.reports import reports, retention, subscribers  # noqa: F401
        from qunce.insight.typed_numbers import reminders, typed_numbers  # noqa: F401
        from qunce.insight.words import topics, word_settings  # noqa: F401

        identities.load()
