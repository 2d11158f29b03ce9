"""Errors as problem documents (RFC 9457), in the language of the request.

`type` identifies the problem for programs and does not change. `detail` is for people.
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

from qunce.core import errors, outages, permissions
from qunce.core.staff import api_keys
from qunce.importing.plan import questions
from qunce.importing.plan.questions import AnswerNeeded
from qunce.ingest.incoming_facts import FactsRejected
from qunce.sets.rules.base import RuleError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""Errors that one problem document lists."""
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
    431: gettext_lazy("The request is too large"),
    500: gettext_lazy("Internal error"),
    503: gettext_lazy("Temporarily unavailable"),
}
# The first class that an error is an instance of decides.
STATUS_BY_ERROR: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotFound, 404),
    (permissions.NotAllowed, 403),
    (api_keys.MissingScope, 403),
    (errors.Refused, 409),
    (errors.Invalid, 422),
    (RequestDataTooBig, 413),
    (UnreadablePostError, 400),
    (Http404, 404),
)
WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])")


class UnreadableRequest(errors.Invalid):
    """The request body is not valid JSON, or contains characters that cannot be stored."""


def problem(
    status: int, detail: str = "", *, kind: str = "", **extensions: Any
) -> HttpResponse:
    """Return a problem document. `extensions` are more members, such as `errors`."""
    document: dict[str, Any] = {
        "type": f"urn:qunce:problem:{kind}" if kind else "about:blank",
        "title": str(TITLES.get(status, "")),
        "status": status,
    }
    if detail:
        document["detail"] = detail
    return JsonResponse(
        document | extensions,
        status=status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def from_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the problem document for an exception.

    An unexpected exception is logged, and the response says nothing about it.
    """
    if isinstance(error, ValidationError):
        return problem(422, kind="invalid-input", errors=field_errors(error.errors))
    if isinstance(error, HttpError):
        detail = _("The request body is not valid JSON.")
        if isinstance(error.__cause__, errors.Invalid):
            detail = str(error.__cause__)
        return problem(error.status_code, detail, kind="unreadable-request")
    if isinstance(error, UnreadableRequest):
        return problem(400, str(error), kind="unreadable-request")
    if isinstance(error, FactsRejected):
        rejected = [
            {"path": f"facts[{index}]", "detail": detail}
            for index, detail in sorted(error.reasons.items())[:MAX_ERRORS]
        ]
        return problem(422, kind="facts-rejected", errors=rejected)
    if isinstance(error, AnswerNeeded):
        unanswered = [
            {
                "path": f"answers.{question.key}",
                "detail": questions.describe(question),
            }
            for question in error.questions
        ]
        return problem(422, kind="answer-needed", errors=unanswered)
    if outages.is_outage(error):
        log.warning("%s %s: %s", request.method, request.path, type(error).__name__)
        response = problem(503, outages.sentence(error), kind="unavailable")
        response["Retry-After"] = str(outages.RETRY_SECONDS)
        return response
    for error_class, status in STATUS_BY_ERROR:
        if isinstance(error, error_class):
            detail = str(error) if isinstance(error, errors.QunceError) else ""
            extensions = {"path": error.path} if isinstance(error, RuleError) else {}
            kind = WORD_BOUNDARY.sub("-", _class_of(error).__name__).lower()
            return problem(status, detail, kind=kind, **extensions)
    # The path only: query and body may hold personal data.
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, kind="internal-error")


def _class_of(error: Exception) -> type[Exception]:
    """The class whose name is the type; renaming one changes the API."""
    is_missing = isinstance(error, permissions.PermissionMissing)
    return permissions.NotAllowed if is_missing else type(error)


# Validation errors, field by field

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


def field_errors(
    validation_errors: Sequence[Mapping[str, Any]],
) -> list[dict[str, str]]:
    """Return the path of each error and what is expected there.

    The values that were sent are not repeated, as they may be personal data.
    """
    return [
        {"path": format_path(error["loc"]), "detail": error_message(error)}
        for error in validation_errors[:MAX_ERRORS]
    ]


def format_path(location: Sequence[str | int]) -> str:
    """Format a location of pydantic: `("body", "data", "facts", 3)` as `facts[3]`.

    The first parts are where ninja looked (body and the name of its parameter, or query)
    and mean nothing to the caller.
    """
    path = ""
    for part in location[2:] if location[:1] == ("body",) else location[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def error_message(error: Mapping[str, Any]) -> str:
    """Return the sentence for a validation error of pydantic."""
    kind = error["type"]
    if kind in BOUND_MESSAGES:
        bound, message = BOUND_MESSAGES[kind]
        return str(message) % {"bound": error.get("ctx", {}).get(bound)}
    return str(MESSAGES.get(kind) or _("This value is invalid."))
