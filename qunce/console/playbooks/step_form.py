"""The base of the forms of steps."""

from __future__ import annotations

from typing import Any

from django import forms

from qunce.console.playbooks.choices import Choices
from qunce.outreach.playbooks.steps.base import Step


class StepForm(forms.Form):
    """`to_json` are the fields of the step without its id and kind."""

    def __init__(
        self,
        choices: Choices,
        data: Any = None,
        *,
        step: Step | None = None,
        step_id: str = "",
    ) -> None:
        self.choices, self.step, self.step_id = choices, step, step_id
        super().__init__(data, initial=self.initial_of(step) if step else {})
        self.offer()

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {}

    def offer(self) -> None:
        """Fill the choices of fields."""

    def set_choices(self, name: str, pairs: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = pairs

    def to_json(self) -> dict[str, Any]:
        return {}
