"""The rule builder in the form of a staff member or a unit: which members they see.

It is part of that form, so that nothing is stored before the form is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.segments import rule_draft
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.presenters import builder
from qunce.console.settings import forms
from qunce.members.rule_text import contact_masks
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.rule_draft import Draft
    from qunce.core.staff.models import Staff
    from qunce.core.staff.units import Unit

EVERYONE: Any = {"all": []}
MADE = TypeVar("MADE", bound=forms.ScopeForm)


@dataclass(frozen=True)
class Holder:
    """A staff member or a unit with a scope, which is the stored rule; None is no limit.

    `me` is the id of the staff member whom “me” in the rule means. It is 0, who has no
    members in charge, for somebody who is to be created, and for a unit, whose staff
    have different members.
    """

    scope: Any
    me: int = 0


def of_staff(staff_member: Staff | None) -> Holder:
    if staff_member is None:
        return Holder(None)
    return Holder(staff_member.own_scope, staff_member.pk)


def of_unit(unit: Unit | None) -> Holder:
    return Holder(unit.scope if unit else None)


def load_form(
    request: http.Request,
    holder: Holder,
    initial: dict[str, Any],
    make: Callable[[QueryDict | None, dict[str, Any]], MADE],
) -> tuple[MADE, dict[str, Any]]:
    """The form, and the context of the rule builder in it.

    After a button of the builder the form is shown again without being checked. `make`
    makes the form of data and initial values.
    """
    try:
        draft = load(request, holder)
    except RuleError as error:
        form = make(request.POST, initial)
        form.add_error("visible_members", error.message)
        return form, context(
            request, rule_draft.start(holder.scope or EVERYONE), holder
        )
    shown = context(request, draft, holder)
    if "do" in request.POST:
        return make(None, initial | typed_values(request.POST)), shown
    data = None
    if request.method == "POST":
        data = request.POST.copy()
        data["rule"] = rule_text(draft, holder)
    form = make(data, initial)
    if data and data.get("visible_members") == forms.RULE:
        problem = find_error(draft)
        if problem:
            form.add_error("visible_members", problem)
    return form, shown


def load(request: http.Request, holder: Holder) -> Draft:
    """The draft in the submitted form, after its button; else the stored scope.

    Raises RuleError for a rule that cannot be read.
    """
    contact_masks.check_readable(holder.scope, request.staff)
    choices = Choices(request.staff, request.at, holder.me)
    if request.method != "POST" or "open" not in request.POST:
        text = request.POST.get("rule") if request.method == "POST" else None
        if text:
            return rule_draft.load({"rule": text}, choices)
        return rule_draft.start(holder.scope or EVERYONE)
    draft = rule_draft.load(request.POST, choices)
    if "do" in request.POST:
        return rule_draft.apply_action(draft, request.POST["do"], choices)
    return rule_draft.close_form(draft)


def find_error(draft: Draft) -> str:
    """Why the rule cannot be saved as a scope; empty if it can."""
    if draft.open:
        return _("One condition is incomplete. Complete or discard it.")
    return "" if draft.rule != EVERYONE else _("Add a condition first.")


def rule_text(draft: Draft, holder: Holder) -> str:
    """The rule as it is stored, which is the old one if only its form differs."""
    scope = holder.scope
    if scope is not None and rule_draft.start(scope).rule == draft.rule:
        return rule_draft.dump(scope)
    return draft.rule_text


def context(request: http.Request, draft: Draft, holder: Holder) -> dict[str, Any]:
    choices = Choices(request.staff, request.at, holder.me)
    return {"draft": draft, "page": builder.build_page(draft, choices)}


def typed_values(data: QueryDict) -> dict[str, Any]:
    """What was typed into the fields, to show it again unchecked."""
    values: dict[str, Any] = {name: data.get(name) for name in data}
    lists = ("groups", "visible_groups")
    # The groups of a unit are several, those of a staff member one of two choices.
    return values | {
        name: data.getlist(name) for name in lists if name == "groups" or "kind" in data
    }


def render_part(request: http.Request, shown: dict[str, Any]) -> HttpResponse:
    return http.render(request, "console/settings/_scope.html", shown)
