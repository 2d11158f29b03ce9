"""Forms of surveys: how it is asked, its questions as rows, and answers that staff type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.console.moments import MomentField
from qunce.core.communities import Community
from qunce.members.segments import segments
from qunce.members.surveys import templates
from qunce.members.surveys.models import (
    MAX_INTRO,
    MAX_KEY,
    MAX_NAME,
    Layout,
    Repeat,
    Survey,
)
from qunce.members.surveys.questions import CHOICES, SCALES, Kind, Question

MINUTE_FORMAT = "%Y-%m-%dT%H:%M"
KEEP = "keep"


class CreateForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    template = forms.ChoiceField(
        label=_("Start with"),
        required=False,
        choices=[
            ("", pgettext_lazy("survey", "no questions")),
            *((each.key, each.label) for each in templates.TEMPLATES.values()),
        ],
    )


class SurveyForm(forms.Form):
    """How a survey is asked. What was promised to members stays once it is published."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    intro = forms.CharField(
        label=_("Introduction"),
        required=False,
        max_length=MAX_INTRO,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    thanks = forms.CharField(
        label=_("Text of thanks"),
        required=False,
        max_length=MAX_INTRO,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    audience = forms.ChoiceField(label=pgettext_lazy("survey", "For"), required=False)
    is_anonymous = forms.BooleanField(
        label=_("Anonymous"),
        required=False,
        help_text=_(
            "Stores that a member has answered, and the answers without the member."
            " Nothing joins the two, so no answer can be looked up or corrected."
        ),
    )
    repeat = forms.ChoiceField(label=_("A member answers"), choices=Repeat.choices)
    layout = forms.ChoiceField(
        label=pgettext_lazy("survey", "Layout"), choices=Layout.choices
    )
    closes_at = MomentField(
        label=pgettext_lazy("survey", "Ends"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format=MINUTE_FORMAT
        ),
    )
    keyword = forms.CharField(
        label=pgettext_lazy("survey", "Keyword"),
        required=False,
        max_length=MAX_KEY,
        help_text=_(
            "Members who write it in a chat are sent the survey. A survey of one question"
            " is answered by the keyword and the answer, such as: rating 9"
        ),
    )

    def __init__(self, data: Any = None, *, survey: Survey) -> None:
        names = ("name", "intro", "thanks", "is_anonymous", "repeat", "layout")
        initial: dict[str, Any] = {name: getattr(survey, name) for name in names}
        initial["keyword"] = survey.keyword
        if survey.closes_at is not None:
            initial["closes_at"] = timezone.localtime(survey.closes_at)
        initial["audience"] = _segment_of(survey.rule)
        super().__init__(data, initial=initial)
        self.survey = survey
        audience: Any = self.fields["audience"]
        audience.choices = _audiences(survey.community, survey.rule)
        if survey.published_at is not None:
            for name in ("is_anonymous", "repeat"):
                self.fields[name].disabled = True

    def to_values(self) -> dict[str, Any]:
        """The arguments of `surveys.update`."""
        values = dict(self.cleaned_data)
        audience = values.pop("audience")
        if audience != KEEP:
            rule = {"segment": {"any": [audience]}} if audience else None
            values["rule"] = rule
        return values


def _segment_of(rule: Any) -> str:
    match rule:
        case None:
            return ""
        case {"segment": {"any": [str(key)]}}:
            return key
    return KEEP


def _audiences(community: Community, rule: Any) -> list[tuple[str, Any]]:
    choices: list[tuple[str, Any]] = [("", _("everybody"))]
    if _segment_of(rule) == KEEP:
        choices.append((KEEP, pgettext_lazy("survey", "as the rule is now")))
    return choices + [(each.key, each.name) for each in segments.list_active(community)]


class AnswersForm(forms.Form):
    """The questions of a version as fields, for staff who type a member's answers."""

    def __init__(
        self,
        data: Any = None,
        *,
        questions: Sequence[Question],
        with_member: bool = True,
    ) -> None:
        super().__init__(data)
        self.questions = questions
        if with_member:
            self.fields["member"] = forms.CharField(
                label=_("Member"),
                max_length=200,
                help_text=_("Key, phone, e-mail address or number of the member."),
            )
        for each in questions:
            self.fields[f"a_{each.key}"] = _field(each)

    def to_answers(self) -> dict[str, Any]:
        return {
            each.key: self.cleaned_data.get(f"a_{each.key}") for each in self.questions
        }

    def add_errors(self, found: dict[str, str]) -> None:
        for key, text in found.items():
            self.add_error(f"a_{key}", text)


def _field(question: Question) -> forms.Field:
    # Whether an answer is needed depends on the others; the verb says so.
    about: dict[str, Any] = {
        "label": question.text,
        "help_text": question.help,
        "required": False,
    }
    if question.kind in CHOICES:
        choices = [(each.key, each.text) for each in question.options]
        if question.kind == Kind.MULTIPLE:
            return forms.MultipleChoiceField(
                choices=choices, widget=forms.CheckboxSelectMultiple, **about
            )
        return forms.ChoiceField(choices=[("", "–"), *choices], **about)
    if question.kind in SCALES:
        numbers = [(str(n), str(n)) for n in question.values]
        return forms.ChoiceField(choices=[("", "–"), *numbers], **about)
    if question.kind == Kind.TEXT:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **about)
    if question.kind == Kind.PICTURE:
        about["help_text"] = _("Members send pictures on their page.")
        return forms.CharField(disabled=True, **about)
    return forms.CharField(max_length=40, **about)
