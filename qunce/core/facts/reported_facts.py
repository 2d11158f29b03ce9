"""The one check of facts that come from outside: from files and from programs.

Three sorts of kinds can be reported. A kind that Qunce does not declare, or declares as
`reportable`, is stored as it is. A kind with an effect (see `fact_effects`) goes through
the verb that records it. All others are refused with a sentence that names what to use
instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import decimals, errors, json_values, permissions, timestamps
from qunce.core.facts import fact_effects, facts

WRITE = permissions.declare(
    "facts.write",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("report member activity through the API"),
)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
EARLIEST_IF_ALLOWED = datetime(1900, 1, 1, tzinfo=UTC)
LATEST_IF_ALLOWED = datetime(2200, 1, 1, tzinfo=UTC)
MAX_CLOCK_SKEW = timedelta(days=1)
"""Facts may be dated this far ahead, as the clocks of other machines differ."""
MAX_PAYLOAD_LENGTH = 16_000
MIN_FIELD_LENGTH = 5
"""Characters of a field, as in `"a":1`."""
NUMBER_LIMIT = Decimal("1e308")
"""Larger decimals are infinite for most programs."""
EXPONENT = re.compile(r"\d[eE]|\d{300}")
UNUSUAL = re.compile(rf"{EXPONENT.pattern}|\\u0000|NaN|Infinity")
"""What an encoded payload may have that cannot be stored."""


class NotReportable(errors.Invalid):
    """Facts of this kind cannot be reported from outside."""


class InvalidTime(errors.Invalid):
    """The time of a fact is before 2000 or in the future."""


class InvalidPayload(errors.Invalid):
    """The payload is too long or has too large a number."""


# Kinds


def check_kind(kind: str) -> None:
    if not facts.KIND_PATTERN.fullmatch(kind):
        raise NotReportable(_("Write the kind as noun.verb, like page.viewed."))
    declared = facts.declared().get(kind)
    if declared and not declared.reportable and not fact_effects.find(kind):
        instead = declared.instead or _("It is recorded when the change is made there.")
        raise NotReportable(
            _("“%(kind)s” is recorded by Qunce and cannot be reported from outside.")
            % {"kind": kind}
            + f" {instead}"
        )


# Times


@dataclass(frozen=True)
class TimeLimits:
    """The first and last moment of facts, in microseconds, and what is said of others."""

    earliest: int
    latest: int

    @property
    def remedy(self) -> str:
        return _(
            "The time must be in %(year)s or later and not in the future. Correct it,"
            " or allow such times when you report the fact."
        ) % {"year": timestamps.from_micros(self.earliest).year}

    def check(self, micros: int) -> None:
        if not self.earliest <= micros <= self.latest:
            raise InvalidTime(self.remedy)


def time_limits(
    at: datetime, *, allow_old: bool = False, allow_future: bool = False
) -> TimeLimits:
    earliest = EARLIEST_IF_ALLOWED if allow_old else EARLIEST
    latest = LATEST_IF_ALLOWED if allow_future else at + MAX_CLOCK_SKEW
    return TimeLimits(timestamps.to_micros(earliest), timestamps.to_micros(latest))


# Payloads


def check_payload(text: str) -> None:
    """Raise InvalidPayload or InvalidJson unless the text can be stored as it is."""
    if len(text) > MAX_PAYLOAD_LENGTH:
        raise InvalidPayload(
            _("A payload has at most %(n)s characters.") % {"n": MAX_PAYLOAD_LENGTH}
        )
    encoded = text.encode()
    json_values.check_storable(encoded)
    value = json_values.parse_object(encoded)
    if len(value) > settings.MAX_FACT_FIELDS:
        raise InvalidPayload(
            _("A payload has at most %(n)d fields.") % {"n": settings.MAX_FACT_FIELDS}
        )
    # Looked for in the text, which is cheaper than visiting every value.
    if EXPONENT.search(text) and _has_huge_number(value):
        raise InvalidPayload(
            _(
                "A number in a payload must be below 1e308 and have at most %(n)d"
                " decimals."
            )
            % {"n": decimals.MAX_DIGITS}
        )


def short_length() -> int:
    """The length below which an object has few enough fields."""
    return int(MIN_FIELD_LENGTH * settings.MAX_FACT_FIELDS)


def check_encoded(text: str, short: int) -> None:
    """Raise InvalidPayload or InvalidJson for what our own encoder made of an object.

    `short` is `short_length()`, asked once for many facts.
    """
    # It escapes and quotes as it should, so that few texts have to be parsed again.
    if len(text) >= short or UNUSUAL.search(text):
        check_payload(text)


def _has_huge_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_huge_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_huge_number, value))
    if not isinstance(value, Decimal | int):
        return False
    number = Decimal(value)
    # Asked first, as larger exponents overflow.
    return not decimals.is_countable(number) or abs(number) >= NUMBER_LIMIT


# Keys


def content_key(
    *, kind: str, member: str, group: str, micros: int, payload: str | None
) -> str:
    """The key of a fact that came without one, the same for equal facts of a source.

    So equal facts without a key are one fact, whether they come in a file or by the API.
    """
    fields = json_values.parse(payload.encode()) if payload else {}
    text = repr((kind, member, group, micros, json_values.dump_exactly(fields)))
    # The prefix keeps such keys apart from those that programs choose.
    return "~" + hashlib.blake2b(text.encode(), digest_size=15).hexdigest()


def reference(references: Mapping[str, Any]) -> str:
    """The text of a member or group in `content_key`: `m1`, `phone:138…` or `id:7`."""
    for kind, value in references.items():
        if value:
            return str(value) if kind.endswith("key") else f"{kind}:{value}"
    return ""
