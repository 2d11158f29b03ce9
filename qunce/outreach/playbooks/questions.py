"""What branches and waits ask: whether a rule holds, or whether something has happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.playbooks import histories
from qunce.outreach.playbooks.actions import RunPosition
from qunce.outreach.playbooks.histories import Event, FactMatch, History
from qunce.outreach.playbooks.names import Names

CLICKED = "send.clicked"
REPLIED = "message.posted"
START = "start"


class InvalidQuestion(errors.Invalid):
    """A question has exactly one of the fields rule, fact, clicked and replied."""


def segment_rule(key: str) -> dict[str, Any]:
    """The rule of being in a segment."""
    return {"segment": {"any": [key]}}


def segment_of(rule: Any) -> str | None:
    """The key of the segment, if the rule is that of being in one."""
    segment = rule.get("segment") if isinstance(rule, Mapping) else None
    keys = segment.get("any") if isinstance(segment, Mapping) else None
    if isinstance(keys, list) and len(keys) == 1 and rule == segment_rule(keys[0]):
        return str(keys[0])
    return None


@dataclass(frozen=True)
class RuleQuestion:
    rule: Any

    def holds(self, run: RunPosition, facts: History, at: datetime) -> bool:
        return facts.holds(self.rule)

    def to_json(self) -> dict[str, Any]:
        return {"rule": self.rule}

    def kinds(self) -> frozenset[str]:
        return frozenset()

    def phrase(self, names: Names) -> str:
        key = segment_of(self.rule)
        if key is not None:
            return _("is in the segment “%(name)s”") % {"name": names.segment(key)}
        return _("matches the rule")


@dataclass(frozen=True)
class FactQuestion:
    """Something happened after a step was done, or after the start of the run."""

    match: FactMatch
    since: str = START

    def find(self, run: RunPosition, facts: History, at: datetime) -> Event | None:
        sent = run.sent.get(self.since)
        after = sent.at if sent else run.started_at
        return facts.first(self.match, after=after, until=at)

    def holds(self, run: RunPosition, facts: History, at: datetime) -> bool:
        return self.find(run, facts, at) is not None

    def to_json(self) -> dict[str, Any]:
        since = {} if self.since == START else {"since": self.since}
        return {**self.match.to_json(), **since}

    def kinds(self) -> frozenset[str]:
        return frozenset({self.match.kind})

    def phrase(self, names: Names) -> str:
        return self.match.phrase()


@dataclass(frozen=True)
class ClickQuestion:
    """The member clicked a link in the message of a step."""

    step: str

    def holds(self, run: RunPosition, facts: History, at: datetime) -> bool:
        sent = run.sent.get(self.step)
        if sent is None or sent.message is None:
            return False
        match = FactMatch(CLICKED, (("message", str(sent.message)),))
        return facts.first(match, after=sent.at, until=at) is not None

    def to_json(self) -> dict[str, Any]:
        return {"clicked": self.step}

    def kinds(self) -> frozenset[str]:
        return frozenset({CLICKED})

    def phrase(self, names: Names) -> str:
        return _("clicked the message of step %(step)s") % {
            "step": names.step(self.step)
        }


@dataclass(frozen=True)
class ReplyQuestion:
    """The member wrote something after the message of a step."""

    step: str

    def holds(self, run: RunPosition, facts: History, at: datetime) -> bool:
        sent = run.sent.get(self.step)
        if sent is None:
            return False
        return facts.first(FactMatch(REPLIED), after=sent.at, until=at) is not None

    def to_json(self) -> dict[str, Any]:
        return {"replied": self.step}

    def kinds(self) -> frozenset[str]:
        return frozenset({REPLIED})

    def phrase(self, names: Names) -> str:
        return _("replied after step %(step)s") % {"step": names.step(self.step)}


Question = RuleQuestion | FactQuestion | ClickQuestion | ReplyQuestion


def parse(value: Any) -> Question:
    """The question of its JSON form. Raises InvalidQuestion or InvalidFactMatch."""
    if isinstance(value, Mapping):
        if set(value) == {"rule"}:
            return RuleQuestion(value["rule"])
        if set(value) == {"clicked"}:
            return ClickQuestion(str(value["clicked"]))
        if set(value) == {"replied"}:
            return ReplyQuestion(str(value["replied"]))
        if "fact" in value and set(value) <= {"fact", "where", "since"}:
            match = {name: value[name] for name in value if name != "since"}
            since = str(value.get("since", START))
            return FactQuestion(histories.parse_match(match), since)
    raise InvalidQuestion(
        _("Choose what to ask: a rule, an event, a click or a reply.")
    )


def step_of(question: Question) -> str | None:
    """The id of the sending step that the question is about, if it is about one."""
    if isinstance(question, ClickQuestion | ReplyQuestion):
        return question.step
    if isinstance(question, FactQuestion) and question.since != START:
        return question.since
    return None
