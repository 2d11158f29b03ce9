"""Forms of group templates: the template, the group to copy, and numbered new groups."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console.groups.forms import CARD_FIELDS, GroupForm
from qunce.core.staff.models import Staff
from qunce.groups import labels, staff_lists, visibility
from qunce.groups.entry.models import MAX_NOTE
from qunce.groups.groups import Group
from qunce.outreach import task_permissions
from qunce.outreach.group_templates import new_groups, parts
from qunce.outreach.group_templates.models import GroupTemplate
from qunce.outreach.group_templates.parts import roles

LEAVE: StrOrPromise = gettext_lazy("leave as it is")
DETAILS = ("kind", "audience", "capacity", "threshold", "owner")
EMPTY_ROWS = 3


class CopyForm(forms.Form):
    """Which group to copy, and which parts of its setup."""

    group = forms.ModelChoiceField(
        label=gettext_lazy("Group to copy"),
        queryset=Group.objects.none(),
        empty_label=gettext_lazy("none, start from an empty template"),
        required=False,
    )
    part = forms.MultipleChoiceField(
        label=gettext_lazy("Parts"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, by: Staff, data: Any = None) -> None:
        visible = [part for part in parts.list_all() if part.is_visible_to(by)]
        copied = [part.key for part in visible if part.is_copied]
        super().__init__(data, initial={"part": copied})
        fields: Any = self.fields
        fields["group"].queryset = visibility.list_visible(by).order_by("name", "pk")
        fields["part"].choices = [(part.key, part.label) for part in visible]


class TemplateForm(forms.Form):
    """A field that is left empty is not part of the template."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    no_limit = forms.BooleanField(label=gettext_lazy("No limit"), required=False)
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("Somebody in the group must be"),
        choices=[(role, labels.ROLES[role]) for role in roles.ROLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(
        self,
        by: Staff,
        at: datetime,
        data: Any = None,
        *,
        name: str = "",
        content: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(data)
        self.by, content = by, content or {}
        self.initial["name"] = name
        self._add_group_fields(content)
        self._add_people(content.get("roles", {}), at)
        self._add_options(content)

    def _add_group_fields(self, content: dict[str, dict[str, Any]]) -> None:
        """The fields of a group, none of which is required here."""
        ours: Any = GroupForm(self.by.community).fields
        ours["threshold"] = forms.CharField(
            label=gettext_lazy("Entry threshold in words"),
            required=False,
            max_length=MAX_NOTE,
            help_text=gettext_lazy(
                "What a member must have done to join, for example bought once."
            ),
        )
        for name in (*DETAILS, *CARD_FIELDS):
            field = ours[name]
            field.required = False
            self.fields[name] = field
        fields: Any = self.fields
        for name in ("kind", "audience"):
            options = [one for one in fields[name].choices if one[0]]
            fields[name].choices = [("", LEAVE), *options]
        fields["capacity"].help_text = gettext_lazy(
            "Maximum number of people. Leave it empty if groups keep their own."
        )
        fields["owner"].empty_label = LEAVE
        fields["owner"].to_field_name = "login"
        details = content.get("details", {})
        self.initial.update({name: details.get(name) for name in DETAILS})
        self.initial.update(content.get("card", {}))
        self.initial["no_limit"] = details.get("capacity", 0) is None

    def _add_people(self, given: dict[str, Any], at: datetime) -> None:
        self.initial["needs"] = [
            field.removeprefix(roles.NEEDS)
            for field in given
            if field.startswith(roles.NEEDS)
        ]
        people = {
            str(row.account.pk): str(row.account)
            for row in staff_lists.list_people(by=self.by, at=at)
        }
        snapshot = roles.ROLES_PART.load([], given, self.by, at)
        chosen = [
            (str(pk), given[f"{roles.PERSON}{pk}"]) for pk in roles.list_people(given)
        ]
        people |= {pk: snapshot.label(f"{roles.PERSON}{pk}") for pk, _role in chosen}
        self.rows = len(chosen) + EMPTY_ROWS
        for n in range(self.rows):
            person, role = chosen[n] if n < len(chosen) else ("", "")
            self.fields[f"person_{n}"] = forms.ChoiceField(
                label=_("Person %(n)s") % {"n": n + 1},
                choices=[("", _("nobody")), *people.items()],
                required=False,
                initial=person,
            )
            self.fields[f"role_{n}"] = forms.ChoiceField(
                label=_("Role"),
                choices=[(key, labels.ROLES[key]) for key in roles.ROLES],
                required=False,
                initial=role or "service",
            )

    def _add_options(self, content: dict[str, dict[str, Any]]) -> None:
        self._options: dict[str, tuple[str, str]] = {}
        self.sections: list[tuple[StrOrPromise, list[str]]] = []
        for part in parts.list_all():
            names = []
            for option in part.list_options(self.by):
                name = f"option_{len(self._options)}"
                self._options[name] = part.key, option.field
                given = content.get(part.key, {})
                has_value = option.field in given
                self.fields[name] = forms.ChoiceField(
                    label=option.label,
                    choices=[
                        ("", LEAVE),
                        *((json.dumps(value), text) for value, text in option.values),
                    ],
                    required=False,
                    initial=json.dumps(given[option.field]) if has_value else "",
                )
                names.append(name)
            if names:
                self.sections.append((part.label, names))

    def option_sections(self) -> list[tuple[StrOrPromise, list[BoundField]]]:
        return [
            (label, [self[name] for name in names]) for label, names in self.sections
        ]

    def person_rows(self) -> list[tuple[BoundField, BoundField]]:
        return [(self[f"person_{n}"], self[f"role_{n}"]) for n in range(self.rows)]

    def details_fields(self) -> list[BoundField]:
        return [
            self[name]
            for name in (
                "kind",
                "audience",
                "threshold",
                "owner",
                "capacity",
                "no_limit",
            )
        ]

    def card_fields(self) -> list[BoundField]:
        return [self[name] for name in CARD_FIELDS]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("capacity") and values.get("no_limit"):
            self.add_error(
                "capacity", _("Enter a number, or choose no limit, not both.")
            )
        people = [values.get(f"person_{n}") for n in range(self.rows)]
        given = [person for person in people if person]
        if len(set(given)) < len(given):
            self.add_error(
                None, _("A person can have one role. Remove one of the rows.")
            )
        return values

    def to_content(self) -> dict[str, dict[str, Any]]:
        given = self.cleaned_data
        details = {name: given[name] for name in DETAILS if given[name]}
        if given["no_limit"]:
            details["capacity"] = None
        if given["owner"]:
            details["owner"] = given["owner"].login
        people = {
            f"{roles.PERSON}{given[f'person_{n}']}": given[f"role_{n}"] or "service"
            for n in range(self.rows)
            if given[f"person_{n}"]
        }
        content: dict[str, dict[str, Any]] = {
            "details": details,
            "card": {name: given[name] for name in CARD_FIELDS if given[name]},
            "roles": people | {f"{roles.NEEDS}{role}": True for role in given["needs"]},
        }
        for name, (part, field) in self._options.items():
            if given[name]:
                content.setdefault(part, {})[field] = json.loads(given[name])
        return {key: fields for key, fields in content.items() if fields}


class NewGroupsForm(forms.Form):
    pattern = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=new_groups.MAX_PATTERN,
        help_text=gettext_lazy("Write {n} in place of the number: “Book club {n}”."),
    )
    first = forms.IntegerField(
        label=gettext_lazy("From"), min_value=0, max_value=new_groups.MAX_NUMBER
    )
    last = forms.IntegerField(
        label=gettext_lazy("To"), min_value=0, max_value=new_groups.MAX_NUMBER
    )
    platform = forms.ChoiceField(
        label=gettext_lazy("Platform"), choices=list(labels.PLATFORMS.items())
    )
    staff = forms.ModelMultipleChoiceField(
        label=gettext_lazy("People who open the chats"),
        queryset=Staff.objects.none(),
        required=False,
        help_text=gettext_lazy(
            "No channel opens chats automatically. These people get a task with the names."
        ),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, template: GroupTemplate, by: Staff, data: Any = None) -> None:
        initial = {"pattern": template.name + " {n}", "first": 1, "last": 10}
        super().__init__(data, initial=initial | {"platform": "wecom"})
        field: Any = self.fields["staff"]
        assignable = task_permissions.list_assignable_staff(by.community)
        field.queryset = Staff.objects.filter(
            pk__in=[staff.pk for staff in assignable]
        ).order_by("name", "pk")

    def to_numbering(self) -> new_groups.Numbering:
        names = ("pattern", "first", "last", "platform")
        return new_groups.Numbering(**{name: self.cleaned_data[name] for name in names})
