"""Somebody new; and the profile of a member: the name and every attribute."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters
from qunce.console.members.forms import MemberForm, ProfileForm, field_of
from qunce.core import errors, permissions
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.people import visibility

CHANNEL = "hand"


@require_http_methods(["GET", "POST"])
@http.page(accounts.EDIT)
def new(request: Request) -> HttpResponse:
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            account = _add(request, dict(form.cleaned_data))
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("%(name)s added.") % {"name": account})
            head = account_queries.account_ids_of_person(account.pk)[0]
            return http.back(request, reverse("members:detail", args=[head]))
    status = 422 if form.is_bound else 200
    context = {"form": form}
    return http.render(request, "console/members/new.html", context, status=status)


def _add(request: Request, given: dict[str, str]) -> account_models.Account:
    known = {kind: given[kind] for kind in ("phone", "email") if given[kind]}
    return accounts.create(
        community=request.community,
        key=given["key"] or f"m-{secrets.token_hex(5)}",
        name=given["name"],
        source=given["source"].strip(),
        channel=CHANNEL,
        identifiers=known,
        by=request.staff,
        at=request.at,
    )


@require_http_methods(["GET", "POST"])
@http.page(attributes.EDIT)
def profile(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.seen(request, pk)
    if member.id != pk:
        return redirect("members:update", pk=member.id)
    every = list(attributes.list_all(request.community))
    form = _form(request, member, every)
    if form.is_valid():
        changed = _save(request, member, every, form)
        if not form.errors:
            said = _("Saved.") if changed else _("Nothing was changed.")
            http.say(request, said)
            return http.back(request, reverse("members:detail", args=[pk]))
    context = {"member": member, "form": form, "past": _past(member, every)}
    status = 422 if form.is_bound else 200
    return http.render(request, "console/members/profile.html", context, status=status)


def _form(
    request: Request, member: presenters.Member, every: list[Attribute]
) -> ProfileForm:
    held = member.person.attributes
    return ProfileForm(
        request.POST or None,
        attributes=every,
        held={name: one.text for name, one in held.items()},
        name=member.person.name,
        may_rename=permissions.may(request.staff, accounts.EDIT),
    )


def _save(
    request: Request,
    member: presenters.Member,
    every: list[Attribute],
    form: ProfileForm,
) -> bool:
    """Only what differs is written: the rest keeps its source and its time."""
    about: dict[str, Any] = {"by": request.staff, "at": request.at}
    changed = False
    if "name" in form.changed_data:
        account = visibility.get(by=request.staff, account=member.id, at=request.at)
        try:
            accounts.update(account=account, name=form.cleaned_data["name"], **about)
            changed = True
        except errors.QunceError as error:
            form.add_error("name", str(error))
    for attribute in every:
        field = field_of(attribute)
        if field in form.changed_data:
            changed |= _set(member, attribute, form, field, about)
    return changed


def _set(
    member: presenters.Member,
    attribute: Attribute,
    form: ProfileForm,
    field: str,
    about: dict[str, Any],
) -> bool:
    """The first account keeps it; the others' values go to the history."""
    text = form.cleaned_data[field].strip()
    values: dict[int, str | None] = dict.fromkeys(member.family)
    values[member.id] = text or None
    try:
        return bool(attributes.set_values(attribute=attribute, values=values, **about))
    except errors.QunceError as error:
        form.add_error(field, str(error))
        return False


def _past(
    member: presenters.Member, every: list[Attribute]
) -> list[tuple[Attribute, list[attributes.HistoryEntry]]]:
    """What was known before, of those attributes that have such a thing."""
    found = [(one, attributes.list_history(one, member.family)) for one in every]
    return [(one, past) for one, past in found if past]
