"""What a file can be imported as. Each target is registered by the room that owns it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs import ImportJob
    from qunce.importing.parsing import ParsedChunk, Reading

ATTRIBUTE_PREFIX = "attr:"
"""Prefix of a member's attribute, kept under its name."""
DETAIL_PREFIX = "detail:"
"""Prefix of a further column of an order, kept with it under its heading."""


class TargetNotFound(errors.NotFound):
    """A file cannot be imported as this."""


@dataclass(frozen=True)
class Field:
    """`kind` is how its texts are read: key, text, moment, amount, list, object.

    `words` are headings of other programs' exports, the likeliest
    first. `read` gives a
    text its one spelling, or raises errors.Invalid with what is wrong.
    """

    name: str
    kind: str = "text"
    words: str = ""
    read: Callable[[str], str] | None = None


class Writer(Protocol):
    """Writes one chunk. `ready` is called once, `batch` outside and `write` inside the
    transactions, for rows of the chunk in a fixed order, so that a killed import goes on
    in the middle of it."""

    def ready(self, chunk: ParsedChunk) -> int:
        """Resolve the chunk; returns how many rows there are to write."""
        ...

    def batch(self, begin: int, end: int) -> Any: ...

    def write(self, batch: Any) -> Mapping[str, int]:
        """Write it; returns what to add to the job's counts."""
        ...


class Target(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    @property
    def extras(self) -> str:
        """What becomes of further columns: `attributes`, `details` or nothing."""
        ...

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """Fields of which a file needs one of each group."""
        ...

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        """The good rows, the same chunks every time; broken ones go to the report."""
        ...

    def writer(self, job: ImportJob, reading: Reading) -> Writer: ...

    def kinds(self, reading: Reading) -> Mapping[str, str]:
        """Further columns whose type is known already."""
        ...


_targets: dict[str, Callable[[], Target]] = {}


def register(key: str, make: Callable[[], Target]) -> None:
    """`make` loads what a target needs when a file is first imported as it."""
    _targets[key] = make


def get(key: str) -> Target:
    if key not in _targets:
        raise TargetNotFound(
            _("A file can be imported as %(keys)s, not as “%(key)s”.")
            % {"keys": ", ".join(sorted(_targets)), "key": key}
        )
    return _targets[key]()


def list_keys() -> list[str]:
    return sorted(_targets)
