"""The page of how identifiers are read, and of people who were erased."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import labels
from qunce.core import errors, permissions
from qunce.members.accounts import (
    identifiers,
    identity_settings,
    masking,
    placeholders,
    suppression,
)
from qunce.members.people import shared_identifiers

MAX_SHARED_SHOWN = 100


class IdentityForm(forms.Form):
    shared_identifier_limit = forms.IntegerField(
        label=gettext_lazy("People who may share an identifier"),
        min_value=1,
        max_value=1_000,
        help_text=gettext_lazy(
            "A phone number under more names, or of twice as many accounts, merges nobody."
        ),
    )


class PlaceholderForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("One more text"), max_length=200)


class LiftForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(identifiers.KEY, gettext_lazy("Key")), *labels.KINDS.items()],
        initial="phone",
    )
    value = forms.CharField(label=gettext_lazy("Number, address or ID"), max_length=200)


@require_GET
@http.page(placeholders.EDIT)
def identity(request: Request) -> HttpResponse:
    return _render(request)


@require_POST
@http.page(placeholders.EDIT)
def update_identity(request: Request) -> HttpResponse:
    form = IdentityForm(request.POST)
    if form.is_valid():
        try:
            identity_settings.update(
                community=request.community,
                region=request.community.region,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _done(request, _("Saved."))
    return _render(request, form=form)


@require_POST
@http.page(placeholders.EDIT)
def add_placeholder(request: Request) -> HttpResponse:
    form = PlaceholderForm(request.POST)
    if form.is_valid():
        try:
            placeholders.add(
                community=request.community,
                text=form.cleaned_data["text"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error("text", str(error))
        else:
            return _done(request, _("Saved."))
    return _render(request, placeholder_form=form)


@require_POST
@http.page(placeholders.EDIT)
def delete_placeholder(request: Request, pk: int) -> HttpResponse:
    placeholder = placeholders.get(request.community, pk)
    placeholders.delete(placeholder=placeholder, by=request.staff, at=request.at)
    return _done(request, _("Deleted."))


@require_POST
@http.page(suppression.LIFT)
def lift_suppression(request: Request) -> HttpResponse:
    form = LiftForm(request.POST)
    if form.is_valid():
        try:
            suppression.lift(
                community=request.community,
                kind=form.cleaned_data["kind"],
                value=form.cleaned_data["value"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error("value", str(error))
        else:
            return _done(request, _("This person can be added as a member again."))
    return _render(request, lift_form=form)


@require_POST
@http.page(placeholders.EDIT)
def unmark_shared(request: Request, pk: int) -> HttpResponse:
    shared = shared_identifiers.get(request.community, pk)
    try:
        joins = shared_identifiers.unmark(
            shared=shared, by=request.staff, at=request.at
        )
    except shared_identifiers.StillShared as error:
        return _render(request, shared_error=str(error))
    count = len(joins.merged)
    text = ngettext("%(count)d merge was made.", "%(count)d merges were made.", count)
    return _done(request, text % {"count": count})


def _done(request: Request, message: str) -> HttpResponse:
    http.flash(request, message)
    return http.redirect_back(request, reverse("settings:identity"))


def _render(request: Request, **bound: forms.Form | str) -> HttpResponse:
    community = request.community
    shared = shared_identifiers.list_all(community)
    context = {
        "form": IdentityForm(
            initial={
                "shared_identifier_limit": community.shared_identifier_limit,
            }
        ),
        "placeholder_form": PlaceholderForm(),
        "lift_form": LiftForm(),
        "own_placeholders": placeholders.list_own(community),
        "usual_placeholders": sorted(identifiers.DEFAULT_PLACEHOLDERS),
        "shared": [
            (
                row.pk,
                labels.label_of(labels.KINDS, row.kind),
                masking.identifier(kind=row.kind, value=row.value, by=request.staff),
                row.account_count,
                row.found_at,
            )
            for row in shared[:MAX_SHARED_SHOWN]
        ],
        "suppressed": suppression.count(community),
        "may_lift": permissions.may(request.staff, suppression.LIFT),
        **bound,
    }
    status = 422 if bound else 200
    return http.render(
        request, "console/settings/identity.html", context, status=status
    )
