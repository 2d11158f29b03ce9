"""Where a command's answer goes: sentences for people, one JSON document for programs."""

from __future__ import annotations

import json
import os
import sys
import traceback
import unicodedata
from types import TracebackType
from typing import Any, TextIO

from django.db import DatabaseError
from django.utils.translation import gettext as _

from qunce.core import errors

CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.Invalid, 2),
    (errors.NotFound, 3),
    (errors.Refused, 4),
    (errors.QunceError, 1),
)
UNEXPECTED = 1


class Out:
    """Also a text stream, so `print(…, file=out)` writes to it."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        stream: TextIO | None = None,
        complaints: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.stream = stream or sys.stdout
        self.complaints = complaints or sys.stderr

    def __enter__(self) -> Out:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def write(self, text: str) -> int:
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return self.stream.isatty()

    def line(self, text: str = "") -> None:
        """A sentence for people; programs do not get it."""
        if not self.as_json:
            print(text, file=self.stream, flush=True)

    def answer(self, value: dict[str, Any], *lines: str) -> None:
        """The same answer twice: `value` for programs, `lines` for people."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, default=str), file=self.stream)
        for line in lines:
            self.line(line)

    def note(self, text: str) -> None:
        """Beside the answer: progress, warnings."""
        print(text, file=self.complaints, flush=True)

    def fail(self, error: Exception) -> int:
        """One sentence on stderr and the exit code that goes with it."""
        for kind, code in CODES:
            if isinstance(error, kind):
                self._complain(error)
                return code
        if os.environ.get("QUNCE_DEBUG") or not isinstance(
            error, (DatabaseError, OSError)
        ):
            traceback.print_exception(error, file=self.complaints)
        self._complain(error)
        return UNEXPECTED

    def _complain(self, error: Exception) -> None:
        text = " ".join((str(error) or _docstring(error)).split())
        if self.as_json:
            where = getattr(error, "where", None) or getattr(error, "path", None)
            said = {"error": text, "where": where}
            text = json.dumps(said, ensure_ascii=False, default=str)
        print(text, file=self.complaints, flush=True)


def padded(text: str, width: int) -> str:
    """As wide as `width` Latin letters; a Chinese one is as wide as two."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return text + " " * (width - len(text) - wide)


def _docstring(error: Exception) -> str:
    return _(type(error).__doc__ or type(error).__name__)
