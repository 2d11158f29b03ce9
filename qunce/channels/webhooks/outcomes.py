"""The outcome of a call. A module of its own, as `http_client` loads an HTTP library."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

MAX_EXCERPT_LENGTH = 500
"""Characters of a response that the log keeps."""


@dataclass(frozen=True)
class CallOutcome:
    """`status` is 0 if there was no response; then `error` says why."""

    status: int
    response_excerpt: str
    error: str
    duration_ms: int

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint asks not to be called again."""
        return self.status == HTTPStatus.GONE
