"""What a kind of staff task is: what it is about, its one-tap outcomes, its result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, money, text_validation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOBODY, MEMBERS = "nobody", "members"
"""What the tasks of a kind are about."""
NUMBER, URL, AMOUNT = "number", "url", "amount"
MAX_NUMBER, MAX_URL_LENGTH = 10**9, 500
WEB_ADDRESS = re.compile(r"https?://[^\s/]+\S*", re.I)


class InvalidResult(errors.Invalid):
    """A field of a result is missing or is not of its type."""


@dataclass(frozen=True)
class ResultField:
    name: str
    label: StrOrPromise
    type: str = NUMBER
    required: bool = False

    def parse(self, text: str, currency: str) -> int | str | None:
        """The value as it is stored, amounts in the smallest unit; raises InvalidResult."""
        text = text.strip()
        if not text:
            if self.required:
                raise InvalidResult(_("Fill in “%(field)s”.") % {"field": self.label})
            return None
        if self.type == NUMBER:
            if not (text.isascii() and text.isdigit()) or int(text) > MAX_NUMBER:
                raise InvalidResult(
                    _("“%(field)s” must be a whole number.") % {"field": self.label}
                )
            return int(text)
        if self.type == AMOUNT:
            units = money.parse_units(text, currency)
            if units < 0:
                raise InvalidResult(
                    _("“%(field)s” cannot be negative.") % {"field": self.label}
                )
            return units
        return check_url(text, str(self.label))


@dataclass(frozen=True)
class Outcome:
    """What one tap records about a member. `deepens` adds 1 to the task's tag."""

    key: str
    label: StrOrPromise
    deepens: bool = False


CANNOT = Outcome("cannot", gettext_lazy("cannot be reached"))
DONE = Outcome("done", gettext_lazy("done"), deepens=True)


@dataclass(frozen=True)
class Kind:
    """`is_open_list` kinds begin without members, who are added as they react.

    Nobody asks for tasks of an `is_automatic` kind, or hands them over; those that are not
    `is_requestable` follow from something else, and can be handed over.
    """

    key: str
    label: StrOrPromise
    description: StrOrPromise
    icon: str
    about: str = NOBODY
    is_open_list: bool = False
    is_automatic: bool = False
    is_requestable: bool = True
    outcomes: tuple[Outcome, ...] = ()
    fields: tuple[ResultField, ...] = ()
    needs_group: bool = False
    needs_text: bool = True

    @property
    def has_targets(self) -> bool:
        return self.about == MEMBERS and not self.is_open_list

    def outcome(self, key: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.key == key:
                return outcome
        raise InvalidResult(_("Choose one of the results."))

    def parse_result(
        self, values: Mapping[str, Any], currency: str
    ) -> dict[str, int | str]:
        """The typed result of a task; raises InvalidResult."""
        unknown = set(values) - {field.name for field in self.fields}
        if unknown:
            raise InvalidResult(
                _("There is no field “%(field)s”.") % {"field": min(unknown)}
            )
        parsed = {
            field.name: field.parse(str(values.get(field.name, "") or ""), currency)
            for field in self.fields
        }
        return {name: value for name, value in parsed.items() if value is not None}


def check_url(text: str, label: str) -> str:
    if (
        not WEB_ADDRESS.fullmatch(text)
        or len(text) > MAX_URL_LENGTH
        or not text_validation.is_valid(text)
    ):
        raise InvalidResult(
            _("“%(field)s” must be an address that begins with https://.")
            % {"field": label}
        )
    return text


REGISTRY: dict[str, Kind] = {}


def declare(kind: Kind) -> Kind:
    REGISTRY[kind.key] = kind
    return kind


POST_FIELDS: Sequence[ResultField] = (
    ResultField("url", gettext_lazy("Address of the post"), URL, required=True),
)
