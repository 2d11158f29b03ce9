"""Pages of what a rule would change or has changed, with the people of each change."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.tag_rules import presenters
from qunce.console.tag_rules.presenters import ChangeRow
from qunce.core import errors, permissions
from qunce.members.tag_rules import previews, runs, tag_states
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import MANAGE, VIEW, Mode
from qunce.members.tag_rules.previews import Plan

DAYS = (1, 7, 30, 90)
"""Of how many past days the events are tried."""


@require_GET
@http.page(VIEW)
def dry_run(request: http.Request, pk: int) -> HttpResponse:
    """What a run would change now, or what the events of some days would have."""
    rule = rules.get(by=request.staff, pk=pk)
    days = _number(request, "days", 30)
    context: dict[str, Any] = {
        "rule": rule,
        "is_event": rule.mode == Mode.EVENT,
        "days": days,
        "day_choices": DAYS,
        "sentence": presenters.sentence_of(rule, request.staff),
        "effects": presenters.effects_of(rule),
    }
    try:
        plan = previews.dry_run(rule=rule, by=request.staff, at=request.at, days=days)
    except errors.QunceError as error:
        context["problem"] = str(error)
        return http.render(
            request, "console/tag_rules/dry_run.html", context, status=422
        )
    query = {"days": days} if context["is_event"] else {}
    rows = presenters.rows_of_plan(plan, _number(request, "change", 0), query)
    context |= {
        "rows": rows,
        "matched": len(plan.matched),
        "fact_count": plan.fact_count,
        **_list_people(request, rows, plan),
    }
    return http.render(request, "console/tag_rules/dry_run.html", context)


@require_GET
@http.page(VIEW)
def run_detail(request: http.Request, pk: int) -> HttpResponse:
    run = runs.get(by=request.staff, pk=pk)
    rows = presenters.rows_of_run(run, _number(request, "change", 0))
    context = {
        "run": run,
        "rule": run.rule,
        "summary": presenters.run_summary(run),
        "rows": rows,
        "may_undo": runs.may_undo(run, request.staff),
        "may_manage": permissions.may(request.staff, MANAGE),
        **_list_people(request, rows),
    }
    return http.render(request, "console/tag_rules/run.html", context)


@require_GET
@http.page(VIEW)
def member_list(request: http.Request, pk: int) -> HttpResponse:
    """The members who have a tag from the rule."""
    rule = rules.get(by=request.staff, pk=pk)
    people = tag_states.people_by_rule(rule.source)
    pages = _paginate(request, people)
    context = {
        "rule": rule,
        "people": presenters.person_rows(
            list(pages.object_list), by=request.staff, at=request.at
        ),
        "pages": pages,
        "title": _("Members with a tag by this rule"),
    }
    return http.render(request, "console/tag_rules/members.html", context)


def _list_people(
    request: http.Request, rows: list[ChangeRow], plan: Plan | None = None
) -> dict[str, Any]:
    """The people of the change that is chosen."""
    chosen = next((row for row in rows if row.is_chosen), None)
    if chosen is None:
        return {}
    pages = _paginate(request, chosen.people)
    people = presenters.person_rows(
        list(pages.object_list), by=request.staff, at=request.at, plan=plan
    )
    return {"chosen": chosen, "people": people, "pages": pages}


def _paginate(request: http.Request, people: Any) -> Any:
    """A page of a bitmap, which is sliced and counted like a list."""
    pages = Paginator(people, presenters.PEOPLE_PER_PAGE)
    return pages.get_page(request.GET.get("page"))


def _number(request: http.Request, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 6 else default
