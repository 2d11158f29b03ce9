"""Attributes of members, and the pattern of remark names."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import labels
from qunce.console.members.forms import AttributeForm, AttributeTypeForm, PatternForm
from qunce.core import errors, permissions
from qunce.members.attributes import attributes, type_change_jobs, type_changes
from qunce.members.attributes.attributes import Attribute
from qunce.members.people import people, remark_names
from qunce.members.search import member_list
from qunce.sets import audiences

MAX_SAMPLES = 6
"""Members whose remark names the preview shows."""


@require_GET
@http.page()
def attribute_list(request: Request) -> HttpResponse:
    rows = [
        (
            attribute,
            audiences.count(
                community=request.community,
                rule={"attr": {"name": attribute.name, "known": True}},
                by=request.staff,
                at=request.at,
            ),
        )
        for attribute in attributes.list_all(request.community)
    ]
    sections = [
        (label, [row for row in rows if row[0].section == key])
        for key, label in labels.SECTIONS.items()
    ]
    context = {
        "sections": [(label, rows) for label, rows in sections if rows],
        "types": labels.TYPES,
        "may_define": permissions.may(request.staff, attributes.MANAGE),
    }
    return http.render(request, "console/members/attribute_list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(attributes.MANAGE)
def attribute_create(request: Request) -> HttpResponse:
    form = AttributeForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            _check_new(request, values["name"] or values["label"])
            attribute = attributes.define(
                community=request.community,
                name=values["name"] or values["label"],
                label=values["label"],
                type=values["type"],
                section=values["section"],
                choices=form.choice_lines(),
                # Unless it is chosen, the name decides.
                is_contact=values["is_contact"] or None,
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("You can now fill in “%(name)s”.") % {"name": attribute.label}
            return _redirect_to_list(request, text)
    return _render(request, form, None)


def _check_new(request: Request, name: str) -> None:
    """Reject an existing name.

    `define` accepts it, because programs may define an attribute twice. A person who
    enters it means another attribute.
    """
    rows = Attribute.objects.filter(community=request.community)
    if rows.filter(name=" ".join(name.split())).exists():
        raise attributes.AttributeAlreadyExists(
            _("An attribute “%(name)s” already exists.") % {"name": name}
        )


@require_http_methods(["GET", "POST"])
@http.page(attributes.MANAGE)
def attribute_detail(request: Request, pk: int) -> HttpResponse:
    attribute = _get(request, pk)
    initial = {
        "label": attribute.label,
        "section": attribute.section,
        "choices": "\n".join(attribute.choices),
        "is_contact": attribute.is_contact,
    }
    form = AttributeForm(request.POST or None, attribute=attribute, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        try:
            attributes.update(
                attribute=attribute,
                label=values["label"],
                section=values["section"],
                choices=form.choice_lines(),
                is_contact=values["is_contact"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_to_list(request, _("Saved."))
    return _render(request, form, attribute)


def _get(request: Request, pk: int) -> Attribute:
    rows = Attribute.objects.filter(community=request.community, pk=pk)
    attribute = rows.select_related("community").first()
    if attribute is None:
        raise attributes.AttributeNotFound(_("There is no such attribute."))
    return attribute


@require_http_methods(["GET", "POST"])
@http.page(attributes.MANAGE)
def attribute_type(request: Request, pk: int) -> HttpResponse:
    """Show what another type would change; change it once that is confirmed."""
    attribute = _get(request, pk)
    if job := type_change_jobs.find_active(attribute):
        return redirect("members:type-change", job.pk)
    form = AttributeTypeForm(request.POST or None, initial={"type": attribute.type})
    change = None
    if form.is_valid():
        about = {
            "attribute": attribute,
            "type": form.cleaned_data["type"],
            "by": request.staff,
            "at": request.at,
        }
        # The type whose effect the page showed, as another may be chosen since.
        is_confirmed = request.POST.get("confirmed") == form.cleaned_data["type"]
        try:
            if type_change_jobs.is_large(attribute):
                drop = form.cleaned_data["drop_unreadable"]
                job = type_change_jobs.start(
                    **about, drop_unreadable=drop, dry_run=not is_confirmed
                )
                return http.redirect_back(
                    request, reverse("members:type-change", args=[job.pk])
                )
            change = type_changes.preview(**about)
            if is_confirmed and change.type != change.old:
                drop = form.cleaned_data["drop_unreadable"]
                type_changes.change_type(**about, drop_unreadable=drop)
                text = _("“%(name)s” now has the type “%(type)s”.")
                names = {"name": attribute.label, "type": change.label}
                return _redirect_to_list(request, text % names)
        except errors.QunceError as error:
            form.add_error(None, str(error))
    context = {"form": form, "attribute": attribute, "types": labels.TYPES}
    if change is not None and change.type != change.old:
        context |= {"change": change, "sentences": type_changes.describe(change)}
    template = "console/members/attribute_type.html"
    return http.render(request, template, context, status=422 if form.errors else 200)


@require_GET
@http.page(attributes.MANAGE)
def type_change(request: Request, pk: int) -> HttpResponse:
    """Show how far a change in the background is, and then what came out of it."""
    job = type_change_jobs.get(by=request.staff, pk=pk)
    context = {"job": job, "attribute": job.attribute, "label": labels.TYPES[job.type]}
    part = "console/members/_type_change.html"
    return http.render(request, "console/members/type_change.html", context, part=part)


def _redirect_to_list(request: Request, text: str) -> HttpResponse:
    http.flash(request, text)
    return http.redirect_back(request, reverse("members:attribute-list"))


def _render(
    request: Request, form: AttributeForm, attribute: Attribute | None
) -> HttpResponse:
    context = {"form": form, "attribute": attribute, "types": labels.TYPES}
    status = 422 if form.is_bound else 200
    template = "console/members/attribute_form.html"
    return http.render(request, template, context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(remark_names.MANAGE)
def remark_pattern(request: Request) -> HttpResponse:
    """Save the pattern; a GET with `text` previews it."""
    saved = remark_names.get_pattern(request.community)
    data = request.POST or (request.GET if "text" in request.GET else None)
    form = PatternForm(
        data, initial={"text": saved.text, "max_length": saved.max_length}
    )
    if form.is_valid():
        try:
            remark_names.check(request.community, form.cleaned_data["text"])
            if request.method == "POST":
                remark_names.set_pattern(
                    community=request.community,
                    by=request.staff,
                    at=request.at,
                    **form.cleaned_data,
                )
                http.flash(request, _("Saved. Remarks now follow this pattern."))
                return http.redirect_back(request, reverse("members:remark-names"))
        except errors.QunceError as error:
            form.add_error("text", str(error))
    context = {
        "form": form,
        "variables": remark_names.list_variables(request.community),
        "samples": _samples(request, form, saved),
    }
    status = 422 if request.method == "POST" else 200
    template, part = (
        "console/members/remark_names.html",
        "console/members/_remark_samples.html",
    )
    return http.render(request, template, context, part=part, status=status)


def _samples(
    request: Request, form: PatternForm, saved: remark_names.RemarkPattern
) -> list[tuple[str, str]]:
    """Return the newest members with the remark names that the pattern gives them."""
    if form.is_bound and not form.is_valid():
        return []
    values = form.cleaned_data if form.is_bound else {}
    page = member_list.get_page(by=request.staff, at=request.at, limit=MAX_SAMPLES)
    text, max_length = (
        values.get("text", saved.text),
        values.get("max_length", saved.max_length),
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
