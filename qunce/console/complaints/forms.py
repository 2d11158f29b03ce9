"""Forms of cases, and of the words that raise them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.console.moments import MomentField
from qunce.console.outreach.forms import MinuteInput
from qunce.groups import visibility as group_visibility
from qunce.groups.complaints import complaint_list, complaint_settings, complaints
from qunce.groups.complaints.complaint_settings import Settings
from qunce.groups.complaints.models import (
    MAX_ORDER,
    MAX_TEXT,
    MAX_TITLE,
    Complaint,
    Kind,
)

MAX_LIST_TEXT = 120_000


class ComplaintForm(forms.Form):
    kind = forms.ChoiceField(label=complaints.LABELS["kind"], choices=Kind.choices)
    topic = forms.ChoiceField(label=complaints.LABELS["topic"])
    title = forms.CharField(
        label=complaints.LABELS["title"], max_length=MAX_TITLE, required=False
    )
    text = forms.CharField(
        label=complaints.LABELS["text"],
        # Line breaks of a form are two characters.
        max_length=2 * MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    order = forms.CharField(
        label=complaints.LABELS["order"], max_length=MAX_ORDER, required=False
    )
    due_at = MomentField(
        label=complaints.LABELS["due_at"],
        required=False,
        widget=MinuteInput(),
        help_text=gettext_lazy("If it is empty, the answer time of the kind holds."),
    )

    def __init__(
        self,
        request: http.Request,
        data: Any = None,
        *,
        complaint: Complaint | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        if complaint is not None:
            names = ("kind", "topic", "title", "text", "order", "due_at")
            initial = {name: getattr(complaint, name) for name in names}
        super().__init__(data, initial=initial)
        fields = dict[str, Any](self.fields)
        topics = complaint_settings.get(request.community).topics
        fields["topic"].choices = [(topic.key, topic.label) for topic in topics]
        if complaint is not None:
            fields["due_at"].help_text = ""
            fields["due_at"].required = True
            return
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        self.fields["member"] = forms.CharField(
            label=gettext_lazy("Member"),
            required=False,
            max_length=200,
            help_text=gettext_lazy("Name, phone or number. Empty if nobody is named."),
        )
        self.fields["group"] = forms.TypedChoiceField(
            label=gettext_lazy("Group"),
            coerce=int,
            empty_value=None,
            required=False,
            choices=[("", "–"), *groups.values_list("pk", "name")],
        )
        self.fields["owner"] = forms.TypedChoiceField(
            label=pgettext_lazy("case", "Owner"),
            coerce=int,
            empty_value=None,
            required=False,
            choices=[
                ("", gettext_lazy("the staff in charge of the member, or me")),
                *(
                    (staff.pk, staff.name)
                    for staff in complaint_list.list_assignable(request.community)
                ),
            ],
        )


class SettingsForm(forms.Form):
    raises_from_messages = forms.BooleanField(
        label=gettext_lazy("Raise a case from the words of messages"), required=False
    )
    topics = forms.CharField(
        label=gettext_lazy("Words by topic"),
        max_length=MAX_LIST_TEXT,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy(
            "One topic a line: “Topic: word, word”. A word after “not” or “没有” raises none."
        ),
    )
    complaint_hours = forms.IntegerField(
        label=gettext_lazy("Hours to answer a complaint"),
        min_value=1,
        max_value=complaint_settings.MAX_HOURS,
    )
    after_sales_hours = forms.IntegerField(
        label=gettext_lazy("Hours to answer an after-sales case"),
        min_value=1,
        max_value=complaint_settings.MAX_HOURS,
    )

    asks_ratings = forms.BooleanField(
        label=gettext_lazy("Ask members how content they are when a case is closed"),
        required=False,
        help_text=gettext_lazy(
            "One message where a channel is connected. They answer with 1 to 5, or a word."
        ),
    )

    def __init__(self, data: Any = None, *, settings: Settings) -> None:
        super().__init__(
            data,
            initial={
                "raises_from_messages": settings.raises_from_messages,
                "topics": complaint_settings.format_topics(settings.topics),
                "complaint_hours": settings.complaint_hours,
                "after_sales_hours": settings.after_sales_hours,
                "asks_ratings": settings.asks_ratings,
            },
        )

    def to_arguments(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values["topics"] = complaint_settings.parse_topics(values["topics"])
        return values
