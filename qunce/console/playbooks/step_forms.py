"""The form of each kind of step."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.playbooks import fields, staff_fields
from qunce.console.playbooks.choices import with_empty
from qunce.console.playbooks.message_form import SendForm
from qunce.console.playbooks.step_form import StepForm
from qunce.outreach.playbooks import questions
from qunce.outreach.playbooks.questions import (
    ClickQuestion,
    FactQuestion,
    RuleQuestion,
)
from qunce.outreach.playbooks.steps import notify, staff_task
from qunce.outreach.playbooks.steps.attribute import AttributeStep
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.steps.branch import Branch
from qunce.outreach.playbooks.steps.continue_at import ContinueAt
from qunce.outreach.playbooks.steps.invite import InviteStep
from qunce.outreach.playbooks.steps.notify import NotifyStep
from qunce.outreach.playbooks.steps.staff_task import StaffTaskStep
from qunce.outreach.playbooks.steps.tag import TagStep
from qunce.outreach.playbooks.steps.wait import Wait
from qunce.outreach.playbooks.steps.wait_until import MAX_EARLIER_DAYS, WaitUntil

KEPT = "kept"
"""The choice of a rule that was written elsewhere and is kept as it is."""


class WaitForm(StepForm, fields.DelayForm):
    def initial_of(self, step: Step) -> dict[str, Any]:
        return fields.initial_of(step.delay if isinstance(step, Wait) else None)

    def to_json(self) -> dict[str, Any]:
        return {"delay": self.to_delay().to_json()}


class WaitUntilForm(StepForm, fields.DelayForm):
    fact = forms.ChoiceField(label=gettext_lazy("Event"))
    where = forms.CharField(
        label=gettext_lazy("Only with these values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One field per line, such as: shop = north"),
    )
    earlier_days = forms.IntegerField(
        label=gettext_lazy("Also count events of this many days before"),
        min_value=0,
        max_value=MAX_EARLIER_DAYS,
        initial=0,
    )
    field_order = ("fact", "where", "earlier_days", "word")

    def initial_of(self, step: Step) -> dict[str, Any]:
        if not isinstance(step, WaitUntil):
            return {}
        return {
            "fact": step.match.kind,
            "where": fields.where_text(step.match.where),
            "earlier_days": step.earlier_days,
            **fields.initial_of(step.timeout),
        }

    def offer(self) -> None:
        self.set_choices("fact", with_empty(self.choices.fact_kinds))

    def clean_where(self) -> dict[str, str]:
        return dict(fields.parse_where(self.cleaned_data["where"]))

    def to_json(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "until": {"fact": values["fact"], "where": values["where"]},
            "earlier_days": values["earlier_days"],
            "timeout": self.to_delay().to_json(),
        }


class BranchForm(StepForm):
    asks = forms.ChoiceField(
        label=gettext_lazy("Ask whether the member"),
        choices=[
            ("segment", gettext_lazy("is in a segment")),
            ("fact", gettext_lazy("did something since the start")),
            ("clicked", gettext_lazy("clicked a link in a message")),
            ("replied", gettext_lazy("replied after a message")),
        ],
        widget=forms.RadioSelect,
        initial="segment",
    )
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    fact = forms.ChoiceField(label=gettext_lazy("Event"), required=False)
    where = forms.CharField(
        label=gettext_lazy("Only with these values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One field per line, such as: shop = north"),
    )
    message = forms.ChoiceField(label=gettext_lazy("Message"), required=False)

    def initial_of(self, step: Step) -> dict[str, Any]:
        if not isinstance(step, Branch):
            return {}
        question = step.question
        if isinstance(question, RuleQuestion):
            key = questions.segment_of(question.rule)
            return {"asks": "segment", "segment": key if key is not None else KEPT}
        if isinstance(question, FactQuestion):
            return {
                "asks": "fact",
                "fact": question.match.kind,
                "where": fields.where_text(question.match.where),
            }
        asks = "clicked" if isinstance(question, ClickQuestion) else "replied"
        return {"asks": asks, "message": question.step}

    def offer(self) -> None:
        kept = [(KEPT, _("the rule as it is"))] if self._kept_rule() else []
        self.set_choices("segment", with_empty([*kept, *self.choices.segments]))
        self.set_choices("fact", with_empty(self.choices.fact_kinds))
        self.set_choices("message", with_empty(self.choices.sending_steps()))

    def _kept_rule(self) -> Any:
        step = self.step
        if isinstance(step, Branch) and isinstance(step.question, RuleQuestion):
            rule = step.question.rule
            return rule if questions.segment_of(rule) is None else None
        return None

    def clean_where(self) -> dict[str, str]:
        return dict(fields.parse_where(self.cleaned_data["where"]))

    def clean(self) -> dict[str, Any] | None:
        needed = {"segment": "segment", "fact": "fact"}
        name = needed.get(self.cleaned_data.get("asks", ""), "message")
        if not self.cleaned_data.get(name) and name not in self.errors:
            self.add_error(name, _("Choose one."))
        return self.cleaned_data

    def to_json(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values["asks"] == "segment":
            is_kept = values["segment"] == KEPT
            rule = (
                self._kept_rule()
                if is_kept
                else questions.segment_rule(values["segment"])
            )
            return {"if": {"rule": rule}}
        if values["asks"] == "fact":
            return {"if": {"fact": values["fact"], "where": values["where"]}}
        return {"if": {values["asks"]: values["message"]}}


class TagForm(StepForm):
    tag = forms.ChoiceField(label=gettext_lazy("Tag"))
    remove = forms.BooleanField(
        label=gettext_lazy("Remove the tag instead"), required=False
    )

    def initial_of(self, step: Step) -> dict[str, Any]:
        return step.fields() if isinstance(step, TagStep) else {}

    def offer(self) -> None:
        self.set_choices("tag", with_empty(self.choices.tags))

    def to_json(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class AttributeForm(StepForm):
    attribute = forms.ChoiceField(label=gettext_lazy("Attribute"))
    value = forms.CharField(label=gettext_lazy("Value"), max_length=200)

    def initial_of(self, step: Step) -> dict[str, Any]:
        return step.fields() if isinstance(step, AttributeStep) else {}

    def offer(self) -> None:
        self.set_choices("attribute", with_empty(self.choices.attributes))

    def to_json(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class StaffTaskForm(StepForm, staff_fields.AssigneeForm, staff_fields.UndoneForm):
    text = forms.CharField(
        label=gettext_lazy("What is to be done"), max_length=staff_task.MAX_LENGTH
    )
    due_hours = forms.IntegerField(
        label=gettext_lazy("Due within this many hours"),
        min_value=0,
        max_value=staff_task.MAX_HOURS,
        initial=24,
    )
    field_order = ("text", "role", "staff", "without_role", "due_hours", "undone_do")

    def initial_of(self, step: Step) -> dict[str, Any]:
        if not isinstance(step, StaffTaskStep):
            return {}
        people = staff_fields.initial_of(step.assignee, step.undone)
        return {"text": step.text, "due_hours": step.due_hours, **people}

    def offer(self) -> None:
        staff_fields.offer(self, self.choices)

    def to_json(self) -> dict[str, Any]:
        values = self.cleaned_data
        own = {"text": values["text"], "due_hours": values["due_hours"]}
        return own | staff_fields.assignee_json(values) | self.undone_json()


class NotifyForm(StepForm, staff_fields.AssigneeForm):
    text = forms.CharField(
        label=gettext_lazy("What they should know"), max_length=notify.MAX_LENGTH
    )
    field_order = ("text", "role", "staff", "without_role")

    def initial_of(self, step: Step) -> dict[str, Any]:
        if not isinstance(step, NotifyStep):
            return {}
        return {"text": step.text, **staff_fields.initial_of(step.assignee, None)}

    def offer(self) -> None:
        staff_fields.offer(self, self.choices)

    def to_json(self) -> dict[str, Any]:
        own = staff_fields.assignee_json(self.cleaned_data)
        return {"text": self.cleaned_data["text"], **own}


class InviteForm(StepForm):
    group = forms.ChoiceField(label=gettext_lazy("Group"))
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    staff = forms.ChoiceField(label=gettext_lazy("Done by"))

    def initial_of(self, step: Step) -> dict[str, Any]:
        return step.fields() if isinstance(step, InviteStep) else {}

    def offer(self) -> None:
        self.set_choices("group", with_empty(self.choices.groups))
        self.set_choices("staff", with_empty(self.choices.staff))

    def to_json(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ContinueForm(StepForm):
    target = forms.ChoiceField(label=gettext_lazy("Continue at"))

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {"target": step.step} if isinstance(step, ContinueAt) else {}

    def offer(self) -> None:
        found = self.choices.steps_after(self.step_id)
        self.set_choices("target", with_empty(found))

    def to_json(self) -> dict[str, Any]:
        return {"step": self.cleaned_data["target"]}


FORMS: dict[str, type[StepForm]] = {
    "send": SendForm,
    "wait": WaitForm,
    "wait_until": WaitUntilForm,
    "branch": BranchForm,
    "tag": TagForm,
    "attribute": AttributeForm,
    "staff_task": StaffTaskForm,
    "notify": NotifyForm,
    "invite": InviteForm,
    "end": StepForm,
    "continue_at": ContinueForm,
}
