"""What the form of a survey sends: answers on the page, and those that it carries along.

An anonymous survey saves nothing while it is answered, so that its pages carry the
earlier answers in the form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qunce.core import text_validation
from qunce.members.surveys.questions import KEY, Kind, Question
from qunce.portal import http
from qunce.portal.surveys import presenters

MAX_CARRIED = 60_000


def read_carried(request: http.Request) -> dict[str, Any]:
    """The answers that the form carries; anything else is empty."""
    text = request.POST.get("carried", "")
    if not text or len(text) > MAX_CARRIED:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    # JSON can write halves of characters, which no page can show again.
    if not isinstance(found, dict) or not text_validation.is_valid(
        json.dumps(found, ensure_ascii=False)
    ):
        return {}
    return {key: value for key, value in found.items() if KEY.fullmatch(key)}


def write_carried(answers: Mapping[str, Any]) -> str:
    return json.dumps(dict(answers), ensure_ascii=False)


def read_answers(request: http.Request, shown: Sequence[Question]) -> dict[str, Any]:
    """Key → what was typed or chosen on this page."""
    found: dict[str, Any] = {}
    for each in shown:
        values = request.POST.getlist(presenters.name_of(each))
        if each.kind == Kind.MULTIPLE:
            found[each.key] = values
        else:
            found[each.key] = values[0] if values else ""
    return found
