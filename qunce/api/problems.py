"""Errors as problem documents (RFC 9457), in the reader's language.

`type` names the problem for programs and stays the same; `detail` is for people.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.errors import HttpError, ValidationError

from qunce.core import errors, permissions
from qunce.core.staff import api_keys
from qunce.ingest import FactsRejected
from qunce.sets.rules.base import RuleError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: gettext_lazy("The request cannot be read"),
    401: gettext_lazy("Authentication required"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    409: gettext_lazy("Not possible in the current state"),
    413: gettext_lazy("The request is too large"),
    422: gettext_lazy("Invalid input"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Internal error"),
}
STATUS_BY_ERROR: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotFound, 404),
    (permissions.NotAllowed, 403),
    (api_keys.OutOfScope, 403),
    (errors.Refused, 409),
    (errors.Invalid, 422),
    (RequestDataTooBig, 413),
    (UnreadablePostError, 400),
    (Http404, 404),
)
WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])")


class UnreadableRequest(errors.Invalid):
    """The body is not JSON, or holds characters that cannot be kept."""


def problem(
    status: int, detail: str = "", *, kind: str = "", **more: Any
) -> HttpResponse:
    """`more` are further members of the document, such as `errors` or `where`."""
    told: dict[str, Any] = {
        "type": f"urn:qunce:problem:{kind}" if kind else "about:blank",
        "title": str(TITLES.get(status, "")),
        "status": status,
    }
    if detail:
        told["detail"] = detail
    return JsonResponse(
        told | more,
        status=status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def from_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem that an exception is to the caller; a bug is logged and says nothing."""
    if isinstance(error, ValidationError):
        return problem(422, kind="invalid", errors=field_errors(error.errors))
    if isinstance(error, HttpError):
        return problem(error.status_code, _not_read(), kind="not-read")
    if isinstance(error, UnreadableRequest):
        return problem(400, str(error), kind="not-read")
    if isinstance(error, FactsRejected):
        faults = sorted(error.reasons.items())[:100]
        found = [{"where": f"facts[{n}]", "detail": said} for n, said in faults]
        return problem(422, kind="not-taken", errors=found)
    for family, status in STATUS_BY_ERROR:
        if isinstance(error, family):
            more = {"where": error.where} if isinstance(error, RuleError) else {}
            return problem(status, _sentence(error), kind=_kind(error), **more)
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, kind="broken")


def _not_read() -> str:
    return _("The request body is not valid JSON.")


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, errors.QunceError) else ""


def _kind(error: Exception) -> str:
    return WORD_BOUNDARY.sub("-", type(error).__name__).lower()


# What does not fit, field by field

MESSAGES = {
    "missing": gettext_lazy("This field is required."),
    "extra_forbidden": gettext_lazy("There is no such field."),
    "int_parsing": gettext_lazy("Write a whole number."),
    "int_type": gettext_lazy("Write a whole number."),
    "int_from_float": gettext_lazy("Write a whole number."),
    "bool_parsing": gettext_lazy("Write true or false."),
    "bool_type": gettext_lazy("Write true or false."),
    "string_type": gettext_lazy("Write a string."),
    "list_type": gettext_lazy("Write a list."),
    "dict_type": gettext_lazy("Write an object."),
    "model_type": gettext_lazy("Write an object."),
    "timezone_aware": gettext_lazy(
        "Include the offset from UTC, like 2026-03-05T20:00:00+08:00."
    ),
    "datetime_parsing": gettext_lazy("Write a time like 2026-03-05T20:00:00+08:00."),
    "datetime_from_date_parsing": gettext_lazy(
        "Write a time like 2026-03-05T20:00:00+08:00."
    ),
}
BOUND_MESSAGES = {
    "greater_than_equal": ("ge", gettext_lazy("At least %(bound)s.")),
    "less_than_equal": ("le", gettext_lazy("At most %(bound)s.")),
    "string_too_long": ("max_length", gettext_lazy("At most %(bound)s characters.")),
    "string_too_short": ("min_length", gettext_lazy("At least %(bound)s characters.")),
    "too_long": ("max_length", gettext_lazy("At most %(bound)s entries.")),
    "too_short": ("min_length", gettext_lazy("At least %(bound)s entries.")),
}


def field_errors(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Where each fault is and what to write instead; what was given is not repeated."""
    return [
        {"where": format_path(each["loc"]), "detail": error_message(each)}
        for each in found[:100]
    ]


def format_path(steps: Sequence[str | int]) -> str:
    """`("body", "given", "facts", 3, "kind")` → `facts[3].kind`."""
    path = ""
    for step in steps[2:] if steps[:1] == ("body",) else steps[1:]:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def error_message(fault: Mapping[str, Any]) -> str:
    kind = fault["type"]
    if kind in BOUND_MESSAGES:
        name, words = BOUND_MESSAGES[kind]
        return str(words) % {"bound": fault.get("ctx", {}).get(name)}
    return str(MESSAGES.get(kind) or _("This value is invalid."))
