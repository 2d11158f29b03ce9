"""Staff accounts: the people who work here, whom no number counts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from qunce.console import http
from qunce.console.groups.forms import MAX_KEYS, split_keys
from qunce.core import errors
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.groups import labels, staff_lists
from qunce.groups.staff_roles import WORKING
from qunce.members.people import named_members, staff_accounts


class StaffAccountForm(forms.Form):
    keys = forms.CharField(
        label=gettext_lazy("Members"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Keys, phone numbers or e-mail addresses, one per line or separated by commas."
        ),
    )
    staff = forms.ModelChoiceField(
        label=gettext_lazy("Staff member"),
        queryset=Staff.objects.none(),
        required=False,
        empty_label=gettext_lazy("not known"),
    )

    def __init__(self, by: Staff, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["staff"]
        field.queryset = staff.list_all(by.community).filter(is_active=True)

    def clean_keys(self) -> list[str]:
        keys = split_keys(self.cleaned_data["keys"])
        if len(keys) > MAX_KEYS:
            text = _("At most %(n)s at a time.")
            raise forms.ValidationError(text % {"n": MAX_KEYS})
        return keys


@require_safe
@http.page(staff_accounts.MARK)
def staff_list(request: http.Request) -> HttpResponse:
    return _render_list(request, StaffAccountForm(request.staff))


def _render_list(request: http.Request, form: StaffAccountForm) -> HttpResponse:
    context = {
        "people": staff_lists.list_people(by=request.staff, at=request.at),
        "roles": _(", ").join(
            labels.label_of(labels.ROLES, role)
            for role in labels.ROLES
            if role in WORKING
        ),
        "role_labels": labels.ROLES,
        "form": form,
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/groups/staff_list.html", context, status=status
    )


@require_POST
@http.page(staff_accounts.MARK)
def mark_all(request: http.Request) -> HttpResponse:
    """Mark the members with these keys."""
    by, at = request.staff, request.at
    form = StaffAccountForm(by, request.POST)
    if form.is_valid():
        try:
            accounts = [
                named_members.get_by_key(by=by, key=key, at=at).pk
                for key in form.cleaned_data["keys"]
            ]
            count = staff_accounts.mark(
                accounts=accounts, staff=form.cleaned_data["staff"], by=by, at=at
            )
        except errors.QunceError as error:
            form.add_error("keys", str(error))
        else:
            text = ngettext(
                "%(n)s member is now marked as working here.",
                "%(n)s members are now marked as working here.",
                count,
            )
            http.flash(request, text % {"n": f"{count:,}"})
            return http.redirect_back(request, reverse("groups:staff-list"))
    return _render_list(request, form)


@require_POST
@http.page(staff_accounts.MARK)
def mark(request: http.Request, account: int) -> HttpResponse:
    staff_accounts.mark(accounts=[account], by=request.staff, at=request.at)
    http.flash(
        request,
        _("Marked as working here. No number counts them from now on."),
        undo=reverse("groups:staff-unmark", args=[account]),
    )
    return http.redirect_back(request, reverse("members:detail", args=[account]))


@require_POST
@http.page(staff_accounts.MARK)
def unmark(request: http.Request, account: int) -> HttpResponse:
    by, at = request.staff, request.at
    staff_accounts.unmark(account=account, by=by, at=at)
    row = staff_lists.get_person(account=account, by=by, at=at)
    if row.memberships:
        text = _(
            "Still not counted, as the role in “%(group)s” is that of people who work here."
        )
        http.flash(request, text % {"group": row.memberships[0].group}, level="info")
    else:
        text = _("Counted as a member again.")
        http.flash(request, text, undo=reverse("groups:staff-mark", args=[account]))
    back = reverse("members:detail", args=[account])
    if "list" in request.POST:
        back = reverse("groups:staff-list")
    return http.redirect_back(request, back)
