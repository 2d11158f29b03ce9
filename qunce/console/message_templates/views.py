"""Pages of message templates: the list, one template with its results, form, preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.message_templates import presenters
from qunce.console.message_templates.forms import TemplateForm
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.members.people import visibility
from qunce.members.search import search
from qunce.outreach.campaigns import campaigns, content_uses
from qunce.outreach.content import (
    compose,
    files,
    message_templates,
    templates,
    variable_values,
)
from qunce.outreach.content.message_templates import (
    LETTERS,
    MessageTemplate,
    Purpose,
    Target,
)

MAX_QUERY_LENGTH = 80


@require_GET
@http.page()
def template_list(request: http.Request) -> HttpResponse:
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    purpose, state = request.GET.get("purpose", ""), request.GET.get("state", "")
    rows = message_templates.list_visible(request.staff, archived=state == "archived")
    if purpose in Purpose.values:
        rows = rows.filter(purpose=purpose)
    found = [template for template in rows if presenters.matches(template, query)]
    context = {
        "sections": presenters.sections(found),
        "are_any": bool(found or query or purpose or state)
        or message_templates.list_visible(request.staff).exists(),
        "searched": query,
        "purpose": purpose,
        "purposes": Purpose.choices,
        "state": state,
        "may_manage": permissions.may(request.staff, files.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
    }
    return http.render(
        request,
        "console/message_templates/list.html",
        context,
        part="console/message_templates/_sections.html",
    )


@require_GET
@http.page()
def template_detail(request: http.Request, pk: int) -> HttpResponse:
    template = message_templates.get(by=request.staff, pk=pk)
    context = {
        "template": template,
        "row": presenters.row_of(template),
        "versions": list(reversed(template.versions.all())),
        "results": content_uses.list_template_results(
            by=request.staff, template=template
        ),
        "may_manage": permissions.may(request.staff, files.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
    }
    return http.render(request, "console/message_templates/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def template_create(request: http.Request) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            template = message_templates.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_after_save(request, template)
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def template_update(request: http.Request, pk: int) -> HttpResponse:
    template = message_templates.get(by=request.staff, pk=pk)
    form = TemplateForm(request.POST or None, template=template)
    if request.method == "POST" and form.is_valid():
        try:
            message_templates.update(
                template=template,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_after_save(request, template)
    return _render_form(request, form, template)


def _redirect_after_save(
    request: http.Request, template: MessageTemplate
) -> HttpResponse:
    http.flash(request, _("Saved."))
    url = reverse("message_templates:detail", args=[template.pk])
    return http.redirect_back(request, url)


def _render_form(
    request: http.Request, form: TemplateForm, template: MessageTemplate | None = None
) -> HttpResponse:
    target = str(form["target"].value() or Target.MEMBERS)
    texts = {letter: _read_text(form[f"text_{letter}"].value()) for letter in LETTERS}
    context = {
        "form": form,
        "template": template,
        "variables": variable_values.list_variables(request.community, target),
        **_preview_context(request, target, texts, ""),
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/message_templates/form.html", context, status=status
    )


@require_POST
@http.page(files.MANAGE)
def preview(request: http.Request) -> HttpResponse:
    """The texts as a member or a group reads them, and their lengths by channel."""
    post = request.POST
    target = post.get("target", Target.MEMBERS)
    texts = {
        letter: _read_text(post.get(f"text_{letter}"))[: 2 * 10**4]
        for letter in LETTERS
    }
    query = post.get("as", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    context = _preview_context(request, target, texts, query)
    part = "console/message_templates/_preview.html"
    return http.render(request, part, context, part=part)


def _read_text(value: Any) -> str:
    """The text of a field; browsers send its lines with a carriage return."""
    return str(value or "").replace("\r\n", "\n")


@dataclass(frozen=True)
class Shown:
    """A variant as the chosen member reads it, or the sentence why not."""

    letter: str
    text: str = ""
    problem: str = ""
    lengths: tuple[tuple[str, str, bool], ...] = ()


def _preview_context(
    request: http.Request, target: str, texts: dict[str, str], query: str
) -> dict[str, Any]:
    if target not in Target.values:
        target = Target.MEMBERS
    chosen, name, values = _values_of(request, target, query)
    shown = [
        _show(request, target, letter, text, values)
        for letter, text in texts.items()
        if text.strip()
    ]
    return {"shown": shown, "chosen": chosen, "name": name, "as": query}


def _values_of(
    request: http.Request, target: str, query: str
) -> tuple[int | None, str, dict[str, str]]:
    """The id of the member or group that is found, its name, and its values."""
    by, community = request.staff, request.community
    if target == Target.GROUPS:
        rows = group_visibility.list_visible(by).exclude(state="dead")
        group = rows.filter(name__icontains=query).order_by("name").first()
        if group is None:
            return None, "", {}
        values = variable_values.group_values(community, [group.pk], by)
        return group.pk, group.name, values[group.pk]
    if query:
        found = search.suggest(by=by, query=query, at=request.at, limit=1)
    else:
        # Anybody real shows more than the names of the variables.
        people = visibility.visible_people(by=by, at=request.at)
        found = [people.max()] if people else []
    if not found:
        return None, "", {}
    names = set(variable_values.list_variables(community, target))
    values = variable_values.member_values(community, found, names, by)
    return found[0], values[found[0]].get("name", ""), values[found[0]]


def _show(
    request: http.Request, target: str, letter: str, text: str, values: dict[str, str]
) -> Shown:
    names = variable_values.list_variables(request.community, target)
    try:
        pieces = templates.check(text, names)
        rendered = templates.render(pieces, values) if values else text
    except errors.Invalid as error:
        return Shown(letter, problem=str(error))
    lengths = tuple(
        (
            str(channel.label),
            compose.describe_length(rendered, channel),
            bool(compose.why_too_long(rendered, channel)),
        )
        for channel in channel_contract.list_channels()
    )
    return Shown(letter, rendered, lengths=lengths)
