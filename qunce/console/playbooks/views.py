"""Pages of playbooks: list, detail, runs, rehearsal, and why a member is in one or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.channels import channel_contract
from qunce.console import http, paging
from qunce.console.members import presenters as member_presenters
from qunce.console.playbooks import presenters
from qunce.core import errors
from qunce.members.accounts.models import Account
from qunce.members.people import named_members, visibility
from qunce.members.search import search
from qunce.outreach.playbooks import (
    explanations,
    playbooks,
    rehearsal,
    rehearsal_texts,
    resources,
    results,
    templates,
    versions,
)
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.lifecycle import StaleChoice
from qunce.outreach.playbooks.models import STATES, Playbook, Run, RunState

PAGE_SIZE = 40
RUN_STATES = ("live", "pending", "held", "stale", "ended")


@require_GET
@http.page(playbooks.VIEW)
def playbook_list(request: http.Request) -> HttpResponse:
    shown = playbooks.list_all(request.staff)
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": presenters.rows(list(page), request),
        "pages": page,
        "may_manage": playbooks.may_manage(request.staff),
    }
    return http.render(request, "console/playbooks/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def create(request: http.Request) -> HttpResponse:
    """Choose a template, or begin with nothing."""
    if request.method != "POST":
        context = {"templates": templates.TEMPLATES}
        return http.render(request, "console/playbooks/create.html", context)
    key = request.POST.get("template", "")
    template = templates.find(key)
    if template is not None:
        definition = template.definition(
            staff=request.staff.login, channel=choose_channel(request)
        )
        name = str(template.name)
    else:
        to_groups = key == "group"
        entry = (
            {"on": "calendar", "days": {"weekdays": [0]}, "time": "09:00"}
            if to_groups
            else {"on": "fact", "fact": "member.joined"}
        )
        subject = Subject.GROUP if to_groups else Subject.MEMBER
        again = {"mode": "finished" if to_groups else "never"}
        definition = {"for": subject.value, "entry": entry, "again": again, "steps": []}
        name = _("New playbook")
    playbook = playbooks.create(
        community=request.community,
        name=name,
        definition=definition,
        by=request.staff,
        at=request.at,
    )
    return http.redirect_back(request, reverse("playbooks:edit", args=[playbook.pk]))


def choose_channel(request: http.Request) -> str:
    """The channel of new messages: one that sends itself, if there is one."""
    channels = channel_contract.list_channels(request.community.pk)
    own = [c.name for c in channels if not c.capabilities.needs_person]
    return own[0] if own else channels[0].name


@require_GET
@http.page(playbooks.VIEW)
def detail(request: http.Request, pk: int) -> HttpResponse:
    playbook = playbooks.get(by=request.staff, pk=pk)
    return http.render(
        request, "console/playbooks/detail.html", detail_context(request, playbook)
    )


def detail_context(request: http.Request, playbook: Playbook) -> dict[str, Any]:
    version = playbooks.find_version(playbook)
    definition = (
        versions.load(version.pk, playbook)
        if version
        else playbooks.definition_of(playbook)
    )
    names = resources.names_of(playbook.community, definition)
    numbers = results.count(playbook=playbook, by=request.staff)
    return {
        "playbook": playbook,
        "version": version,
        "state_class": presenters.STATE_CLASSES[playbook.state],  # type: ignore[index]
        "lines": presenters.lines(definition, names, numbers=numbers.steps),
        "about": presenters.about(definition, names),
        "numbers": numbers,
        "tests": presenters.tests(playbook, request),
        "endings": presenters.ending_rows(numbers.ended),
        "may_manage": playbooks.may_manage(request.staff),
        "is_changed": version is not None and version.definition != playbook.draft,
        "steps": {
            name for name in STATES.transitions if STATES.may(name, playbook.state)
        },
        "stale_choices": StaleChoice.choices,
        "of_groups": playbook.subject == Subject.GROUP,
    }


@require_GET
@http.page(playbooks.MANAGE)
def rehearse(request: http.Request, pk: int) -> HttpResponse:
    playbook = playbooks.get(by=request.staff, pk=pk)
    definition = playbooks.definition_of(playbook)
    until = request.at
    since = until - timedelta(days=30)
    context: dict[str, Any] = {"playbook": playbook, "since": since, "until": until}
    try:
        since = _day(request.GET.get("since", "")) or since
        until = _end_of_day(request.GET.get("until", ""), request.at) or until
        found = rehearsal.rehearse(
            playbook=playbook, since=since, until=until, by=request.staff, at=request.at
        )
    except errors.Invalid as error:
        context["error"] = str(error)
        status = 422 if request.GET else 200
        return http.render(
            request, "console/playbooks/rehearsal.html", context, status=status
        )
    names = presenters.target_names(
        playbook, [done.person for done in found.examples], request
    )
    context |= {
        "since": since,
        "until": until,
        "found": found,
        "sentence": rehearsal_texts.describe(found, playbook),
        "steps": [(step, presenters.ending_rows(step.skipped)) for step in found.steps],
        "refused": presenters.ending_rows(found.refused),
        "ended": presenters.ending_rows(found.ended),
        "examples": [
            (names.get(done.person, ""), definition.graph.numbers[done.step], done.at)
            for done in found.examples
        ],
    }
    return http.render(request, "console/playbooks/rehearsal.html", context)


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - made aware below
    except ValueError:
        raise errors.Invalid(_("Choose the first and the last day.")) from None
    return timezone.make_aware(day)


def _end_of_day(text: str, at: datetime) -> datetime | None:
    """The end of a day, which is now for today."""
    day = _day(text)
    if day is None:
        return None
    end = day + timedelta(days=1)
    return at if day <= at < end else end


@require_GET
@http.page(playbooks.VIEW)
def run_list(request: http.Request, pk: int) -> HttpResponse:
    playbook = playbooks.get(by=request.staff, pk=pk)
    state = request.GET.get("state", "live")
    state = state if state in RUN_STATES else ""
    runs = results.list_runs(playbook=playbook, by=request.staff, state=state)
    context = {
        "playbook": playbook,
        "state": state,
        "rows": presenters.run_rows(runs, playbook, request),
        "is_full": len(runs) == results.MAX_LISTED,
        "limit": results.MAX_LISTED,
        "of_groups": playbook.subject == Subject.GROUP,
    }
    return http.render(request, "console/playbooks/run_list.html", context)


@require_GET
@http.page(playbooks.VIEW)
def run_detail(request: http.Request, run: int) -> HttpResponse:
    """What a run has done, step by step."""
    rows = Run.objects.filter(pk=run, playbook__community=request.community)
    found = rows.select_related("playbook__community").first()
    if found is None:
        raise playbooks.PlaybookNotFound(_("There is no such run."))
    playbook = found.playbook
    definition = versions.load(found.version_id, playbook)
    context = {
        "playbook": playbook,
        "run": found,
        "name": presenters.target_names(playbook, [found.target_id], request).get(
            found.target_id, ""
        ),
        "sentence": explanations.describe_run(found, playbook),
        "steps": presenters.step_rows(found, definition, request),
        "of_groups": playbook.subject == Subject.GROUP,
        "is_pending": found.state == RunState.PENDING,
    }
    return http.render(request, "console/playbooks/run_detail.html", context)


@require_GET
@http.page(playbooks.VIEW)
def why(request: http.Request, pk: int) -> HttpResponse:
    """Why a member is in the playbook or not; they are found as in all searches."""
    playbook = playbooks.get(by=request.staff, pk=pk)
    context: dict[str, Any] = {
        "playbook": playbook,
        **member_presenters.search_context(request),
    }
    try:
        account = _find_member(request)
        if account is not None:
            context["answer"] = explanations.why(
                playbook=playbook, account=account.pk, by=request.staff, at=request.at
            )
            context["account"] = account
            names = presenters.member_names([account.pk], request)
            context["name"] = names[account.pk]
    except (errors.NotFound, errors.Invalid) as error:
        context["error"] = str(error)
    return http.render(request, "console/playbooks/why.html", context)


def _find_member(request: http.Request) -> Account | None:
    """The member who was chosen, or the only one that the query can mean."""
    by, at = request.staff, request.at
    chosen = paging.parse_number(request, "member", maximum=paging.MAX_MEMBER_ID)
    if chosen:
        return visibility.get(by=by, account=chosen, at=at)
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    if not query:
        return None
    try:
        return named_members.get_by_key(by=by, key=query, at=at)
    except errors.QunceError:
        found = search.suggest(by=by, query=query, at=at, limit=2)
    return visibility.get(by=by, account=found[0], at=at) if len(found) == 1 else None
