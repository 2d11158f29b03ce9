"""Editing one field of a member in its place: the name, an attribute, the staff, …

With htmx the form replaces the value and the new value the form; without JavaScript the
form is a page of its own, which leads back to the field.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters, summary
from qunce.console.members.forms import build_field
from qunce.console.moments import MomentField
from qunce.core import errors, permissions
from qunce.members.accounts import accounts
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.staff_in_charge import assignments

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_KEY_LENGTH = 30


class FieldNotFound(errors.NotFound):
    """Members have no such field."""


@dataclass(frozen=True)
class Change:
    """What the user reads after a change, and the URL that undoes it, if there is one."""

    text: str
    undo: str = ""


class MemberField(ABC):
    """A field of one member, that they have or could have."""

    key: str
    label: StrOrPromise
    permission: ClassVar[str]

    def __init__(self, member: presenters.Member) -> None:
        self.member = member

    @abstractmethod
    def form_field(self) -> forms.Field:
        """The form's field, with the present value as `initial`."""

    @abstractmethod
    def save(self, value: Any, context: Mapping[str, Any]) -> None:
        """Store a cleaned value; raises a QunceError with what is wrong."""

    def change(self, value: Any, context: Mapping[str, Any]) -> Change:
        """Store a cleaned value, and return what was changed."""
        self.save(value, context)
        return Change(_("Saved."))


class NameField(MemberField):
    key, label = "name", pgettext_lazy("person", "Name")
    permission = accounts.EDIT

    def form_field(self) -> forms.Field:
        return forms.CharField(max_length=200, initial=self.member.person.name)

    def save(self, value: Any, context: Mapping[str, Any]) -> None:
        # That of the account which gives the person their name.
        named = [row for row in self.member.person.accounts if row.name]
        account = (named or self.member.person.accounts)[0]
        accounts.update(account=account, name=value, **context)


class JoinedField(MemberField):
    key, label = "joined", gettext_lazy("Joined")
    permission = accounts.EDIT

    def form_field(self) -> forms.Field:
        widget = forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        )
        joined = timezone.localtime(self.member.person.joined_at)
        return MomentField(
            widget=widget, initial=joined.replace(second=0, microsecond=0)
        )

    def save(self, value: datetime, context: Mapping[str, Any]) -> None:
        if value > context["at"]:
            raise errors.Invalid(_("This time is in the future."))
        first = min(
            self.member.person.accounts, key=lambda row: (row.joined_at, row.pk)
        )
        accounts.update(account=first, joined_at=value, **context)


class StaffField(MemberField):
    key, label = "staff", gettext_lazy("Staff in charge")
    permission = assignments.ASSIGN

    def form_field(self) -> forms.Field:
        staff = assignments.list_assignable(self.member.by.community)
        current = summary.staff_of(self.member)
        choices = [("", "–"), *((str(each.pk), each.name) for each in staff)]
        # One who has left stays shown until another one is chosen.
        if current and current not in staff:
            choices.append((str(current.pk), current.name))
        initial = str(current.pk) if current else ""
        return forms.ChoiceField(choices=choices, initial=initial, required=False)

    def change(self, value: str, context: Mapping[str, Any]) -> Change:
        before = summary.staff_of(self.member)
        self.save(value, context)
        staff = summary.staff_of(self.member)
        text = (
            _("%(name)s is in charge of %(member)s now.")
            if staff
            else _("Nobody is in charge of %(member)s now.")
        )
        name = staff.name if staff else ""
        url = reverse("members:field", args=[self.member.id, self.key])
        query = urlencode({"undo": before.pk if before else ""})
        return Change(
            text % {"name": name, "member": self.member.name}, f"{url}?{query}"
        )

    def save(self, value: str, context: Mapping[str, Any]) -> None:
        community = self.member.by.community
        by_id = {str(each.pk): each for each in assignments.list_assignable(community)}
        if value and value not in by_id:
            raise assignments.StaffNotFound(_("There is no such staff member."))
        assignments.assign(
            community=community,
            accounts=[self.member.id],
            staff=by_id.get(value),
            **context,
        )


class AttributeField(MemberField):
    permission = attributes.EDIT

    def __init__(self, member: presenters.Member, attribute: Attribute) -> None:
        super().__init__(member)
        self.attribute = attribute
        self.key, self.label = f"attr-{attribute.pk}", attribute.label

    def form_field(self) -> forms.Field:
        value = self.member.person.attributes.get(self.attribute.name)
        text = value.text if value else ""
        # Nobody may save the dots of a contact that they cannot read.
        hidden = attribute_texts.is_masked(self.attribute, self.member.by)
        return build_field(self.attribute, "" if hidden else text)

    def save(self, value: str, context: Mapping[str, Any]) -> None:
        # At the first account; it is cleared at the others, which would else show through.
        values: dict[int, str | None] = dict.fromkeys(self.member.account_ids)
        values[self.member.id] = value.strip() or None
        attributes.set_values(attribute=self.attribute, values=values, **context)


SIMPLE_FIELDS: tuple[type[MemberField], ...] = (NameField, JoinedField, StaffField)


def find(member: presenters.Member, key: str) -> MemberField:
    """The field with this key; raises FieldNotFound."""
    for field in SIMPLE_FIELDS:
        if field.key == key:
            return field(member)
    number = key.removeprefix("attr-")
    if key.startswith("attr-") and number.isascii() and number.isdigit():
        rows = attributes.list_all(member.by.community)
        attribute = rows.filter(pk=int(number)).first()
        if attribute is not None and len(key) <= MAX_KEY_LENGTH:
            return AttributeField(member, attribute)
    raise FieldNotFound(_("There is no such field."))


class FieldForm(forms.Form):
    use_required_attribute = False

    def __init__(self, field: MemberField, data: Any = None) -> None:
        super().__init__(data, prefix=field.key)
        form_field = field.form_field()
        form_field.label = field.label
        form_field.widget.attrs["autofocus"] = True
        self.fields["value"] = form_field


@require_http_methods(["GET", "POST"])
@http.page()
def edit_field(request: Request, pk: int, key: str) -> HttpResponseBase:
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:field", pk=member.id, key=key)
    field = find(member, key)
    permissions.check_may(request.staff, field.permission)
    if request.method == "GET" and "shown" in request.GET:
        return _render_value(request, member, key)
    # An undo posts no form, but the URL with the value of before.
    undone = {f"{key}-value": request.GET["undo"]} if "undo" in request.GET else None
    form = FieldForm(field, undone or request.POST or None)
    if request.method == "POST" and form.is_valid():
        change = None
        try:
            if form.has_changed():
                context = {"by": request.staff, "at": request.at}
                change = field.change(form.cleaned_data["value"], context)
        except errors.QunceError as error:
            form.add_error("value", str(error))
        else:
            if request.htmx:
                fresh = presenters.get_visible_member(request, pk)
                return _render_value(request, fresh, key, change)
            if change:
                undo = None if undone else change.undo or None
                http.flash(request, change.text, undo=undo)
            url = reverse("members:detail", args=[pk])
            return http.redirect_back(request, f"{url}#f-{key}")
    return http.render(
        request,
        "console/members/field.html",
        {"member": member, "field": field, "form": form},
        part="console/members/_field_form.html",
        status=422 if form.errors else 200,
    )


def _render_value(
    request: Request, member: presenters.Member, key: str, change: Change | None = None
) -> HttpResponse:
    """The field as the page shows it, with the focus on what opened the form."""
    # A change without an undo is seen in its place.
    change = change if change and change.undo else None
    context = {"member": member, "focus": key, "change": change}
    context |= value_context(member, key)
    template = "console/members/_field_value.html"
    return http.render(request, template, context)


def value_context(member: presenters.Member, key: str) -> dict[str, Any]:
    """What the template of one value needs."""
    if key == StaffField.key:
        return {"key": key, "staff": summary.staff_of(member), "may_change": True}
    if key in (NameField.key, JoinedField.key):
        return {"key": key, "may_change": True}
    number = key.removeprefix("attr-")
    rows = [row for _label, rows in member.profile for row in rows]
    row = next((row for row in rows if str(row.attribute.pk) == number), None)
    return {"key": key, "row": row, "may_change": True}
