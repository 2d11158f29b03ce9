"""What decides a simulated community: the seed, the clock, the language and its size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from qunce.demo.simulation.calendar import Calendar
from qunce.demo.simulation.random_numbers import Chance
from qunce.demo.simulation.texts import en, en_speech, zh, zh_speech
from qunce.demo.simulation.texts.words import Speech, Words

SPEECHES: dict[str, Speech] = {"zh": zh_speech.SPEECH, "en": en_speech.SPEECH}
WORDS: dict[str, Words] = {"zh": zh.WORDS, "en": en.WORDS}
FOREIGN_SHARE = {"zh": 0.1, "en": 0.25}
"""Share of members who write the other language."""


@dataclass(frozen=True)
class Settings:
    """`now` is the end of the year, in local time; `language` is that of the staff."""

    now: datetime
    language: str = "zh"
    seed: int = 1
    members: int = 3_000

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.now)

    @property
    def words(self) -> Words:
        return WORDS[self.language]

    def chance(self, part: str) -> Chance:
        return Chance(self.seed, part)
