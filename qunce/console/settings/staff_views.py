"""Pages of staff: the list, one staff staff_member, and the form of a new one."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings import scope_form, user_agents
from qunce.console.settings.forms import StaffForm, initial_values
from qunce.core import errors, permissions
from qunce.core.staff import (
    login_attempts,
    provider_accounts,
    sessions,
    staff,
    two_factor,
)
from qunce.core.staff.models import Staff
from qunce.members.rule_text import contact_masks, sentences
from qunce.members.rule_text import names as rule_names
from qunce.sets import audiences
from qunce.sets.rules.phrasing import Pieces

PAGE_SIZE = 100


@require_GET
@http.page(permissions.MANAGE_STAFF)
def staff_list(request: Request) -> HttpResponse:
    permissions.check_manage_staff(request.staff)
    query, inactive = request.GET.get("q", "").strip()[:120], "inactive" in request.GET
    matching = staff.list_all(request.community).filter(is_active=not inactive)
    if query:
        matching = matching.filter(Q(login__icontains=query) | Q(name__icontains=query))
    after = request.GET.get("after", "")[: staff.MAX_LENGTH]
    rows = list(matching.filter(login__gt=after)[: PAGE_SIZE + 1])
    page = rows[:PAGE_SIZE]
    with_two_factor = set(
        two_factor.AuthenticatorApp.objects.filter(
            user__in=page, confirmed=True
        ).values_list("user_id", flat=True)
    )
    context = {
        "rows": [
            (staff_member, staff_member.pk in with_two_factor) for staff_member in page
        ],
        "after": page[-1].login if len(rows) > PAGE_SIZE else "",
        "query": query,
        "inactive": inactive,
        "two_factor_required": request.community.two_factor_required,
    }
    return http.render(request, "console/settings/staff_list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@http.page(permissions.MANAGE_STAFF)
def staff_create(request: Request) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    form, scope = _load_form(request, None)
    if request.htmx and "do" in request.POST:
        return scope_form.render_part(request, scope)
    if form.is_valid():
        password = generate_password()
        try:
            staff_member = staff.add(
                by=by, at=request.at, password=password, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return render_password(request, staff_member, password)
    return _render_form(request, form, "console/settings/staff_create.html", **scope)


def _load_form(
    request: Request, staff_member: Staff | None
) -> tuple[StaffForm, dict[str, Any]]:
    return scope_form.load_form(
        request,
        scope_form.of_staff(staff_member),
        initial_values(staff_member),
        lambda data, initial: StaffForm(request.staff, data, initial=initial),
    )


def render_password(
    request: Request, staff_member: Staff, password: str
) -> HttpResponse:
    """Render a temporary password, which is shown only once."""
    context = {"staff_member": staff_member, "password": password}
    return http.render(request, "console/settings/staff_password.html", context)


def generate_password() -> str:
    """Return a random password of 80 bits: four groups of four letters to read out."""
    letters = [secrets.choice(two_factor.ALPHABET) for _index in range(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def staff_detail(request: Request, pk: int) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    staff_member = staff.get(by, pk)
    form, scope = _load_form(request, staff_member)
    if request.htmx and "do" in request.POST:
        return scope_form.render_part(request, scope)
    if form.is_valid():
        try:
            staff.update(
                staff=staff_member, by=by, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(
                request, reverse("settings:staff-detail", args=[pk])
            )
    staff_member = staff.get(by, pk)  # as stored, not as typed
    context = scope | _detail_context(request, staff_member)
    return _render_form(request, form, "console/settings/staff_detail.html", **context)


def _detail_context(request: Request, staff_member: Staff) -> dict[str, Any]:
    count = None
    pieces: Pieces = ()
    if staff_member.scope is not None:
        names = rule_names.find(staff_member.community, staff_member.scope)
        shown = contact_masks.masked(staff_member.scope, request.staff)
        pieces = sentences.describe(shown, names)
        count = audiences.count(
            community=staff_member.community,
            rule=audiences.EVERYONE,
            by=staff_member,
            at=request.at,
        )
    active = sessions.list_active(staff_member, request.at)
    return {
        "staff_member": staff_member,
        "pieces": pieces,
        "visible_count": count,
        "may_edit": permissions.may_manage_staff(request.staff, staff_member),
        "has_two_factor": two_factor.is_enabled(staff_member),
        "has_provider": provider_accounts.is_linked(staff_member),
        "is_blocked": login_attempts.is_blocked(
            "login", staff_member.login, request.at
        ),
        "sessions": [
            (session, user_agents.describe(session.agent)) for session in active
        ],
    }


def _render_form(
    request: Request, form: forms.Form, template: str, **context: Any
) -> HttpResponse:
    status = 422 if form.errors else 200
    return http.render(request, template, {"form": form, **context}, status=status)
