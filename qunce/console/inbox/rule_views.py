"""Pages and actions of automatic replies: the list with a tester, and the form."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.inbox.forms import RuleForm
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.outreach.replies import (
    automatic_replies,
    conversations,
    reply_rules,
)
from qunce.outreach.replies.models import ReplyRule

MAX_TRIED, MAX_TRIED_LENGTH = 50, 10_000
WEEK = timedelta(days=7)


@require_GET
@http.page(conversations.VIEW)
def rule_list(request: http.Request) -> HttpResponse:
    tried = request.GET.get("tried", "")[:MAX_TRIED_LENGTH]
    group = paging.parse_number(request, "group", maximum=paging.MAX_MEMBER_ID)
    lines = [line for line in tried.splitlines() if line.strip()][:MAX_TRIED]
    context = {
        "rules": [
            (rule, automatic_replies.count_of(rule, since=request.at - WEEK).get("", 0))
            for rule in reply_rules.list_all(by=request.staff)
        ],
        "tried": tried,
        "trials": reply_rules.try_texts(
            texts=lines, group=group or None, by=request.staff
        ),
        "group": group,
        "groups": group_visibility.list_visible(request.staff).values_list(
            "pk", "name"
        ),
        "may_edit": permissions.may(request.staff, reply_rules.EDIT),
    }
    return http.render(request, "console/inbox/rules.html", context)


@require_http_methods(["GET", "POST"])
@http.page(reply_rules.EDIT)
def rule_create(request: http.Request) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@http.page(reply_rules.EDIT)
def rule_update(request: http.Request, pk: int) -> HttpResponse:
    return _edit(request, reply_rules.get(by=request.staff, pk=pk))


def _edit(request: http.Request, rule: ReplyRule | None) -> HttpResponse:
    form = RuleForm(request, request.POST or None, rule=rule)
    conflict = ""
    if request.method == "POST" and form.is_valid():
        fields = form.to_arguments() | {
            "accept_conflicts": request.POST.get("accept_conflicts") == "1"
        }
        try:
            if rule is None:
                reply_rules.create(
                    community=request.community,
                    by=request.staff,
                    at=request.at,
                    **fields,
                )
            else:
                reply_rules.update(rule=rule, by=request.staff, at=request.at, **fields)
        except reply_rules.ReplyRuleConflict as error:
            conflict = str(error)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("inbox:rule-list"))
    context = {"form": form, "rule": rule, "conflict": conflict}
    status = 422 if form.errors or conflict else 200
    return http.render(request, "console/inbox/rule_form.html", context, status=status)


@require_POST
@http.page(reply_rules.EDIT)
def switch_on(request: http.Request, pk: int) -> HttpResponse:
    return _switch(request, pk, is_on=True)


@require_POST
@http.page(reply_rules.EDIT)
def switch_off(request: http.Request, pk: int) -> HttpResponse:
    return _switch(request, pk, is_on=False)


def _switch(request: http.Request, pk: int, *, is_on: bool) -> HttpResponse:
    rule = reply_rules.get(by=request.staff, pk=pk)
    reply_rules.switch(rule=rule, is_on=is_on, by=request.staff, at=request.at)
    text = _("It answers from now on.") if is_on else _("It no longer answers.")
    undo = reverse("inbox:rule-off" if is_on else "inbox:rule-on", args=[pk])
    conflicts = reply_rules.find_conflicts(rule) if is_on else []
    for other, word in conflicts[:1]:
        text = _(
            "It answers from now on. “%(name)s” has “%(word)s”, too: the first of the"
            " list answers."
        ) % {"name": other.name, "word": word}
    http.flash(request, text, undo=undo, level="info" if conflicts else "good")
    return http.redirect_back(request, reverse("inbox:rule-list"))


@require_POST
@http.page(reply_rules.EDIT)
def archive(request: http.Request, pk: int) -> HttpResponse:
    rule = reply_rules.get(by=request.staff, pk=pk)
    reply_rules.archive(rule=rule, by=request.staff, at=request.at)
    http.flash(request, _("Archived. What it answered stays."))
    return http.redirect_back(request, reverse("inbox:rule-list"))


@require_POST
@http.page(reply_rules.EDIT)
def move(request: http.Request, pk: int, way: str) -> HttpResponse:
    rule = reply_rules.get(by=request.staff, pk=pk)
    ids = [each.pk for each in reply_rules.list_all(by=request.staff)]
    step = -1 if way == "up" else 1
    if pk in ids:
        position = max(0, ids.index(pk) + step)
        reply_rules.move(rule=rule, position=position, by=request.staff, at=request.at)
    return http.redirect_back(request, reverse("inbox:rule-list"))
