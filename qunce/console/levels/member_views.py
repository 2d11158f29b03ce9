"""The level, badges and memberships of one member, and what staff do by hand."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.levels import (
    badges,
    cards,
    level_facts,
    level_phrases,
    memberships,
)
from qunce.console import http
from qunce.console.levels.actions import act
from qunce.console.levels.forms import AwardForm, ReasonForm, TermForm
from qunce.console.members import presenters
from qunce.core import errors, permissions
from qunce.members.accounts import queries as account_queries


@require_GET
@http.page()
def member(request: http.Request, pk: int) -> HttpResponseBase:
    found = presenters.get_visible_member(request, pk)
    if found.id != pk:
        return redirect("levels:member", pk=found.id)
    return http.render(request, "console/levels/member.html", _context(request, found))


def _context(request: http.Request, found: Any) -> dict[str, Any]:
    own = account_queries.account_ids_of_person(found.id)
    may_award = permissions.may(request.staff, level_facts.AWARD)
    context = {
        "member": found,
        "standing": cards.find(account_id=found.id, at=request.at),
        "terms": [
            (row, level_phrases.day(row.first_day), level_phrases.day(row.last_day))
            for row in memberships.list_terms(own)
        ],
        "may_award": may_award,
    }
    if may_award:
        rows = badges.list_all(request.staff)
        plans = memberships.list_plans(request.staff)
        key = secrets.token_hex(8)
        context |= {
            "award_form": AwardForm(None, rows=rows) if rows else None,
            "term_form": TermForm(None, plans=plans, key=key) if plans else None,
            "reason_form": ReasonForm(),
        }
    return context


@require_POST
@http.page(level_facts.AWARD)
def award_badge(request: http.Request, pk: int) -> HttpResponse:
    presenters.get_visible_member(request, pk)
    form = AwardForm(request.POST, rows=badges.list_all(request.staff))

    def verb() -> str:
        cleaned = _clean(form)
        badge = badges.get(by=request.staff, pk=cleaned["badge"])
        badges.award(
            badge=badge,
            account_id=pk,
            by=request.staff,
            at=request.at,
            reason=cleaned["reason"],
        )
        return _("The member has the badge “%(badge)s”.") % {"badge": badge.name}

    return act(request, verb, reverse("levels:member", args=[pk]))


@require_POST
@http.page(level_facts.AWARD)
def revoke_badge(request: http.Request, pk: int, badge: int) -> HttpResponse:
    presenters.get_visible_member(request, pk)

    def verb() -> str:
        cleaned = _clean(ReasonForm(request.POST))
        row = badges.get(by=request.staff, pk=badge)
        badges.revoke(
            badge=row,
            account_id=pk,
            by=request.staff,
            at=request.at,
            reason=cleaned["reason"],
        )
        return _("Revoked. No rule awards it to this member again.")

    return act(request, verb, reverse("levels:member", args=[pk]))


@require_POST
@http.page(level_facts.AWARD)
def enter_term(request: http.Request, pk: int) -> HttpResponse:
    presenters.get_visible_member(request, pk)
    form = TermForm(request.POST, plans=memberships.list_plans(request.staff))

    def verb() -> str:
        cleaned = _clean(form)
        term = memberships.enter(
            plan=memberships.get_plan(by=request.staff, pk=cleaned["plan"]),
            account_id=pk,
            key=cleaned["key"],
            by=request.staff,
            at=request.at,
            reason=cleaned["reason"],
            months=cleaned["months"],
        )
        day = level_phrases.day(term.last_day)
        return _("Entered. The membership lasts until %(day)s.") % {"day": day}

    return act(request, verb, reverse("levels:member", args=[pk]))


@require_POST
@http.page(level_facts.AWARD)
def cancel_term(request: http.Request, pk: int) -> HttpResponse:
    term = memberships.get_term(by=request.staff, pk=pk, at=request.at)

    def verb() -> str:
        cleaned = _clean(ReasonForm(request.POST))
        memberships.cancel(
            term=term, by=request.staff, at=request.at, reason=cleaned["reason"]
        )
        return _("Cancelled. Terms after it move forward.")

    person = account_queries.person_ids([term.account_id])[term.account_id]
    return act(request, verb, reverse("levels:member", args=[person]))


def _clean(form: Any) -> dict[str, Any]:
    """The cleaned data, or an error with the first sentence that names its field."""
    if form.is_valid():
        cleaned: dict[str, Any] = form.cleaned_data
        return cleaned
    name, found = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else ""
    raise errors.Invalid(f"{label}: {found[0]}")
