"""The steps of an undo: each takes back the changes of one kind.

Each step is one module in the folder `steps`, which exposes it as `STEP`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob


@dataclass(frozen=True)
class Remainder:
    """Something that stays as it is, and the reason.

    `subject` is the key of a member or an order, empty for an erased member.
    """

    subject: str
    reason: str


@dataclass
class Undoing:
    """An undo that runs. All that it changes is recorded at the same moment `at`."""

    job: ImportJob
    by: Staff
    at: datetime
    remainders: list[Remainder] = field(default_factory=list)
    """What the current transaction leaves as it is."""
    _erased: set[int] = field(default_factory=set)

    @property
    def community(self) -> Community:
        return self.job.community

    def keep(self, subject: str, reason: str) -> None:
        self.remainders.append(Remainder(subject, reason))

    def without_erased(self, step: Step, entries: Sequence[Any]) -> Sequence[Any]:
        """Return the entries that are not about people who were erased since.

        Says once of each of these people that nothing of theirs is restored.
        """
        accounts = [step.account_of(entry) for entry in entries]
        erased = account_queries.find_erased(a for a in accounts if a is not None)
        new = set(erased) - self._erased
        self._erased |= new
        for _account in new:
            self.keep("", _("This member was erased since. Nothing is given back."))
        pairs = zip(entries, accounts, strict=True)
        return [entry for entry, account in pairs if account not in erased]


class Step(ABC):
    kind: ClassVar[str]
    """Of the ImportChange rows that the step takes back."""
    position: ClassVar[int]
    """Steps run in this order, what was written last first."""
    label: ClassVar[StrOrPromise]
    """Of the number of things that were taken back."""
    entries_per_transaction: ClassVar[int] = 500
    """At most; fewer where they hold the lock too long."""

    def collect(self, job: ImportJob) -> Sequence[Any]:
        """Return the entries that tables of their own keep for the import, oldest first."""
        return ()

    def account_of(self, entry: Any) -> int | None:
        """Return whose change an entry is; those of erased people are left out."""
        return None

    def prepare(self, undoing: Undoing) -> None:  # noqa: B027 - most need nothing
        """Read what the entries need, once and outside the transactions."""

    def look_up(self, undoing: Undoing, entries: Sequence[Any]) -> None:  # noqa: B027
        """Read what some thousand entries need, outside the transactions."""

    def parts(self, undoing: Undoing, entries: Sequence[Any]) -> Iterable[Any]:
        """Return parts of these entries that have transactions of their own before them.

        They are for entries that would hold the lock too long, and safe to repeat.
        """
        return ()

    def undo_part(self, undoing: Undoing, part: Any) -> int:
        """Take back one of the `parts`, in a transaction; returns how many changes."""
        raise NotImplementedError

    @abstractmethod
    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        """Take back these changes, in a transaction; returns how many."""

    def finish(self, undoing: Undoing) -> None:  # noqa: B027 - most need nothing
        """Do what is left once all entries are undone, outside transactions."""


def list_all() -> list[Step]:
    """Return a new instance of every step, in the order in which they run."""
    folder = Path(__file__).parent / "steps"
    steps: list[Step] = [
        import_module(f"qunce.importing.undo.steps.{module.name}").STEP()
        for module in iter_modules([str(folder)])
    ]
    return sorted(steps, key=lambda step: step.position)
