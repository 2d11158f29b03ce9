"""Options of checks: typed values with a label, that forms and the API read and show.

A limit is a word, "off", "none" or "at most n"; no number means any of the words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from qunce.core import errors

MAX_AT_MOST = 10_000
MAX_PER_WINDOW = 1_000
MAX_WINDOW_SECONDS = 7 * 24 * 3600
MAX_WINDOWS = 6
MAX_WORDS_CHARACTERS = 4_000_000

Value = TypeVar("Value")


class InvalidOption(errors.Invalid):
    """A value does not fit its option."""


@dataclass(frozen=True, kw_only=True)
class Option(ABC, Generic[Value]):
    """`kind` names the form field: flag, choice, number, limit, words or windows."""

    kind: ClassVar[str]
    key: str
    label: StrOrPromise
    help: StrOrPromise = ""
    default: Value

    @abstractmethod
    def parse(self, value: Any) -> Value:
        """The typed value of its JSON form. Raises InvalidOption."""

    @abstractmethod
    def phrase(self, value: Value) -> str:
        """The value in the active language."""

    def to_json(self, value: Value) -> Any:
        return value

    def read_form(self, values: Mapping[str, str]) -> Any:
        """The JSON form of the value in the fields of a form."""
        return values.get(self.key, "")

    def refuse(self, sentence: str) -> InvalidOption:
        return InvalidOption(f"{self.label}: {sentence}")


@dataclass(frozen=True, kw_only=True)
class Flag(Option[bool]):
    kind: ClassVar[str] = "flag"

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(_("Choose yes or no."))
        return value

    def read_form(self, values: Mapping[str, str]) -> bool:
        return bool(values.get(self.key))

    def phrase(self, value: bool) -> str:
        return _("yes") if value else _("no")


@dataclass(frozen=True, kw_only=True)
class Choice(Option[str]):
    kind: ClassVar[str] = "choice"
    choices: Mapping[str, StrOrPromise]

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            names = _(", ").join(self.choices)
            raise self.refuse(_("Choose one of: %(names)s.") % {"names": names})
        return value

    def phrase(self, value: str) -> str:
        return str(self.choices[value])


@dataclass(frozen=True, kw_only=True)
class Number(Option[int]):
    kind: ClassVar[str] = "number"
    least: int
    most: int
    unit: StrOrPromise = ""

    def parse(self, value: Any) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not self.least <= value <= self.most
        ):
            bounds = {"least": self.least, "most": self.most}
            raise self.refuse(
                _("Write a whole number from %(least)s to %(most)s.") % bounds
            )
        return value

    def read_form(self, values: Mapping[str, str]) -> Any:
        return read_number(values.get(self.key, ""))

    def phrase(self, value: int) -> str:
        return f"{value} {self.unit}".strip()


@dataclass(frozen=True)
class Limit:
    """How many are allowed: any number (`is_off`), none (0), or at most n."""

    at_most: int = 0
    is_off: bool = False

    def allows(self, count: int) -> bool:
        return self.is_off or count <= self.at_most


OFF, NONE = Limit(is_off=True), Limit(0)


@dataclass(frozen=True, kw_only=True)
class LimitOption(Option[Limit]):
    """In JSON "off", "none" or {"at_most": n}."""

    kind: ClassVar[str] = "limit"
    words: ClassVar[Mapping[str, StrOrPromise]] = {
        "off": gettext_lazy("Not checked"),
        "none": gettext_lazy("None allowed"),
        "at_most": gettext_lazy("At most"),
    }

    def parse(self, value: Any) -> Limit:
        if value in ("off", "none"):
            return OFF if value == "off" else NONE
        count = value.get("at_most") if isinstance(value, Mapping) else None
        if (
            isinstance(count, bool)
            or not isinstance(count, int)
            or not 1 <= count <= MAX_AT_MOST
            or len(value) != 1
        ):
            raise self.refuse(
                _("Choose “off”, “none”, or at most a number from 1 to %(n)s.")
                % {"n": MAX_AT_MOST}
            )
        return Limit(count)

    def to_json(self, value: Limit) -> Any:
        if value.is_off:
            return "off"
        return {"at_most": value.at_most} if value.at_most else "none"

    def read_form(self, values: Mapping[str, str]) -> Any:
        """The word is the field of the key, the number that of `<key>_at_most`."""
        word = values.get(self.key, "")
        if word != "at_most":
            return word
        return {"at_most": read_number(values.get(f"{self.key}_at_most", ""))}

    def phrase(self, value: Limit) -> str:
        if value.is_off or not value.at_most:
            return str(self.words["off" if value.is_off else "none"])
        return _("At most %(n)s") % {"n": value.at_most}


@dataclass(frozen=True, kw_only=True)
class Words(Option[tuple[str, ...]]):
    """Lines of text: keywords, patterns, domains. In JSON a list."""

    kind: ClassVar[str] = "words"
    most: int
    longest: int = 200
    default: tuple[str, ...] = ()

    def parse(self, value: Any) -> tuple[str, ...]:
        """The lines without surrounding spaces, each once, in their order."""
        if not isinstance(value, list | tuple) or not all(
            isinstance(line, str) for line in value
        ):
            raise self.refuse(_("Write one entry a line."))
        lines = tuple(dict.fromkeys(s for line in value if (s := line.strip())))
        if len(lines) > self.most:
            raise self.refuse(
                _("Write %(n)s lines at most, not %(count)s.")
                % {"n": self.most, "count": len(lines)}
            )
        for number, line in enumerate(lines, 1):
            if len(line) > self.longest:
                raise self.refuse(
                    _("Line %(line)s is longer than %(n)s characters.")
                    % {"line": number, "n": self.longest}
                )
        return lines

    def to_json(self, value: Sequence[str]) -> Any:
        return list(value)

    def read_form(self, values: Mapping[str, str]) -> Any:
        return values.get(self.key, "")[:MAX_WORDS_CHARACTERS].splitlines()

    def phrase(self, value: Sequence[str]) -> str:
        return ngettext("%(n)s line", "%(n)s lines", len(value)) % {"n": len(value)}


@dataclass(frozen=True, order=True)
class Window:
    """At most so many within a sliding time span."""

    seconds: int
    at_most: int


@dataclass(frozen=True, kw_only=True)
class Windows(Option[tuple[Window, ...]]):
    """Several limits that hold together. In JSON a list of {"at_most", "seconds"}."""

    kind: ClassVar[str] = "windows"

    def parse(self, value: Any) -> tuple[Window, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_WINDOWS:
            raise self.refuse(
                _("Write up to %(n)s limits, each with a number and seconds.")
                % {"n": MAX_WINDOWS}
            )
        return tuple(sorted({self.parse_window(each) for each in value}))

    def parse_window(self, value: Any) -> Window:
        fields = value if isinstance(value, Mapping) else {}
        bounds = {"at_most": MAX_PER_WINDOW, "seconds": MAX_WINDOW_SECONDS}
        if set(fields) != set(bounds) or not all(
            type(fields[name]) is int and 1 <= fields[name] <= most
            for name, most in bounds.items()
        ):
            raise self.refuse(
                _(
                    "A limit is a number from 1 to %(n)s within 1 to %(seconds)s seconds."
                )
                % {"n": MAX_PER_WINDOW, "seconds": MAX_WINDOW_SECONDS}
            )
        return Window(**fields)

    def to_json(self, value: Sequence[Window]) -> Any:
        return [{"at_most": w.at_most, "seconds": w.seconds} for w in value]

    def read_form(self, values: Mapping[str, str]) -> Any:
        """Fields `<key>_at_most_0`, `<key>_seconds_0` and so on; empty rows are left out."""
        rows = [
            {
                name: values.get(f"{self.key}_{name}_{index}", "").strip()
                for name in ("at_most", "seconds")
            }
            for index in range(MAX_WINDOWS)
        ]
        return [
            {name: read_number(text) for name, text in row.items()}
            for row in rows
            if any(row.values())
        ]

    def phrase(self, value: Sequence[Window]) -> str:
        limits = [
            _("at most %(n)s in %(seconds)s s") % {"n": w.at_most, "seconds": w.seconds}
            for w in value
        ]
        return _(", ").join(limits) or _("Not checked")


def read_number(text: str) -> int | str:
    """The number that was written, or the text if it is none, which `parse` refuses."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
