"""The options of an import: how a file is read, and what its columns mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALL_ROWS, VALID_ROWS = "all", "valid"
"""Modes: import nothing if one row is broken, or import the rows that are not."""
CREATE, LEAVE, REFUSE = "create", "leave", "refuse"
"""What happens to rows whose member is unknown: the member is created, the row is
imported without a member or skipped, or the row is a problem."""
ADD, REPLACE = "add", "replace"
"""What happens to an identifier that differs from the stored one of the same kind."""


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options as people choose them; those of a plan or a job are all set.

    `mapping` gives the field for a heading, an empty string for a skipped column. What
    it lacks is guessed. `dates` is the order of day and month, `decimal` the decimal
    sign (`point` or `comma`), `separator` what separates the entries of a list; all are
    detected if empty. `currency` is that of amounts without one, by default the
    community's. `answers` are those to questions of `importing.plan.questions`, by key.
    """

    target: str = "members"
    sheet: str = ""
    encoding: str = ""
    first_row: str = ""
    """`data` if the file has no headings, `headings` if they only look like data."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    mode: str = ALL_ROWS
    dates: str = ""
    decimal: str = ""
    separator: str = ""
    currency: str = ""
    source: str = "import"
    unknown_members: str = CREATE
    identifiers: str = ADD
    answers: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    """The evidence of the first rows for questions that were answered by it, by key."""
    allow_old_times: bool = False
    """Whether facts may have happened before 2000."""
    allow_future_times: bool = False
    timezone: str = ""
    """The community's time zone when the import started."""
    chunk_rows: int = 0
    """Rows that are parsed together; a resumed import needs the same chunks."""

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ImportOptions:
        return cls(**value)
