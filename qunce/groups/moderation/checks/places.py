"""Where checks of texts look: in the message, in its author's name, or in both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks.base import (
    NOTHING,
    Check,
    CompiledCheck,
    Judgement,
    State,
)
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import Choice
from qunce.groups.moderation.checks.subjects import Kind, Subject
from qunce.groups.moderation.contents.normalisation import Normalised

TEXT, NAME, BOTH = "text", "name", "both"
WITH_TEXT = (Kind.MESSAGE, Kind.EDIT)
MAX_NAMES = 2_000
"""Names whose evidence a check keeps, as a name comes with every message."""

PLACES = Choice(
    key="places",
    label=gettext_lazy("Look in"),
    choices={
        TEXT: gettext_lazy("the message"),
        NAME: gettext_lazy("the name of its author"),
        BOTH: gettext_lazy("the message and the name"),
    },
    default=BOTH,
)


class CompiledTextCheck(CompiledCheck):
    """A check of the message, of its author's name, or of both, one text at a time."""

    def __init__(self, check: Check, options: Mapping[str, Any]) -> None:
        self._check = check
        self._reads_text: bool = options["places"] != NAME
        self._reads_name: bool = options["places"] != TEXT
        self._list_in_name = lru_cache(MAX_NAMES)(partial(self.list_evidence, NAME))

    @abstractmethod
    def list_evidence(self, place: str, text: Normalised) -> Sequence[Evidence]:
        """What the check finds in a text."""

    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        """Joins and renamings have a name only."""
        evidence: list[Evidence] = []
        if self._reads_text and subject.text and subject.kind in WITH_TEXT:
            evidence += self.list_evidence(TEXT, subject.normalised)
        if self._reads_name and subject.author_name:
            evidence += self._list_in_name(subject.normalised_name)
        if not evidence:
            return NOTHING
        return Judgement([self._check.finding(1, *evidence)])
