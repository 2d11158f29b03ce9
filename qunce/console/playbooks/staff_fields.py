"""Fields of steps that staff do: who does it, and what happens until it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.playbooks.choices import Choices
from qunce.outreach.playbooks import undone
from qunce.outreach.playbooks.assignees import Assignee, Role, WithoutRole
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.undone import Then, Undone


class AssigneeForm(forms.Form):
    role = forms.ChoiceField(
        label=gettext_lazy("Done by"),
        required=False,
        choices=[("", gettext_lazy("the person named here")), *Role.choices],
        help_text=gettext_lazy(
            "Roles in a group are those of accounts marked as an account of staff. For a"
            " member, the group that they joined last counts."
        ),
    )
    staff = forms.ChoiceField(label=gettext_lazy("Person"), required=False)
    without_role = forms.ChoiceField(
        label=gettext_lazy("If nobody has the role"),
        required=False,
        choices=WithoutRole.choices,
        initial=WithoutRole.HOLD,
    )


class UndoneForm(forms.Form):
    undone_do = forms.ChoiceField(
        label=gettext_lazy("Until it is done"),
        required=False,
        choices=[
            ("", gettext_lazy("The run continues immediately")),
            *Then.choices,
        ],
        widget=forms.RadioSelect,
    )
    undone_hours = forms.IntegerField(
        label=gettext_lazy("Late after this many hours"),
        required=False,
        min_value=1,
        max_value=undone.MAX_HOURS,
        initial=24,
    )
    undone_role = forms.ChoiceField(
        label=gettext_lazy("Then it is done by"),
        required=False,
        choices=[("", gettext_lazy("the person named here")), *Role.choices],
    )
    undone_staff = forms.ChoiceField(label=gettext_lazy("Other person"), required=False)

    def undone_json(self) -> dict[str, Any]:
        """The field `if_undone` of the step, if there is one."""
        values = self.cleaned_data
        if not values["undone_do"]:
            return {}
        answer: dict[str, Any] = {
            "do": values["undone_do"],
            "hours": values["undone_hours"] or 24,
        }
        if values["undone_do"] == Then.HAND_OVER:
            answer |= {"staff": values["undone_staff"], "role": values["undone_role"]}
        return {"if_undone": answer}


def offer(form: forms.Form, choices: Choices) -> None:
    """Fill the choices of people, and of roles that are possible in this playbook."""
    pairs = [("", gettext_lazy("choose …")), *choices.staff]
    fields: Any = form.fields
    for name in ("staff", "undone_staff"):
        if name in fields:
            fields[name].choices = pairs
    if choices.definition.subject == Subject.GROUP and "role" in fields:
        fields["role"].help_text = gettext_lazy(
            "Roles are those of accounts marked as an account of staff. The person in"
            " charge is the owner of the group."
        )


def initial_of(assignee: Assignee, answer: Undone | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "role": assignee.role,
        "staff": assignee.staff,
        "without_role": assignee.without_role,
    }
    if answer is not None:
        values |= {
            "undone_do": answer.do,
            "undone_hours": answer.hours,
            "undone_staff": answer.to.staff,
            "undone_role": answer.to.role,
        }
    return values


def assignee_json(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "staff": values["staff"],
        "role": values["role"],
        "without_role": values["without_role"] or WithoutRole.HOLD.value,
    }
