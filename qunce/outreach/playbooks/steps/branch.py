"""Branch: one of two ways on, by a rule, a reply, a click or any other event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.outreach.playbooks import questions
from qunce.outreach.playbooks.actions import Action, RunPosition
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.questions import Question, RuleQuestion
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Block, Step

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition
    from qunce.outreach.playbooks.validation import Resources


@base.register
@dataclass(frozen=True, kw_only=True)
class Branch(Step):
    kind: ClassVar[str] = "branch"
    icon: ClassVar[str] = "arrows-right-left"
    rank: ClassVar[int] = 50
    label: ClassVar[StrOrPromise] = gettext_lazy("Branch")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "One of two ways on: by a segment, a reply, a click or any other event."
    )

    question: Question
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Branch:
        return cls(
            id=values["id"],
            question=questions.parse(values.get("if")),
            then=base.parse_list(values.get("then", [])),
            otherwise=base.parse_list(values.get("otherwise", [])),
        )

    @classmethod
    def field_names(cls) -> frozenset[str]:
        return frozenset({"if", "then", "otherwise"})

    def fields(self) -> dict[str, Any]:
        return {
            "if": self.question.to_json(),
            "then": [step.to_json() for step in self.then],
            "otherwise": [step.to_json() for step in self.otherwise],
        }

    def blocks(self) -> tuple[Block, ...]:
        return (
            Block("then", gettext_lazy("If so"), self.then),
            Block("otherwise", gettext_lazy("If not"), self.otherwise),
        )

    def kinds(self) -> frozenset[str]:
        return self.question.kinds()

    def rules(self) -> tuple[Any, ...]:
        is_rule = isinstance(self.question, RuleQuestion)
        return (self.question.rule,) if is_rule else ()  # type: ignore[union-attr]

    def decide(
        self, definition: Definition, run: RunPosition, facts: History, at: datetime
    ) -> list[Action]:
        chosen = "then" if self.question.holds(run, facts, at) else "otherwise"
        inside = definition.graph.inside(self.id, chosen)
        return [definition.arrive(inside, run, at)]

    def problems(self, resources: Resources) -> Iterator[str]:
        step = questions.step_of(self.question)
        if step is not None and step not in resources.sending_steps:
            yield _("asks about the message of a step that sends nothing.")
        for rule in self.rules():
            if resources.subject == "group":
                yield _(
                    "asks for a rule about members, but is in a playbook of groups."
                )
            else:
                yield from resources.rule_problems(rule)

    def phrase(self, names: Names) -> str:
        return _("If the member %(question)s") % {
            "question": self.question.phrase(names)
        }
