"""Forms of the members' pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.console.members import labels
from qunce.console.moments import MomentField
from qunce.core.staff.models import Staff
from qunce.members.attributes.attributes import Attribute, AttributeType, Section
from qunce.members.people import notes

YES_NO_CHOICES = (("", "–"), ("true", _("yes")), ("false", _("no")))


class NoteForm(forms.Form):
    prefix = "note"
    text = forms.CharField(
        label=_("Note text"),
        required=False,
        max_length=notes.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_step = forms.CharField(
        label=_("Next step"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": _("for example: call back")}),
    )
    due_at = MomentField(
        label=_("Due"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    staff = forms.ModelChoiceField(
        label=_("Assignee"),
        required=False,
        queryset=Staff.objects.none(),
        empty_label=None,
    )

    def __init__(self, *args: Any, by: Staff, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = Staff.objects.filter(community=by.community, is_active=True)
        assignable = active.exclude(password="!") | active.filter(pk=by.pk)  # noqa: S106 - marks system users, who cannot sign in
        field: Any = self.fields["staff"]
        field.queryset = assignable.order_by("name", "pk")
        self.initial.setdefault("staff", by.pk)
        local = timezone.localtime(at)
        self.fields["due_at"].widget.attrs["min"] = f"{local:%Y-%m-%dT%H:%M}"
        self.tomorrow = (local + timedelta(days=1)).replace(hour=10, minute=0)


class IdentifierForm(forms.Form):
    prefix = "identifier"
    kind = forms.ChoiceField(label=_("Kind"), choices=list(labels.KINDS.items()))
    value = forms.CharField(label=_("Number, address or ID"), max_length=200)


class MemberForm(forms.Form):
    """A new member. Without a key, one is generated."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=200)
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        help_text=_(
            "If another member already has this phone number, the two are merged."
        ),
    )
    email = forms.CharField(label=_("E-mail"), required=False, max_length=200)
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=200,
        help_text=_(
            "The key of this person in your files. Leave empty to generate one."
        ),
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=200,
        help_text=_(
            "Where this member came from, for example a street stall or a friend."
        ),
    )


class AttributeForm(forms.Form):
    """`name` and `type` can only be set when the attribute is created."""

    label = forms.CharField(label=_("Display name"), max_length=80)
    name = forms.CharField(
        label=_("Name in rules and files"),
        required=False,
        max_length=80,
        help_text=_("It cannot be changed later. Leave empty to use the display name."),
    )
    type = forms.ChoiceField(label=_("Value type"), choices=list(labels.TYPES.items()))
    section = forms.ChoiceField(
        label=_("Section"), choices=list(labels.SECTIONS.items()), initial=Section.BASIC
    )
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One per line. Leave empty to allow any text."),
    )
    is_contact = forms.BooleanField(
        label=_("Contact, masked like phone numbers"),
        required=False,
        help_text=_(
            "For values that reach the person, such as a WeChat ID or an address. "
            "Staff without the permission to read identifiers see them masked."
        ),
    )

    def __init__(
        self, *args: Any, attribute: Attribute | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if attribute is not None:
            del self.fields["name"], self.fields["type"]
            if attribute.type not in (
                AttributeType.CHOICE,
                AttributeType.MULTI,
                AttributeType.TEXT,
            ):
                del self.fields["choices"]

    def choice_lines(self) -> list[str]:
        text = self.cleaned_data.get("choices", "")
        return [line.strip() for line in text.splitlines() if line.strip()]


class AttributeTypeForm(forms.Form):
    """Another type, and what happens to values that it cannot hold."""

    type = forms.ChoiceField(
        label=_("New value type"), choices=list(labels.TYPES.items())
    )
    drop_unreadable = forms.BooleanField(
        label=_("Drop values that cannot be read"),
        required=False,
        help_text=_("They stay in the history of their members."),
    )


class PatternForm(forms.Form):
    text = forms.CharField(
        label=_("Pattern"),
        max_length=200,
        help_text=_(
            "Variables in braces are filled in. The text after a bar is used "
            "when there is no value, such as {stage|new}."
        ),
    )
    max_length = forms.IntegerField(
        label=_("Maximum characters"),
        min_value=4,
        max_value=100,
        help_text=_("WeChat and WeCom show at most 20 characters of a remark."),
    )


class ProfileForm(forms.Form):
    """The name and all attributes of one member, each with a field for its type."""

    def __init__(
        self,
        *args: Any,
        attributes: Sequence[Attribute],
        values: dict[str, str],
        name: str,
        may_rename: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if may_rename:
            self.fields["name"] = forms.CharField(
                label=pgettext_lazy("person", "Name"),
                max_length=200,
                required=False,
                initial=name,
            )
        for attribute in attributes:
            value = values.get(attribute.name, "")
            self.fields[field_name(attribute)] = build_field(attribute, value)


def field_name(attribute: Attribute) -> str:
    return f"a{attribute.pk}"


def build_field(attribute: Attribute, value: str) -> forms.Field:
    options: dict[str, Any] = {
        "label": attribute.label,
        "required": False,
        "initial": value,
    }
    if attribute.type == AttributeType.BOOL:
        options["initial"] = {str(_("yes")): "true", str(_("no")): "false"}.get(value)
        return forms.ChoiceField(choices=YES_NO_CHOICES, **options)
    if attribute.type == AttributeType.CHOICE and attribute.choices:
        # The current value stays selectable even if it no longer is a choice.
        values = dict.fromkeys(["", *([value] if value else []), *attribute.choices])
        choices = [(choice, choice or "–") for choice in values]
        return forms.ChoiceField(choices=choices, **options)
    if attribute.type == AttributeType.MULTI:
        options["help_text"] = _("Separate several values with semicolons.")
    if attribute.type == AttributeType.INSTANT:
        options["help_text"] = _("Use the format 2026-03-05 09:07.")
    if attribute.type == AttributeType.LUNAR:
        options["help_text"] = _("Write it like 八月十五 or 1990-08-15.")
    attrs = {"type": "date"} if attribute.type == AttributeType.DATE else {}
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(max_length=2_000, widget=widget, **options)
