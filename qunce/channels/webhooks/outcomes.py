"""What came of a call. Apart from the calling, which loads an HTTP client."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

SAID = 500
"""Characters of an answer that are kept in the log."""


@dataclass(frozen=True)
class Outcome:
    """`status` is 0 where there was no answer; then `error` says why."""

    status: int
    said: str
    error: str
    took_ms: int

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Who answers so wants to be called no more."""
        return self.status == HTTPStatus.GONE
