"""The three usual styles of service, which staff can create and change."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.outreach.contact_budget.limits import Limit, Mode, Span
from qunce.outreach.contact_budget.policies import to_json


def list_presets() -> list[dict[str, Any]]:
    """The arguments of `styles.create`. The first is the style of everyone else."""
    return [
        {
            "name": _("Mass feed"),
            "description": _(
                "Little contact: news to many at once, no one-to-one conversation."
            ),
            "limits": _marketing((Span.WEEK, 1)),
            "answer_minutes": 24 * 60,
        },
        {
            "name": _("Close care"),
            "description": _(
                "Much contact: personal messages and playbooks for valuable members."
            ),
            "limits": _marketing((Span.DAY, 1), (Span.WEEK, 4)),
            "gap_minutes": 12 * 60,
            "answer_minutes": 30,
        },
        {
            "name": _("Customer service"),
            "description": _(
                "Contact about orders and questions, and hardly any marketing."
            ),
            "limits": _marketing((Span.MONTH, 1)),
            "answer_minutes": 15,
        },
    ]


def _marketing(*limits: tuple[Span, int]) -> list[dict[str, Any]]:
    return [to_json(Limit(span, Mode.AT_MOST, count)) for span, count in limits]
