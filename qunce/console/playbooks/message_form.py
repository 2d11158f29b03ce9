"""The form of a step that sends a message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.materials import picker_views
from qunce.console.outreach import options_form
from qunce.console.playbooks import staff_fields
from qunce.console.playbooks.choices import Choices, with_empty
from qunce.console.playbooks.step_form import StepForm
from qunce.outreach.content import message_templates
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.steps.send import MAX_HOURS, OverLimit, Purpose, Send
from qunce.outreach.playbooks.variants import Redraw


class SendForm(StepForm, staff_fields.AssigneeForm, staff_fields.UndoneForm):
    """`variants` are the forms of other texts."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Variables such as {name|there} have a fallback after the bar."
        ),
    )
    template = forms.TypedChoiceField(
        label=gettext_lazy("Text of a message template"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy(
            "A template that you choose here replaces the text. A text that you change"
            " afterwards no longer counts for the template."
        ),
    )
    materials = picker_views.MaterialsField()
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"),
        choices=Purpose.choices,
        initial=Purpose.MARKETING,
        widget=forms.RadioSelect,
    )
    over_limit = forms.ChoiceField(
        label=gettext_lazy("If the contact limit does not allow it"),
        choices=OverLimit.choices,
        initial=OverLimit.HOLD,
        widget=forms.RadioSelect,
    )
    hold_hours = forms.IntegerField(
        label=gettext_lazy("Wait at most this many hours"),
        min_value=1,
        max_value=MAX_HOURS,
        initial=24,
    )
    stale_hours = forms.IntegerField(
        label=gettext_lazy("Do not send it more than this many hours late"),
        min_value=1,
        max_value=MAX_HOURS,
        initial=48,
    )
    redraw = forms.ChoiceField(
        label=gettext_lazy("If somebody begins the playbook again, they get"),
        required=False,
        choices=Redraw.choices,
        initial=Redraw.KEEP,
    )
    field_order = (
        *("template", "text", "materials", "channel", "role", "staff"),
        *("without_role", "undone_do", "undone_hours", "undone_role", "undone_staff"),
        *("purpose", "over_limit", "hold_hours", "stale_hours"),
    )

    def __init__(
        self,
        choices: Choices,
        data: Any = None,
        *,
        step: Step | None = None,
        step_id: str = "",
    ) -> None:
        super().__init__(choices, data, step=step, step_id=step_id)
        own = step.variants if isinstance(step, Send) else ()
        has_variants = data is not None and "variants-TOTAL_FORMS" in data
        self.variants = options_form.VariantForms(
            data if has_variants else None,
            prefix="variants",
            initial=[options_form.initial_of_variant(vars(each)) for each in own],
            form_kwargs={"community": choices.request.community},
        )

    def initial_of(self, step: Step) -> dict[str, Any]:
        if not isinstance(step, Send):
            return {}
        people = staff_fields.initial_of(step.assignee, step.undone)
        return {**step.fields(), **people, "materials": list(step.materials)}

    def offer(self) -> None:
        self.set_choices("channel", self.choices.channels)
        self.set_choices("template", with_empty(self.choices.message_templates))
        staff_fields.offer(self, self.choices)

    def is_valid(self) -> bool:
        # Both, so that all faults are shown at once.
        valid = [super().is_valid(), not self.has_variants or self.variants.is_valid()]
        return all(valid)

    @property
    def has_variants(self) -> bool:
        """Whether the request has the forms of variants; a program may leave them out."""
        return bool(self.variants.is_bound)

    @property
    def by_segment(self) -> bool:
        return bool(self.choices.definition.subject == Subject.MEMBER)

    def to_json(self) -> dict[str, Any]:
        values, old = self.cleaned_data, self.step
        names = ("text", "channel", "purpose", "over_limit", "hold_hours")
        chosen = {name: values[name] for name in (*names, "stale_hours", "materials")}
        template = values["template"]
        was = old.template if isinstance(old, Send) else None
        if template is not None:
            chosen["template"] = template
            if template != was:
                version = message_templates.get_version(
                    self.choices.request.community, template
                )
                chosen["text"] = version.text
        chosen |= staff_fields.assignee_json(values) | self.undone_json()
        chosen["redraw"] = values["redraw"] or Redraw.KEEP.value
        if self.has_variants:
            chosen["variants"] = [
                form.to_variant()
                for form in self.variants
                if form.cleaned_data.get("name") or form.cleaned_data.get("text")
            ]
        return chosen
