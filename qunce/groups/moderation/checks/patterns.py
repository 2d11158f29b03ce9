"""Patterns: regular expressions of RE2, whose time grows only with the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import re2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base, places
from qunce.groups.moderation.checks.base import Check
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import Option, Words
from qunce.groups.moderation.contents.normalisation import Level, Normalised

MAX_PATTERNS = 100
MAX_PATTERN_LENGTH = 500
MAX_CHARACTERS = 5_000
"""Characters of a text that are read: its time is theirs times the size of a pattern."""
MAX_MEMORY = 1024 * 1024
"""Bytes that one pattern may use; RE2 refuses those that need more."""
CAUSES = {
    "invalid perl operator": gettext_lazy(
        "look-ahead and look-behind are not available, as they can take endless time"
    ),
    "invalid named capture": gettext_lazy("the name of a group is not valid"),
    "invalid escape sequence": gettext_lazy(
        "an escape such as a back-reference is not available"
    ),
    "invalid repetition size": gettext_lazy(
        "something is repeated more than 1,000 times"
    ),
    "bad repetition operator": gettext_lazy("a repetition follows a repetition"),
    "no argument for repetition operator": gettext_lazy("nothing is there to repeat"),
    "missing ]": gettext_lazy("a “[” has no “]”"),
    "missing )": gettext_lazy("a “(” has no “)”"),
    "unexpected )": gettext_lazy("a “)” has no “(”"),
    "trailing \\": gettext_lazy("a “\\” is at the end"),
    "invalid character class": gettext_lazy("the characters in “[…]” are not valid"),
    "pattern too large": gettext_lazy("it is too large"),
}


def compile_pattern(pattern: str) -> Any:
    """The compiled pattern. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = MAX_MEMORY
    return re2.compile(pattern, options)


class Patterns(Words):
    """Lines of patterns, none of which matches the empty text."""

    def parse(self, value: Any) -> tuple[str, ...]:
        lines = super().parse(value)
        for number, line in enumerate(lines, 1):
            why = find_fault(line)
            if why:
                raise self.refuse(
                    _("Line %(line)s, “%(pattern)s”: %(why)s.")
                    % {"line": number, "pattern": line[:60], "why": why}
                )
        return lines


def find_fault(pattern: str) -> str:
    """Why a pattern is refused, or ""."""
    try:
        compiled = compile_pattern(pattern)
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        for start, cause in CAUSES.items():
            if text.startswith(start):
                return str(cause)
        return str(text)
    except UnicodeEncodeError:
        return _("it has a character that is no text")
    if compiled.search(""):
        return _("it matches every text, also an empty one")
    return ""


class CompiledPatterns(places.CompiledTextCheck):
    def __init__(self, check: PatternCheck, options: Mapping[str, Any]) -> None:
        super().__init__(check, options)
        self._patterns = [(line, compile_pattern(line)) for line in options["patterns"]]

    def list_evidence(self, place: str, text: Normalised) -> list[Evidence]:
        forms = _list_forms(text)
        return [
            found
            for line, pattern in self._patterns
            if (found := _find(line, pattern, place, text, forms))
        ]


def _list_forms(text: Normalised) -> Mapping[bytes, Level]:
    """The text as it is written and without disguises, encoded once for all patterns."""
    levels = (Level.WRITTEN, Level.FOLDED, Level.DIGITS)
    forms: dict[bytes, Level] = {}
    for level in levels:
        forms.setdefault(text.get(level)[:MAX_CHARACTERS].encode(), level)
    return forms


def _find(
    line: str,
    pattern: Any,
    place: str,
    text: Normalised,
    forms: Mapping[bytes, Level],
) -> Evidence | None:
    """The first place of a pattern in the first form that has it."""
    for form, level in forms.items():
        match = pattern.search(form)
        if match:
            ends = (len(form[:end].decode()) for end in match.span())
            start, end = text.span(level, *ends)
            return Evidence(
                reason="pattern",
                place=place,
                start=start,
                end=end,
                matched=text.original[start:end],
                words={"pattern": line},
            )
    return None


@base.register
class PatternCheck(Check):
    key = "patterns"
    rank = 20
    label = gettext_lazy("Patterns")
    description = gettext_lazy(
        "Regular expressions without regard to case, in the text as it is written and "
        "without its disguises."
    )
    required = ("patterns",)
    options: ClassVar[tuple[Option[Any], ...]] = (
        Patterns(
            key="patterns",
            label=gettext_lazy("Patterns"),
            help=gettext_lazy(
                "One a line, in the syntax of RE2: no look-around, no back-references."
            ),
            most=MAX_PATTERNS,
            longest=MAX_PATTERN_LENGTH,
        ),
        places.PLACES,
    )
    reasons = {"pattern": gettext_lazy("The pattern “%(pattern)s” matches.")}

    def compile(self, options: Mapping[str, Any]) -> CompiledPatterns:
        return CompiledPatterns(self, options)
