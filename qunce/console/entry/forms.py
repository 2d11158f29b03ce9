"""Forms of entry gates: what is asked, the group rules, and a newcomer by hand."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.console.entry import question_lines
from qunce.console.outreach import labels
from qunce.groups.entry import gates, group_rules
from qunce.groups.entry.models import MAX_NOTE, EntryGate, GroupRules
from qunce.members.segments import segments
from qunce.members.surveys import surveys

KEEP = "keep"
SEPARATOR = re.compile(r"[,，、;；\n]")


class GateForm(forms.Form):
    keywords = forms.CharField(
        label=pgettext_lazy("entry gate", "Keywords"),
        required=False,
        max_length=1_000,
        help_text=gettext_lazy("One of them is to be said. Separated by commas."),
    )
    questions = forms.CharField(
        label=pgettext_lazy("entry gate", "Questions"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy(
            "One question a line, with the attribute that it fills in brackets. Below"
            " it a line for each accepted answer: a hyphen, its words, and # before the"
            " tag that it gives. Without such lines any answer is accepted."
        ),
    )
    survey = forms.ChoiceField(
        label=pgettext_lazy("entry gate", "Or the questions of a survey"),
        required=False,
        help_text=gettext_lazy(
            "Its required questions are asked in the chat. The answers count as answers"
            " to the survey; newcomers who have answered it are not asked again."
        ),
    )
    threshold = forms.ChoiceField(
        label=pgettext_lazy("entry gate", "Only members"), required=False
    )
    note = forms.CharField(
        label=pgettext_lazy("entry gate", "The same in words"),
        required=False,
        max_length=MAX_NOTE,
        help_text=gettext_lazy(
            "Newcomers who do not meet it read this, and so do staff on the page of "
            "the group."
        ),
    )
    needs_approval = forms.BooleanField(
        label=gettext_lazy("Staff let everybody in"), required=False
    )
    wait_hours = forms.IntegerField(
        label=gettext_lazy("Hours to answer"),
        min_value=1,
        max_value=gates.MAX_WAIT_HOURS,
    )
    max_attempts = forms.IntegerField(
        label=gettext_lazy("Wrong answers until they are refused"),
        min_value=1,
        max_value=gates.MAX_ATTEMPTS,
    )

    def __init__(
        self, request: http.Request, gate: EntryGate | None, data: Any = None
    ) -> None:
        super().__init__(data, initial=_initial(gate))
        self.gate = gate
        choices: list[tuple[str, Any]] = [("", gettext_lazy("everyone"))]
        rule = gate.rule if gate else None
        if rule is not None and not _segment_of(rule):
            choices.append((KEEP, labels.describe_rule(request.staff, rule)))
        fields: Any = self.fields
        fields["survey"].choices = [
            ("", pgettext_lazy("entry gate", "none, the questions above")),
            *_list_surveys(request, gate),
        ]
        fields["threshold"].choices = choices + [
            (segment.key, segment.name)
            for segment in segments.list_active(request.community)
        ]

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `gates.configure`; raises InvalidGate."""
        values = self.cleaned_data
        rule = None
        if values["threshold"] == KEEP and self.gate is not None:
            rule = self.gate.rule
        elif values["threshold"]:
            rule = {"segment": {"any": [values["threshold"]]}}
        words = (word.strip() for word in SEPARATOR.split(values["keywords"]))
        return {
            "keywords": [word for word in words if word],
            **self._questions(),
            "rule": rule,
            "note": values["note"],
            "needs_approval": values["needs_approval"],
            "wait_hours": values["wait_hours"],
            "max_attempts": values["max_attempts"],
        }

    def _questions(self) -> dict[str, Any]:
        questions = question_lines.read(self.cleaned_data["questions"])
        survey = self.cleaned_data["survey"]
        # Without a survey the list counts, also if it is empty.
        return {
            "survey": survey,
            **({"questions": questions} if questions or not survey else {}),
        }


def _list_surveys(
    request: http.Request, gate: EntryGate | None
) -> list[tuple[str, str]]:
    """The surveys that a gate can ask, and the one that it asks."""
    found = [
        (each.public_id, each.name)
        for each in surveys.list_open(request.community, request.at)
        if not each.is_anonymous and each.rule != gates.NOBODY
    ]
    chosen = gate.asked_survey if gate is not None and gate.survey else None
    if chosen is not None and chosen.public_id not in dict(found):
        found.append((chosen.public_id, chosen.name))
    return found


def _segment_of(rule: Any) -> str:
    match rule:
        case {"segment": {"any": [str(key)]}}:
            return key
    return ""


def _initial(gate: EntryGate | None) -> dict[str, Any]:
    if gate is None:
        return {"wait_hours": 48, "max_attempts": 5}
    threshold = "" if gate.rule is None else _segment_of(gate.rule) or KEEP
    return {
        "keywords": ", ".join(gate.keywords),
        "questions": "" if gate.survey else question_lines.write(gate.questions),
        "survey": gate.survey,
        "threshold": threshold,
        "note": gate.note,
        "needs_approval": gate.needs_approval,
        "wait_hours": gate.wait_hours,
        "max_attempts": gate.max_attempts,
    }


class RulesForm(forms.Form):
    text = forms.CharField(
        label=pgettext_lazy("group rules", "Text"),
        max_length=group_rules.MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    accept_words = forms.CharField(
        label=gettext_lazy("Members accept by replying"), max_length=200
    )
    asks_again = forms.BooleanField(
        label=gettext_lazy(
            "Members who accepted an earlier version must accept this one, too"
        ),
        required=False,
    )

    def __init__(self, rules: GroupRules | None, data: Any = None) -> None:
        words = rules.accept_words if rules else group_rules.ACCEPT_WORDS
        super().__init__(
            data,
            prefix="rules",
            initial={
                "text": rules.text if rules else "",
                "accept_words": ", ".join(words),
            },
        )

    def to_arguments(self) -> dict[str, Any]:
        words = SEPARATOR.split(self.cleaned_data["accept_words"])
        return {
            **self.cleaned_data,
            "accept_words": [word.strip() for word in words if word.strip()],
        }
