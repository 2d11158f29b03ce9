"""Pages of rules: the list, one rule, and the editor with its trial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.moderation import check_fields, presenters
from qunce.console.moderation.forms import RuleForm
from qunce.core import errors, permissions
from qunce.groups.moderation.cases import precision
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.judgements.pasted_messages import Pasted
from qunce.groups.moderation.models import Mode, Rule
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW
from qunce.groups.moderation.rules import (
    presets,
    rule_changes,
    rule_checks,
    rules,
    shadow_runs,
)
from qunce.groups.moderation.rules.shadow_runs import Preview
from qunce.members.message_texts import message_texts

SHOWN_HITS, MAX_LINES = 20, 200


@dataclass(frozen=True)
class Tried:
    """A message with what the rule found in it."""

    parts: Any
    reasons: Any

    @property
    def is_hit(self) -> bool:
        return bool(self.reasons)


@require_GET
@http.page(VIEW)
def rule_list(request: http.Request) -> HttpResponse:
    listed = rules.list_all(request.staff)
    context = {
        "rows": presenters.rule_rows(request, listed),
        "recall": precision.recall(request.staff, request.at),
        "may_manage": permissions.may(request.staff, MANAGE),
        "dropped": presenters.dropped_rules(request.staff),
    }
    return http.render(request, "console/moderation/rule_list.html", context)


def _get(request: http.Request, pk: int) -> Rule:
    for rule in rules.list_all(request.staff):
        if rule.pk == pk:
            return rule
    raise rules.RuleNotFound(_("There is no such rule."))


@require_GET
@http.page(VIEW)
def rule_detail(request: http.Request, pk: int) -> HttpResponse:
    rule = _get(request, pk)
    run = shadow_runs.find_latest(rule)
    may_manage = permissions.may(request.staff, MANAGE)
    hits = []
    compiled = rule_checks.compile_checks(rule.checks)
    if run and may_manage and permissions.may(request.staff, message_texts.READ):
        hits = shadow_runs.list_hits(run, by=request.staff, at=request.at)[:SHOWN_HITS]
    context = {
        "row": presenters.rule_rows(request, [rule])[0],
        "fields": [
            (check, check.list_phrases(check.parse_options(each["options"])))
            for each in rule.checks
            for check in [base.get(each["check"])]
        ],
        "changes": rule_changes.list_latest(rule),
        "run": run,
        "hits": [_tried(compiled, Pasted("", each.text), request.at) for each in hits],
        "modes": Mode.choices,
        "may_manage": may_manage,
    }
    return http.render(request, "console/moderation/rule.html", context)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def rule_create(request: http.Request) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def rule_update(request: http.Request, pk: int) -> HttpResponse:
    return _edit(request, _get(request, pk))


def _edit(request: http.Request, rule: Rule | None) -> HttpResponse:
    """Show the editor; its button “Try” saves nothing, “Save” saves."""
    data = request.POST if request.method == "POST" else None
    form = RuleForm(request, data, rule=rule)
    preset = presets.find(request.GET.get("preset", "")) if rule is None else None
    if preset is not None:
        form.initial = {"name": preset.name, **preset.conditions}
    context: dict[str, Any] = {"form": form, "rule": rule}
    if data is not None and form.is_valid():
        checks = check_fields.read(data.dict())
        try:
            if "try" in data:
                context.update(_try(request, form, checks))
            else:
                return _save(request, form, checks, rule)
        except rules.HitsOwnTexts as error:
            context["hits_own_texts"] = True
            form.add_error(None, str(error))
        except errors.QunceError as error:
            form.add_error(None, str(error))
    stored = [] if rule is None else rule.checks
    if preset is not None:
        stored = preset.list_checks()
    context["presets"] = presets.PRESETS if rule is None and data is None else ()
    context["checks"] = (
        check_fields.of_stored(stored)
        if data is None
        else check_fields.of_posted(data.dict())
    )
    status = 422 if form.errors else 200
    return http.render(
        request, "console/moderation/rule_form.html", context, status=status
    )


def _save(
    request: http.Request, form: RuleForm, checks: list[Any], rule: Rule | None
) -> HttpResponse:
    fields: dict[str, Any] = {
        "name": form.cleaned_data["name"],
        "checks": checks,
        "conditions": form.conditions(),
        "despite_own_texts": form.cleaned_data["despite_own_texts"],
        "by": request.staff,
        "at": request.at,
    }
    if (ladder := form.find_ladder()) is not None:
        fields["ladder"] = ladder
    if rule is None:
        saved = rules.create(community=request.community, **fields)
        text = _("Saved. The rule observes until you change what it may do.")
    else:
        saved = rules.update(rule=rule, **fields)
        text = _("Saved.")
    http.flash(request, text)
    return http.redirect_back(request, reverse("moderation:rule", args=[saved.pk]))


def _try(request: http.Request, form: RuleForm, checks: list[Any]) -> dict[str, Any]:
    """What unsaved checks find in typed messages, and in those of the last days."""
    compiled = rule_checks.compile_checks(rule_checks.parse(checks))
    tried: Preview = shadow_runs.preview(
        community=request.community,
        checks=checks,
        conditions=form.conditions(),
        since=request.at - timedelta(days=form.cleaned_data["days"] or 14),
        until=request.at,
        by=request.staff,
        at=request.at,
    )
    return {
        "typed": [
            _tried(compiled, typed, request.at)
            for typed in _read_typed(form.cleaned_data["text"])[:MAX_LINES]
        ],
        "preview": tried,
        "hits": [
            _of_findings(message.text, findings)
            for message, findings in tried.hits[::-1][:SHOWN_HITS]
        ],
    }


def _read_typed(text: str) -> list[Pasted]:
    """Messages as a chat copies them, with names, or else one on each line."""
    if not text.strip():
        return []
    copied = pasted_messages.parse(text)
    if any(each.name for each in copied):
        return copied
    return [Pasted("", line) for line in text.splitlines() if line.strip()]


def _tried(compiled: rule_checks.Compiled, typed: Pasted, at: datetime) -> Tried:
    """What the checks without a window find in one text."""
    subject = Subject(
        key="tried",
        group="",
        account="",
        happened_at=at,
        text=typed.text,
        author_name=typed.name,
    )
    return _of_findings(typed.text, rule_checks.judge_stateless(compiled, subject))


def _of_findings(text: str, findings: list[Finding]) -> Tried:
    evidence = [each for finding in findings for each in finding.evidence]
    named = [("", finding) for finding in findings]
    return Tried(presenters.mark(text, evidence), presenters.reasons_of(named))


@require_POST
@http.page(MANAGE)
def shadow_run(request: http.Request, pk: int) -> HttpResponse:
    rule = _get(request, pk)
    text = request.POST.get("days", "")
    days = int(text) if text in ("7", "14", "30", "90") else 14
    run = shadow_runs.run(
        rule=rule,
        since=request.at - timedelta(days=days),
        until=request.at,
        by=request.staff,
        at=request.at,
    )
    http.flash(request, shadow_runs.sentence(run.hits, run.total))
    return http.redirect_back(request, reverse("moderation:rule", args=[pk]))


@require_POST
@http.page(MANAGE)
def set_mode(request: http.Request, pk: int) -> HttpResponse:
    rule = _get(request, pk)
    rules.set_mode(
        rule=rule, mode=request.POST.get("mode", ""), by=request.staff, at=request.at
    )
    text = _("“%(name)s”: %(mode)s.")
    label = Mode(request.POST["mode"]).label
    http.flash(request, text % {"name": rule, "mode": label})
    return http.redirect_back(request, reverse("moderation:rule", args=[pk]))


@require_POST
@http.page(MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    rule = _get(request, pk)
    rules.archive(rule=rule, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is archived. Its cases stay.") % {"name": rule})
    return http.redirect_back(request, reverse("moderation:rule-list"))
