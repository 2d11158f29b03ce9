"""Forms of ideas, of pasted text, of feeds, and of who makes the picture by when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.console.moments import MomentField
from qunce.console.outreach.forms import MINUTE_FORMAT, MinuteInput
from qunce.core import permissions
from qunce.outreach import task_permissions
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas.ideas import BY_STAFF
from qunce.outreach.ideas.models import (
    MAX_NOTE_LENGTH,
    MAX_TITLE_LENGTH,
    MAX_URL_LENGTH,
    Feed,
    Idea,
)
from qunce.outreach.ideas.pasted_links import MAX_PASTED_LENGTH


def split_tags(text: str) -> list[str]:
    return text.replace("，", ",").replace("、", ",").split(",")


class TagsField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=gettext_lazy("Tags"), required=False, max_length=1_000, **options
        )

    def clean(self, value: Any) -> Any:
        return split_tags(super().clean(value))


class IdeaForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=MAX_TITLE_LENGTH)
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        # Line breaks of a form are two characters.
        max_length=MAX_NOTE_LENGTH * 2,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "What it is about, for whom, and what the picture shows."
        ),
    )
    url = forms.CharField(
        label=gettext_lazy("Web link"),
        required=False,
        max_length=MAX_URL_LENGTH,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Source"),
        choices=[(each.value, each.label) for each in BY_STAFF],
        widget=forms.RadioSelect,
        initial=BY_STAFF[0].value,
    )
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type"),
        choices=ContentType.choices,
        widget=forms.RadioSelect,
        initial=ContentType.KNOWLEDGE,
    )
    day = forms.DateField(
        label=gettext_lazy("Day that it is for"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    tags = TagsField(help_text=gettext_lazy("Separated by commas."))

    def __init__(self, data: Any = None, *, idea: Idea | None = None) -> None:
        super().__init__(data, initial=_initial_values(idea) if idea else None)
        # Feeds and festivals stay what an idea came from.
        if idea is not None and idea.source not in BY_STAFF:
            del self.fields["source"]


def _initial_values(idea: Idea) -> dict[str, Any]:
    names = ("title", "note", "url", "source", "content_type", "day")
    values = {name: getattr(idea, name) for name in names}
    return {**values, "tags": "，".join(idea.tags)}


class PasteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Text with links"),
        max_length=MAX_PASTED_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8, "placeholder": "https://"}),
        help_text=gettext_lazy(
            "Each link becomes an idea. The rest of its line becomes the note."
        ),
    )
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type"),
        choices=ContentType.choices,
        widget=forms.RadioSelect,
        initial=ContentType.KNOWLEDGE,
    )


class FeedForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address of the feed"),
        max_length=MAX_URL_LENGTH,
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/feed.xml"}),
        help_text=gettext_lazy("RSS or Atom. The server reads it every hour."),
    )
    title = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=MAX_TITLE_LENGTH,
        help_text=gettext_lazy("Leave it empty to use the feed's own."),
    )
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type of its ideas"),
        choices=ContentType.choices,
        widget=forms.RadioSelect,
        initial=ContentType.KNOWLEDGE,
    )
    tags = TagsField(help_text=gettext_lazy("Separated by commas. Its ideas get them."))

    def __init__(self, data: Any = None, *, feed: Feed | None = None) -> None:
        initial = None
        if feed is not None:
            initial = {
                "title": feed.title,
                "content_type": feed.content_type,
                "tags": "，".join(feed.tags),
            }
        super().__init__(data, initial=initial)
        if feed is not None:
            del self.fields["url"]


class AssignForm(forms.Form):
    """Those who do not oversee tasks can only take it themselves."""

    staff = forms.TypedChoiceField(label=gettext_lazy("Maker"), coerce=int)
    due_at = MomentField(
        label=pgettext_lazy("task", "Deadline"),
        input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=MinuteInput,
    )

    def __init__(self, request: http.Request, data: Any = None) -> None:
        super().__init__(data, initial={"staff": request.staff.pk})
        rows = task_permissions.list_assignable_staff(request.community)
        if not permissions.may(request.staff, task_permissions.OVERSEE_TASKS):
            rows = [row for row in rows if row.pk == request.staff.pk]
        fields: Any = self.fields
        fields["staff"].choices = [(row.pk, row.name) for row in rows]
