"""Pages of cases: the queue, all cases, one case, pasted messages, and appeals."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.moderation import presenters
from qunce.console.moderation.forms import AnswerForm, PasteForm
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.actions import safety_stops
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.models import CaseState
from qunce.groups.moderation.moderation_permissions import DECIDE, VIEW
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import appeals, mass_actions
from qunce.members.message_texts import message_texts

PAGE_SIZE, QUEUE_SIZE = 50, 100


@require_GET
@http.page(VIEW)
def queue(request: http.Request) -> HttpResponse:
    """The cases that wait, with one of them in full: a key decides it and shows the next."""
    by, at = request.staff, request.at
    waiting = cases.list_queue(by=by, at=at, limit=QUEUE_SIZE)
    wanted = paging.parse_number(request, "case", maximum=2**31 - 1)
    index = next((i for i, case in enumerate(waiting) if case.number == wanted), 0)
    current = waiting[index] if waiting else None
    context: dict[str, Any] = {
        "waiting": waiting,
        "may_read": permissions.may(by, message_texts.READ),
        "count": cases.count_queue(by=by, at=at),
        "card": presenters.card(request, current) if current else None,
        "previous": waiting[index - 1] if index else None,
        "following": waiting[index + 1] if index + 1 < len(waiting) else None,
        "has_rules": bool(rules.list_all(by)),
        "appeals": len(appeals.list_open(by, at)),
        "mass_actions": len(mass_actions.list_waiting(by, at)),
        "stops": list(safety_stops.list_active(by)),
        "dropped": presenters.dropped_rules(by),
    }
    return http.render(request, "console/moderation/queue.html", context)


@require_GET
@http.page(VIEW)
def case_list(request: http.Request) -> HttpResponse:
    """All cases, the latest first, by state, rule and group."""
    by, at = request.staff, request.at
    rows = cases.list_visible(by, at)
    state = request.GET.get("state", "")
    if state in CaseState.values:
        rows = rows.filter(state=state)
    listed = rules.list_all(by)
    rule = request.GET.get("rule", "")
    if rule in {row.key for row in listed}:
        rows = rows.filter(rule__key=rule)
    groups = list(group_visibility.list_visible(by).values_list("pk", "name"))
    group = paging.parse_number(request, "group")
    if group in dict(groups):
        rows = rows.filter(group_id=group)
    page = max(1, min(paging.parse_number(request, "page", 1), 10_000))
    found = list(
        rows.order_by("-number")[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1]
    )
    context = {
        "cases": [
            (case, presenters.consequence(case.rung, case.minutes))
            for case in found[:PAGE_SIZE]
        ],
        "states": CaseState.choices,
        "state": state,
        "rules": listed,
        "rule": rule,
        "groups": groups,
        "group": group,
        "next": paging.link(request, page=page + 1) if len(found) > PAGE_SIZE else "",
        "first": paging.link(request, page=None) if page > 1 else "",
    }
    return http.render(request, "console/moderation/case_list.html", context)


@require_GET
@http.page(VIEW)
def case_detail(request: http.Request, number: int) -> HttpResponse:
    by, at = request.staff, request.at
    case = cases.get(by=by, number=number, at=at)
    own = appeals.list_visible(by, at).filter(case=case)
    context = {
        "card": presenters.card(request, case, is_full=True),
        "appeals": [(row, appeals.may_answer(row, by)) for row in own],
        "answer_form": AnswerForm(auto_id=False),
    }
    return http.render(request, "console/moderation/case.html", context)


@require_http_methods(["GET", "POST"])
@http.page(DECIDE)
def paste(request: http.Request) -> HttpResponse:
    """Judge messages that no channel reports, and remove who wrote them."""
    form = PasteForm(request, request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            group = group_visibility.get(by=request.staff, pk=values["group"])
            verdicts = pasted_messages.judge(
                group=group,
                text=values["text"],
                name=values["name"],
                by=request.staff,
                at=request.at,
            )
        except errors.Invalid as error:
            form.add_error("text", str(error))
        else:
            cards = [
                presenters.card(request, verdict.case)
                for verdict in verdicts
                if verdict.case
            ]
            context |= {
                "form": PasteForm(request, group=group.pk),
                "verdicts": verdicts,
                "cards": cards,
                "first": next((card for card in cards if card.may_decide), None),
                "others": [
                    (verdict.pasted, presenters.result_label(verdict.exemption))
                    for verdict in verdicts
                    if verdict.case is None
                ],
            }
    status = 422 if form.errors else 200
    return http.render(request, "console/moderation/paste.html", context, status=status)


@require_GET
@http.page(VIEW)
def appeal_list(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    rows = appeals.list_open(by, at)
    context = {
        "rows": [
            (row, presenters.card(request, row.case), appeals.may_answer(row, by))
            for row in rows[:PAGE_SIZE]
        ],
        "median": appeals.median_answer_time(by=by, at=at),
    }
    return http.render(request, "console/moderation/appeal_list.html", context)
