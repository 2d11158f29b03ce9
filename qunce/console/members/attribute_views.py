"""What is known of members: the attributes there are, and the pattern of remark names."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import labels
from qunce.console.members.forms import AttributeForm, PatternForm
from qunce.core import errors, permissions
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.people import people, remark_names
from qunce.members.search import member_list
from qunce.sets import audiences

MAX_SAMPLES = 6
"""Members whose remark names are shown while the pattern is typed."""


@require_GET
@http.page()
def attribute_list(request: Request) -> HttpResponse:
    rows = [
        (each, _count_members(request, each)) for each in attributes.list_all(request.community)
    ]
    sections = [
        (said, [row for row in rows if row[0].section == key])
        for key, said in labels.SECTIONS.items()
    ]
    context = {
        "sections": [(said, some) for said, some in sections if some],
        "types": labels.TYPES,
        "may_define": permissions.may(request.staff, attributes.MANAGE),
    }
    return http.render(request, "console/members/attributes.html", context)


def _count_members(request: Request, attribute: Attribute) -> int:
    """How many have a value, as far as the operator sees."""
    rule = {"attr": {"name": attribute.name, "known": True}}
    return audiences.count(
        community=request.community, rule=rule, by=request.staff, at=request.at
    )


@require_http_methods(["GET", "POST"])
@http.page(attributes.MANAGE)
def attribute_create(request: Request) -> HttpResponse:
    form = AttributeForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            _check_new(request, given["name"] or given["label"])
            made = attributes.define(
                community=request.community,
                name=given["name"] or given["label"],
                label=given["label"],
                type=given["type"],
                section=given["section"],
                choices=form.lines(),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            said = _("You can now fill in “%(name)s”.") % {"name": made.label}
            return _redirect_to_list(request, said)
    return _render(request, form, None)


def _check_new(request: Request, name: str) -> None:
    """A program may define the same twice; a person rather means another."""
    rows = Attribute.objects.filter(community=request.community)
    if rows.filter(name=" ".join(name.split())).exists():
        raise attributes.AttributeAlreadyExists(
            _("An attribute “%(name)s” already exists.") % {"name": name}
        )


@require_http_methods(["GET", "POST"])
@http.page(attributes.MANAGE)
def attribute_detail(request: Request, pk: int) -> HttpResponse:
    rows = Attribute.objects.filter(community=request.community, pk=pk)
    found = rows.select_related("community").first()
    if found is None:
        raise attributes.AttributeNotFound(_("There is no such attribute."))
    initial = {
        "label": found.label,
        "section": found.section,
        "choices": "\n".join(found.choices),
    }
    form = AttributeForm(request.POST or None, of=found, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        try:
            attributes.update(
                attribute=found,
                label=given["label"],
                section=given["section"],
                choices=form.lines(),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_to_list(request, _("Saved."))
    return _render(request, form, found)


def _redirect_to_list(request: Request, said: str) -> HttpResponse:
    http.flash(request, said)
    return http.redirect_back(request, reverse("members:attribute-list"))


def _render(
    request: Request, form: AttributeForm, found: Attribute | None
) -> HttpResponse:
    context = {"form": form, "attribute": found, "types": labels.TYPES}
    status = 422 if form.is_bound else 200
    page = "console/members/attribute.html"
    return http.render(request, page, context, status=status)


# Remark names


@require_http_methods(["GET", "POST"])
@http.page(remark_names.MANAGE)
def remark_pattern(request: Request) -> HttpResponse:
    """Saved by a POST; a GET with `text` shows what it would say."""
    now = remark_names.get_pattern(request.community)
    given = request.POST or (request.GET if "text" in request.GET else None)
    form = PatternForm(given, initial={"text": now.text, "max_length": now.max_length})
    if form.is_valid():
        try:
            remark_names.check(request.community, form.cleaned_data["text"])
            if request.method == "POST":
                return _save_pattern(request, form.cleaned_data)
        except errors.QunceError as error:
            form.add_error("text", str(error))
    context = {
        "form": form,
        "names": remark_names.list_variables(request.community),
        "samples": _samples(request, form, now),
    }
    status = 422 if request.method == "POST" else 200
    page, part = "console/members/remarks.html", "console/members/_samples.html"
    return http.render(request, page, context, part=part, status=status)


def _save_pattern(request: Request, given: dict[str, Any]) -> HttpResponse:
    remark_names.set_pattern(
        community=request.community, by=request.staff, at=request.at, **given
    )
    http.flash(request, _("Saved. Remarks now follow this pattern."))
    return http.redirect_back(request, reverse("members:remark-names"))


def _samples(
    request: Request, form: PatternForm, now: remark_names.RemarkPattern
) -> list[tuple[str, str]]:
    """The newest members with the remark name that they would have."""
    if form.is_bound and not form.is_valid():
        return []
    given = form.cleaned_data if form.is_bound else {}
    page = member_list.get_page(by=request.staff, at=request.at, limit=MAX_SAMPLES)
    text, max_length = (
        given.get("text", now.text),
        given.get("max_length", now.max_length),
    )
    by = request.staff
    return [
        (
            row.name or row.key,
            remark_names.render_for(people.get_by_account(row.id), by=by, text=text)[
                :max_length
            ],
        )
        for row in page.rows
    ]
