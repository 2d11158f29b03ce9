"""The steps of an undo: each takes back the changes of one kind.

Each step is one module in the folder `steps`, which exposes it as `STEP`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar

from django_stubs_ext import StrOrPromise

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob


@dataclass(frozen=True)
class Kept:
    """Something that stays as it is, and the reason."""

    subject: str
    reason: str


@dataclass
class Undoing:
    """An undo that runs. All that it changes is recorded at the same moment `at`."""

    job: ImportJob
    by: Staff
    at: datetime
    kept: list[Kept] = field(default_factory=list)
    """What the current transaction leaves as it is."""

    @property
    def community(self) -> Community:
        return self.job.community

    def keep(self, subject: str, reason: str) -> None:
        self.kept.append(Kept(subject, reason))


class Step(ABC):
    kind: ClassVar[str]
    """Of the ImportChange rows that the step takes back."""
    position: ClassVar[int]
    """Steps run in this order, what was written last first."""
    label: ClassVar[StrOrPromise]
    """Of the number of things that were taken back."""
    entries_per_transaction: ClassVar[int] = 500

    def collect(self, job: ImportJob) -> Sequence[Any]:
        """Return the entries that tables of their own keep for the import, oldest first."""
        return ()

    def prepare(self, undoing: Undoing) -> None:  # noqa: B027 - most need nothing
        """Read what the entries need, once and outside the transactions."""

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
