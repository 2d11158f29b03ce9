"""Import targets: what the rows of a file can become.

Each target is one module, or one package, in the folder `targets`. It declares the
fields, their labels and the writer, and exposes them as `TARGET`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import batch_writes, errors, permissions
from qunce.core.staff import api_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk

ATTRIBUTE_PREFIX = "attr:"
"""Of a field that is an attribute of members."""
DETAIL_PREFIX = "detail:"
"""Of a field that is stored with an order under its heading."""


class TargetNotFound(errors.NotFound):
    """There is no such import target."""


@dataclass(frozen=True)
class Field:
    """A column that a target understands under its name or one of `headings`.

    `type` decides how its texts are parsed: key, text, instant, date, amount, object or
    json. `headings` are those of exports from other programs, separated by spaces, the
    likeliest first. `normalise` returns the stored form of a text, None if
    the text says that there is none, or raises errors.Invalid with a sentence about what
    to correct. Cells of a column that `is_money` may carry the sign of their currency.
    `last_headings` name the field only where nothing else does, and it is not guessed
    without a column of the field that it `needs`.
    """

    name: str
    type: str
    label: StrOrPromise
    headings: str = ""
    normalise: Callable[[str], str | None] | None = None
    is_money: bool = False
    last_headings: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Access:
    """What staff need to write something: a permission, and their API key a scope."""

    permission: str
    scope: str

    def check(self, by: Staff) -> None:
        permissions.check_may(by, self.permission)
        api_keys.check_scope_of(by, self.scope)


class Writer(Protocol):
    """Writes chunks of rows.

    A chunk is written in batches of its rows in a fixed order, so that an interrupted
    import goes on in the middle of it.
    """

    row_order: NDArray[np.int64]
    """The numbers of the rows of the loaded chunk, in the order of writing."""

    def load(self, chunk: ParsedChunk) -> int:
        """Prepare a chunk outside transactions; returns how many rows it writes."""
        ...

    def batch(self, start: int, end: int) -> Any:
        """Return some of the rows, prepared outside the transaction."""
        ...

    def write(self, batch: Any) -> Mapping[str, int]:
        """Write a batch within a transaction; returns what to add to the job's counts."""
        ...


class Target(ABC):
    key: ClassVar[str]
    label: ClassVar[StrOrPromise]
    description: ClassVar[StrOrPromise]
    """What one row is."""
    position: ClassVar[int]
    """Where it is listed among the targets."""
    dates_are_past: bool = True
    """Whether a date of the future is a mistake."""
    access: ClassVar[Access]
    """What is needed to import files as this."""
    access_to_fields: ClassVar[Mapping[str, Access]] = {}
    """What else is needed if the file has one of these fields."""
    fields: ClassVar[tuple[Field, ...]]
    required: ClassVar[tuple[tuple[str, ...], ...]]
    """A file needs one field of each group."""
    whole_by: ClassVar[str] = ""
    """Rows with the same value in this field are imported together or not at all."""
    extras: ClassVar[str] = ""
    """What further columns become: `attributes`, `details`, or nothing."""
    count_labels: ClassVar[Mapping[str, StrOrPromise]] = {}
    """Labels of the counts that only this target's writer returns."""
    examples: ClassVar[Mapping[str, list[list[str]]]]
    """A small file for each language, headings first; `en` is required."""

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the rows of the file, in the same chunks at every call."""
        # Reading files loads Arrow, which most users of this module do not need.
        from qunce.importing.rows import parsing

        return parsing.read_chunks(plan)

    def checked_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the chunks for the check before the first write, at most once."""
        return self.chunks(plan)

    def written_chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield the chunks that the writer loads, always under the same numbers."""
        return self.chunks(plan)

    def batch_sizer(self) -> batch_writes.BatchSizer:
        return batch_writes.BatchSizer()

    @abstractmethod
    def writer(self, job: ImportJob, plan: ImportPlan) -> Writer: ...

    def check_access(self, by: Staff, fields: Iterable[str]) -> None:
        """Raise NotAllowed or MissingScope unless `by` may write these fields."""
        for access in {
            self.access,
            *(self.access_to_fields[f] for f in fields if f in self.access_to_fields),
        }:
            access.check(by)

    @property
    def required_in_rows(self) -> tuple[tuple[str, ...], ...]:
        """The groups of fields of which every row needs a value."""
        return self.required

    def ask(self, plan: ImportPlan) -> None:  # noqa: B027 - most targets ask nothing
        """Add the target's own questions to the plan, by `plan.ask`."""

    def describe_entries(
        self, plan: ImportPlan, name: str, entries: Sequence[str]
    ) -> Sequence[str]:
        """Return for each entry of lists what it is stored as, for the preview."""
        return entries

    def convert(self, plan: ImportPlan, chunk: ParsedChunk) -> ParsedChunk:
        """Return parsed rows as they are stored, after the answers of the plan."""
        return chunk

    def count_unknown(self, plan: ImportPlan) -> int | None:
        """Return how many unknown members the rows name, None to have them looked up."""
        return None

    def names_members(self, plan: ImportPlan, chunk: ParsedChunk) -> Sequence[bool]:
        """Return for each row whether it makes its member one who is unknown."""
        return [True] * len(chunk.row_numbers)

    def known_types(self, plan: ImportPlan) -> Mapping[str, str]:
        """Return the types of further columns that are known already, by field."""
        return {}

    def field_label(self, name: str) -> str:
        """Return the label of a field; further columns are called by their name."""
        for field in self.fields:
            if field.name == name:
                return str(field.label)
        return name.removeprefix(ATTRIBUTE_PREFIX).removeprefix(DETAIL_PREFIX)

    def count_label(self, name: str) -> str:
        return str({**COUNT_LABELS, **self.count_labels}.get(name, name))


COUNT_LABELS: Mapping[str, StrOrPromise] = {
    "members": gettext_lazy("new members"),
    "changed": gettext_lazy("changed"),
    "known": gettext_lazy("already known"),
    "skipped": gettext_lazy("skipped"),
    "left_out": gettext_lazy("rows that are no data"),
    "suppressed": gettext_lazy("of erased people"),
    "found_by_member_key": gettext_lazy("found by member number"),
    "found_by_openid": gettext_lazy("found by OpenID"),
    "found_by_unionid": gettext_lazy("found by UnionID"),
    "found_by_phone": gettext_lazy("found by phone"),
    "found_by_email": gettext_lazy("found by e-mail"),
    "shared_identifiers": gettext_lazy("identifiers of too many accounts"),
    "overruled": gettext_lazy("rows whose phone or e-mail names somebody else"),
}
"""Labels of the counts that writers of several targets return."""


def list_keys() -> list[str]:
    """Return the keys of all targets, without loading them."""
    folder = Path(__file__).parent / "targets"
    # File names, as importing the modules would load Arrow.
    return sorted(module.name for module in iter_modules([str(folder)]))


def get(key: str) -> Target:
    """Load the target's module on first use."""
    keys = list_keys()
    if key not in keys:
        raise TargetNotFound(
            _("A file can be imported as %(keys)s, not as “%(key)s”.")
            % {"keys": ", ".join(keys), "key": key}
        )
    target: Target = import_module(f"qunce.importing.targets.{key}").TARGET
    return target


def list_all() -> list[Target]:
    """Return all targets in the order in which they are shown."""
    return sorted(map(get, list_keys()), key=lambda target: target.position)
