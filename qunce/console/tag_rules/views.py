"""Pages of tag rules: the list, one rule, and the form with the rule builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.segments import rule_draft
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.presenters import builder
from qunce.console.segments.rule_draft import Draft
from qunce.console.tag_rules import forms, presenters
from qunce.console.tag_rules.forms import KINDS, RuleForm
from qunce.core import errors, permissions
from qunce.members.rule_text import contact_masks
from qunce.members.tag_rules import conflicts, previews, runs, tag_states
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import MANAGE, VIEW, Mode, State, TagRule
from qunce.sets import audiences

RUNS_PER_PAGE = 30


@require_GET
@http.page(VIEW)
def rule_list(request: http.Request) -> HttpResponse:
    archived = request.GET.get("state") == "archived"
    found = rules.list_all(request.staff, archived=archived)
    context = {
        "rows": presenters.rule_rows(found, request.staff),
        "archived": archived,
        "may_manage": permissions.may(request.staff, MANAGE),
    }
    return http.render(request, "console/tag_rules/list.html", context)


@require_GET
@http.page(MANAGE)
def kind_list(request: http.Request) -> HttpResponse:
    kinds = [(key, label, text) for key, (label, text) in KINDS.items()]
    return http.render(request, "console/tag_rules/kinds.html", {"kinds": kinds})


@require_GET
@http.page(VIEW)
def detail(request: http.Request, pk: int) -> HttpResponse:
    return render_detail(request, rules.get(by=request.staff, pk=pk))


def render_detail(
    request: http.Request, rule: TagRule, *, problem: str = "", status: int = 200
) -> HttpResponse:
    by, at = request.staff, request.at
    before = request.GET.get("before", "")
    found = runs.list_runs(
        rule=rule,
        by=by,
        limit=RUNS_PER_PAGE + 1,
        before=int(before) if before.isdecimal() and len(before) < 19 else 0,
    )
    broken = rules.find_problem(rule)
    may_manage = permissions.may(by, MANAGE)
    is_startable = rules.STATES.may("activate", rule.state)
    context = {
        "rule": rule,
        "sentence": presenters.sentence_of(rule, by),
        "effects": presenters.effects_of(rule),
        "problem": problem,
        "broken": broken,
        "fights": []
        if broken or rule.state == State.ARCHIVED
        else conflicts.list_conflicts(rule=rule, by=by, at=at),
        "holders": len(tag_states.people_by_rule(rule.source)),
        "runs": [
            (run, presenters.run_summary(run), runs.may_undo(run, by))
            for run in found[:RUNS_PER_PAGE]
        ],
        "older": found[RUNS_PER_PAGE - 1].pk if len(found) > RUNS_PER_PAGE else None,
        "may_manage": may_manage,
        "may_activate": may_manage and is_startable and not broken,
        "is_event": rule.mode == Mode.EVENT,
        "max_days": previews.MAX_PAST_DAYS,
    }
    template = "console/tag_rules/detail.html"
    return http.render(request, template, context, status=status)


# The form


@dataclass(frozen=True)
class Page:
    """A form with the draft of the builder, of a rule on members."""

    request: http.Request
    kind: str
    form: RuleForm
    draft: Draft | None
    rule: TagRule | None = None

    def render(self, error: str = "") -> HttpResponse:
        request = self.request
        address = reverse("tag_rules:create", args=[self.kind])
        if self.rule is not None:
            address = reverse("tag_rules:update", args=[self.rule.pk])
        context: dict[str, Any] = {
            "form": self.form,
            "rule": self.rule,
            "draft": self.draft,
            "kind_label": KINDS[self.kind][0],
            "error": error,
            "address": address,
        }
        if self.draft is not None:
            choices = Choices(request.staff, request.at)
            context["page"] = builder.build_page(self.draft, choices, "")
        has_errors = error or self.form.errors or any(r.errors for r in self.form.rows)
        return http.render(
            request,
            "console/tag_rules/form.html",
            context,
            part="console/tag_rules/_form.html",
            status=422 if has_errors else 200,
        )


def _open(
    request: http.Request, kind: str, rule: TagRule | None = None
) -> tuple[Page, bool]:
    """The page as it was submitted, and whether it is to be saved."""
    choices = Choices(request.staff, request.at)
    is_rule = kind == forms.RULE
    if request.method != "POST":
        stored = rule.condition[forms.RULE] if rule and is_rule else audiences.EVERYONE
        draft = rule_draft.start(stored) if is_rule else None
        return Page(
            request, kind, RuleForm(request, kind, rule=rule), draft, rule
        ), False
    form = RuleForm(request, kind, request.POST, rule=rule)
    draft = rule_draft.load(request.POST, choices) if is_rule else None
    action = request.POST.get("do")
    if draft is None or action is None:
        if draft is not None:
            draft = rule_draft.close_form(draft)
        return Page(request, kind, form, draft, rule), True
    # Nothing is checked while the rule is being built.
    draft = rule_draft.apply_action(draft, action, choices)
    unchecked = RuleForm(request, kind, rule=rule)
    for name in unchecked.fields:
        unchecked.initial[name] = request.POST.get(name)
    for row, sent in zip(unchecked.rows, form.rows, strict=False):
        row.initial = {name: sent[name].value() for name in sent.fields}
    return Page(request, kind, unchecked, draft, rule), False


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def create(request: http.Request, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    page, is_saved = _open(request, kind)
    if not is_saved or not page.form.is_complete():
        return page.render()
    if page.draft is not None and page.draft.open:
        return page.render(_("One condition is incomplete. Complete or discard it."))
    try:
        rule = rules.create(
            community=request.community,
            by=request.staff,
            at=request.at,
            **page.form.to_arguments(page.draft.rule if page.draft else None),
        )
    except errors.QunceError as error:
        return page.render(str(error))
    http.flash(request, _("Saved as a draft. Try it, then activate it."))
    return http.redirect_back(request, reverse("tag_rules:detail", args=[rule.pk]))


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    kind = forms.kind_of(rule)
    if kind == forms.RULE:
        contact_masks.check_readable(rule.condition[kind], request.staff)
    page, is_saved = _open(request, kind, rule)
    if not is_saved or not page.form.is_complete():
        return page.render()
    if page.draft is not None and page.draft.open:
        return page.render(_("One condition is incomplete. Complete or discard it."))
    arguments = page.form.to_arguments(page.draft.rule if page.draft else None)
    if page.draft is not None:
        # The draft wraps a rule in an `all`; that alone is no change of the rule.
        stored = rule.condition[kind]
        if rule_draft.start(stored).rule == page.draft.rule:
            arguments["condition"] = rule.condition
    try:
        rules.update(rule=rule, by=request.staff, at=request.at, **arguments)
    except errors.QunceError as error:
        return page.render(str(error))
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("tag_rules:detail", args=[pk]))
