"""The rule builder in the form of a staff member: which members they see.

It is part of that form, so that nothing is stored before the form is saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.segments import rule_draft
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.presenters import builder
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.rule_draft import Draft
    from qunce.core.staff.models import Staff

EVERYONE: Any = {"all": []}


def load(request: http.Request, staff_member: Staff | None) -> Draft:
    """The draft in the submitted form, after its button; else the stored scope.

    Raises RuleError for a rule that cannot be read.
    """
    choices = Choices(request.staff, request.at)
    if request.method != "POST" or "open" not in request.POST:
        text = request.POST.get("rule") if request.method == "POST" else None
        scope = staff_member.own_scope if staff_member else None
        if text:
            return rule_draft.load({"rule": text}, choices)
        return rule_draft.start(scope or EVERYONE)
    draft = rule_draft.load(request.POST, choices)
    if "do" in request.POST:
        return rule_draft.apply_action(draft, request.POST["do"], choices)
    return rule_draft.close_form(draft)


def find_error(draft: Draft) -> str:
    """Why the rule cannot be saved as a scope; empty if it can."""
    if draft.open:
        return _("One condition is incomplete. Complete or discard it.")
    return "" if draft.rule != EVERYONE else _("Add a condition first.")


def rule_text(draft: Draft, staff_member: Staff | None) -> str:
    """The rule as it is stored, which is the old one if only its form differs."""
    scope = staff_member.own_scope if staff_member else None
    if scope is not None and rule_draft.start(scope).rule == draft.rule:
        return rule_draft.dump(scope)
    return draft.rule_text


def context(request: http.Request, draft: Draft) -> dict[str, Any]:
    page = builder.build_page(draft, Choices(request.staff, request.at))
    return {"draft": draft, "page": page}


def context_after_error(
    request: http.Request, staff_member: Staff | None, error: RuleError
) -> dict[str, Any]:
    scope = staff_member.own_scope if staff_member else None
    return context(request, rule_draft.start(scope or EVERYONE))


def typed_values(data: QueryDict) -> dict[str, Any]:
    """What was typed into the fields, to show it again unchecked."""
    values: dict[str, Any] = {name: data.get(name) for name in data}
    return values | {"groups": data.getlist("groups")}


def render_part(request: http.Request, draft: Draft) -> HttpResponse:
    page = context(request, draft)
    return http.render(request, "console/settings/_scope.html", page)
