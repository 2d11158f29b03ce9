"""The output of a command: text for people, one JSON document for programs."""

from __future__ import annotations

import errno
import itertools
import json
import os
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterable
from gettext import gettext
from typing import Any, TextIO

import click
from django.db import DatabaseError
from django.utils.translation import gettext as _

from qunce.core import errors

CODES: tuple[tuple[type[Exception], int], ...] = (
    (click.UsageError, 2),
    (errors.Invalid, 2),
    (errors.NotFound, 3),
    (errors.Refused, 4),
    (errors.QunceError, 1),
    (click.ClickException, 1),
)
"""Kind of error → exit code; the first kind that fits counts."""
UNEXPECTED = 1
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Out:
    """Also a text stream, so `print(…, file=out)` writes to it."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        stream: TextIO | None = None,
        error_stream: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.stream = stream or sys.stdout
        self.error_stream = error_stream or sys.stderr

    def write(self, text: str) -> int:
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def line(self, text: str = "") -> None:
        """Print a line for people; with --json it is left out."""
        if not self.as_json:
            print(text, file=self.stream, flush=True)

    def answer(self, value: dict[str, Any], *lines: str) -> None:
        """Print `value` as JSON for programs, or `lines` for people."""
        if self.as_json:
            print(to_json(value), file=self.stream)
        for line in lines:
            self.line(line)

    def write_list(
        self, name: str, items: Iterable[Any], to_line: Callable[[Any], str] = str
    ) -> None:
        """Print `{"name": [ … ]}` or a line per item, without holding all in memory."""
        # The first item is found before anything is written, so that an error in the
        # question leaves no half document.
        remaining = iter(items)
        start = [*itertools.islice(remaining, 1)]
        items = itertools.chain(start, remaining)
        if not self.as_json:
            self.stream.writelines(f"{to_line(item)}\n" for item in items)
            return
        self.write(f'{{"{name}": [')
        for index, item in enumerate(items):
            self.write(f"{', ' if index else ''}{to_json(item)}")
        self.write("]}\n")

    def note(self, text: str) -> None:
        """Print progress or a warning on stderr, beside the answer."""
        print(text, file=self.error_stream, flush=True)

    def fail(self, error: Exception) -> int:
        """Print an error as one sentence on stderr and return its exit code."""
        for kind, code in CODES:
            if isinstance(error, kind):
                self._print_error(error)
                return code
        if sentence := _explain_full_disk(error) or _explain_damage(error):
            self._print_error(sentence)
            return UNEXPECTED
        # A full disk or a lost connection is no bug, so its traceback helps nobody.
        if os.environ.get("QUNCE_DEBUG") or not isinstance(
            error, (DatabaseError, OSError)
        ):
            traceback.print_exception(error, file=self.error_stream)
        self._print_error(error)
        return UNEXPECTED

    def _print_error(self, error: Exception) -> None:
        if isinstance(error, click.ClickException):
            sentence = error.format_message()
        else:
            sentence = str(error) or _(type(error).__doc__ or type(error).__name__)
        # Click and databases break lines, and programs read one error per line.
        text = " ".join(sentence.split())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            parts = {"command": error.ctx.command_path, "error": text}
            # Django may not be loaded, so Python's gettext translates it.
            text = gettext("%(command)s: %(error)s") % parts
        if self.as_json:
            where = getattr(error, "where", None) or getattr(error, "path", None)
            text = to_json({"error": text, "where": where})
        print(text, file=self.error_stream, flush=True)


def _explain_full_disk(error: Exception) -> Exception | None:
    from django.conf import settings

    if not settings.configured:
        # The home could not be made, or its secret key not be written.
        if not isinstance(error, OSError) or error.errno not in FULL:
            return None
        text = gettext("Nothing more can be written to %(path)s: its disk is full.")
        return click.ClickException(text % {"path": error.filename or "QUNCE_HOME"})
    from qunce.core import disk_space

    return disk_space.explain(error)


def _explain_damage(error: Exception) -> Exception | None:
    from django.conf import settings

    if not settings.configured:
        return None
    from qunce.core import damage

    if not damage.is_damage(error):
        return None
    text = _("A database is damaged (%(why)s). “qunce doctor” says what to do.")
    return errors.QunceError(text % {"why": error})


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def padded(text: str, width: int) -> str:
    """Pad to the width of that many Latin letters; a Chinese one is two wide."""
    return text + " " * (width - width_of(text))


def width_of(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide
