"""What checks look at: a message, an edit, a join or a new name, with its author."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from qunce.groups.moderation.classifier.model import Model
from qunce.groups.moderation.contents import normalisation
from qunce.groups.moderation.contents.normalisation import Normalised


class Kind(StrEnum):
    """The event. Floods count messages, but not edits of them."""

    MESSAGE = "message"
    EDIT = "edit"
    JOIN = "join"
    RENAMING = "renaming"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a message; `load` returns its bytes and is called only if needed."""

    name: str
    media_type: str
    load: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One event of a group.

    `account` is who wrote `text`: the editor of an edit, never the person quoted. `key`
    names the event, so that a state in which it is counted does not count it again.
    Windows do not count what is history. `is_forwarded` texts were written by others.
    `model` is the trained classifier of the community, if it has one.
    """

    kind: Kind = Kind.MESSAGE
    key: str
    group: str
    account: str
    happened_at: datetime
    text: str = ""
    author_name: str = ""
    files: tuple[File, ...] = ()
    is_history: bool = False
    is_forwarded: bool = False
    model: Model | None = None

    @cached_property
    def milliseconds(self) -> int:
        """The time since 1970, as windows count it."""
        return round(self.happened_at.timestamp() * 1000)

    @cached_property
    def normalised(self) -> Normalised:
        return normalisation.normalise(self.text)

    @cached_property
    def normalised_name(self) -> Normalised:
        return normalisation.normalise_name(self.author_name)
