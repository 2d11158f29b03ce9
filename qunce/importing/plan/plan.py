"""The plan of an import: one file under one mapping in one community."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qunce.importing.plan import questions
from qunce.importing.plan.questions import Choice, Question
from qunce.importing.values import numbers
from qunce.members.accounts import placeholders

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.importing.files.sources import Source
    from qunce.importing.plan.options import ImportOptions
    from qunce.importing.target_registry import Target
    from qunce.members.accounts import identifiers


@dataclass(frozen=True)
class ColumnTraits:
    """Properties of a column that its single texts do not show.

    `order` is that of day, month and year, empty if the column has no dates like
    12/1/2010. `is_past` means that no date of the column is of the future.
    """

    order: str = ""
    style: str = numbers.POINT
    type: str = "text"
    separator: str = ";"
    is_past: bool = False


@dataclass
class ImportPlan:
    source: Source
    target: Target
    options: ImportOptions
    """Complete: the mapping has every heading, the currency is set."""
    community: Community
    by: Staff
    at: datetime
    file_name: str = ""
    """As people call it; an uploaded file is stored under another name."""
    traits: dict[str, ColumnTraits] = field(default_factory=dict)
    """By field; empty if the first rows leave no question open."""
    notes: list[str] = field(default_factory=list)
    """What the user should know about how the file is read."""
    questions: list[Question] = field(default_factory=list)
    """What the file leaves open, with answers and suggestions."""
    remembered: dict[str, str] = field(default_factory=dict)
    """Answers to questions of earlier files of the source, by key."""
    headings_like: dict[str, list[str]] = field(default_factory=dict)
    """For each heading the ones by which its field is known."""
    left_out: dict[int, str] = field(default_factory=dict)
    """The first rows that are no data, such as totals, by number."""
    kept_apart: dict[tuple[str, str], int] = field(default_factory=dict)
    """Kinds and values of identifiers that join nobody, as staff have answered.

    With how many members of the file have each.
    """
    row_notes: dict[str, None] = field(default_factory=dict)
    """What else only the rows show, as the keys."""
    resources: ExitStack = field(default_factory=ExitStack)
    """Closed once the import ends."""
    created: frozenset[int] = frozenset()
    """The accounts that the import had created when it was interrupted.

    Its rows are checked without them, as they were checked at first.
    """
    file_stamp: tuple[int, ...] | None = None
    """What shows whether the file was changed since the plan was made."""
    cache: Any = None
    """What the target keeps of the file between two calls of `chunks`."""
    lookups: Any = None
    """The members from before the import, see `account_resolver.for_checks`."""

    @property
    def mapping(self) -> dict[str, str]:
        """The field of every heading, an empty string for a skipped column."""
        return dict(self.options.mapping)

    @property
    def heading_of(self) -> dict[str, str]:
        """The heading of every field."""
        return {name: heading for heading, name in self.options.mapping.items() if name}

    def ask(
        self,
        key: str,
        *,
        text: str,
        choices: Iterable[Choice],
        heading: str = "",
        suggestion: str = "",
        evidence: str = "",
    ) -> Question:
        """Add a question; its answer is looked up in the options, then in memory.

        Raises InvalidAnswer if the answer that was given now is not among the choices.
        """
        question = questions.ask(
            self.options,
            self.remembered,
            key=key,
            text=text,
            choices=choices,
            heading=heading,
            suggestion=suggestion,
            evidence=evidence,
        )
        self.questions.append(question)
        return question

    def answer(self, key: str) -> str:
        """Return the answer or suggestion to a question of the plan, else nothing."""
        return next((q.value for q in self.questions if q.key == key), "")

    @functools.cached_property
    def identifier_reader(self) -> identifiers.Reader:
        """Reads keys, phones and addresses as the community does."""
        return placeholders.reader_of(self.community)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.community.timezone)

    @property
    def latest_day(self) -> date:
        """The last day on which something that a file records may have happened."""
        return self.at.astimezone(self.zone).date() + timedelta(days=1)
