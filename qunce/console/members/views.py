"""Pages of members: the list, one member and their profile, and a tagging job."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.levels import cards
from qunce.activities.points import balances as point_balances
from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import list_page, presenters, summary
from qunce.console.members import timeline as member_timeline
from qunce.console.members.consent_views import ConsentForm
from qunce.console.members.forms import (
    IdentifierForm,
    MemberForm,
    NoteForm,
    ProfileForm,
    field_name,
)
from qunce.core import errors, permissions
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.consents import consents
from qunce.members.people import (
    notes,
    people,
    person_export,
    remark_names,
    staff_accounts,
    visibility,
)
from qunce.members.personal_links import links
from qunce.members.search import export as member_export
from qunce.members.segments import segments
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.tags import assignments
from qunce.members.tags import bulk as bulk_tagging
from qunce.outreach import opt_outs
from qunce.sales.models import Order
from qunce.sets import audiences, timelines
from qunce.sets.rules.base import RuleError

CURSOR = re.compile(r"(-?[0-9]{1,17})-([0-9]{1,17})")
MAX_ORDERS = 8
TIMELINE_PAGE_SIZE = 60


@require_GET
@http.page()
def member_detail(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:detail", pk=member.id)
    return http.render(
        request, "console/members/detail.html", detail_context(request, member)
    )


def detail_context(
    request: Request, member: presenters.Member, **forms: Any
) -> dict[str, Any]:
    """Return the context of a member's page; `forms` replace the empty ones."""
    by = request.staff
    rows = summary.layer_rows(member)
    return {
        "member": member,
        "line": summary.build(member, rows),
        "staff": summary.staff_of(member),
        "remark": remark_names.render_for(member.person, by=by),
        "orders": Order.objects.filter(account_id__in=member.account_ids).order_by(
            "-paid_at", "-pk"
        )[:MAX_ORDERS],
        "layers": rows,
        "standing": cards.find(account_id=member.id, at=request.at),
        "points": point_balances.get(account_id=member.id, by=by, at=request.at),
        "note_form": NoteForm(by=by, at=request.at),
        "identifier_form": IdentifierForm(),
        "may_edit": permissions.may(by, accounts.EDIT),
        "may_identify": accounts.may_add(by),
        "may_assign": permissions.may(by, staff_assignments.ASSIGN),
        "may_edit_attributes": permissions.may(by, attributes.EDIT),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_note": permissions.may(by, notes.WRITE),
        "may_merge": permissions.may(by, people.MERGE),
        "may_opt_out": permissions.may(by, opt_outs.EDIT),
        "may_erase": permissions.may(by, people.ERASE),
        "may_sign_in": permissions.may(by, links.GIVE),
        "may_manage_remarks": permissions.may(by, remark_names.MANAGE),
        "may_record_consent": permissions.may(by, consents.RECORD),
        "consent_form": ConsentForm(),
        "may_export_person": permissions.may(by, person_export.EXPORT),
        "may_mark_staff": permissions.may(by, staff_accounts.MARK),
        "works_here": member.id
        in audiences.staff_people(community=request.community, at=request.at),
        "is_counted": member.id
        not in audiences.uncounted_people(community=request.community, at=request.at),
        **forms,
    }


@require_GET
@http.page()
def timeline_page(request: Request, pk: int) -> HttpResponse:
    """One page of the member's facts, newest first."""
    member = presenters.get_visible_member(request, pk)
    facts = timelines.list_facts(
        community=request.community,
        accounts=member.account_ids,
        limit=TIMELINE_PAGE_SIZE + 1,
        before=_cursor(request),
    )
    page_facts = facts[:TIMELINE_PAGE_SIZE]
    next_cursor = ""
    if len(facts) > TIMELINE_PAGE_SIZE:
        next_cursor = "-".join(
            str(part) for part in timelines.cursor_of(page_facts[-1])
        )
    groups = member_timeline.TimelineBuilder(request.staff, page_facts).build()
    context = {"member": member, "groups": groups, "next_cursor": next_cursor}
    part = "console/members/_timeline.html"
    return http.render(request, "console/members/timeline.html", context, part=part)


def _cursor(request: Request) -> tuple[int, int] | None:
    # Those of the same microsecond are told apart by their ID; before 1970 it is negative.
    if match := CURSOR.fullmatch(request.GET.get("before", "")):
        return int(match[1]), int(match[2])
    return None


@require_GET
@http.page()
def matching_segments(request: Request, pk: int) -> HttpResponse:
    """The segments that the member is in now."""
    member = presenters.get_visible_member(request, pk)
    matching, broken = [], []
    for segment in segments.list_active(request.community):
        rule = {"segment": {"any": [segment.key]}}
        try:
            people = audiences.people(
                community=request.community, rule=rule, by=request.staff, at=request.at
            )
        except RuleError:
            # It names what is no longer there. The others are not to blame.
            broken.append(segment)
            continue
        if member.id in people:
            matching.append(segment)
    context = {"member": member, "segments": matching, "broken": broken}
    part = "console/members/_segments.html"
    return http.render(request, "console/members/segments.html", context, part=part)


@require_GET
@http.page()
def member_peek(request: Request, pk: int) -> HttpResponseBase:
    """The summary beside the list. Without htmx there is no list, so it redirects."""
    if not request.htmx:
        return redirect("members:detail", pk=pk)
    member = presenters.get_visible_member(request, pk)
    rows = summary.layer_rows(member)
    context = {
        "member": member,
        "line": summary.build(member, rows),
        "staff": summary.staff_of(member),
        "layers": rows,
        "remark": remark_names.render_for(member.person, by=request.staff),
    }
    return http.render(request, "console/members/_peek.html", context)


@require_GET
@http.page()
def member_list(request: Request) -> HttpResponse:
    part = "console/members/_rows.html"
    return http.render(
        request, "console/members/list.html", list_context(request), part=part
    )


def list_context(request: Request) -> dict[str, Any]:
    by, community = request.staff, request.community
    return {
        **list_page.context(request, before=_cursor(request)),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_add": accounts.may_add(by),
        "may_export": permissions.may(by, member_export.EXPORT),
        "may_manage_remarks": permissions.may(by, remark_names.MANAGE),
        "selected": set(),
        "everyone": False,
        "error": "",
        "is_empty": not Account.objects.filter(community=community).exists(),
    }


CHANNEL = "hand"


@require_http_methods(["GET", "POST"])
@http.page(accounts.EDIT)
def member_create(request: Request) -> HttpResponse:
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            values = form.cleaned_data
            account = accounts.create(
                community=request.community,
                key=values["key"] or f"m-{secrets.token_hex(5)}",
                name=values["name"],
                source=values["source"].strip(),
                channel=CHANNEL,
                identifiers={
                    kind: values[kind] for kind in ("phone", "email") if values[kind]
                },
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("%(name)s added.") % {"name": account})
            person_id = account_queries.account_ids_of_person(account.pk)[0]
            return http.redirect_back(
                request, reverse("members:detail", args=[person_id])
            )
    status = 422 if form.is_bound else 200
    context = {"form": form}
    return http.render(request, "console/members/create.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(attributes.EDIT)
def member_update(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:update", pk=member.id)
    all_attributes = list(attributes.list_all(request.community))
    values = member.person.attributes
    form = ProfileForm(
        request.POST or None,
        attributes=all_attributes,
        values={
            name: value.text
            for name, value in values.items()
            # Nobody may save the dots of a contact that they cannot read.
            if not attribute_texts.is_masked(value.attribute, request.staff)
        },
        name=member.person.name,
        may_rename=permissions.may(request.staff, accounts.EDIT),
    )
    if form.is_valid():
        changed = _save_profile(request, member, all_attributes, form)
        if not form.errors:
            message = _("Saved.") if changed else _("Nothing was changed.")
            http.flash(request, message)
            return http.redirect_back(request, reverse("members:detail", args=[pk]))
    rows = [row for _label, own in member.profile for row in own]
    context = {
        "member": member,
        "form": form,
        "past_values": [row for row in rows if row.past],
    }
    status = 422 if form.is_bound else 200
    return http.render(request, "console/members/update.html", context, status=status)


def _save_profile(
    request: Request,
    member: presenters.Member,
    all_attributes: list[Attribute],
    form: ProfileForm,
) -> bool:
    """Store the changed values only, so that the others keep their source and time."""
    context: dict[str, Any] = {"by": request.staff, "at": request.at}
    changed = False
    if "name" in form.changed_data:
        account = visibility.get(by=request.staff, account=member.id, at=request.at)
        try:
            accounts.update(account=account, name=form.cleaned_data["name"], **context)
            changed = True
        except errors.QunceError as error:
            form.add_error("name", str(error))
    for attribute in all_attributes:
        field = field_name(attribute)
        if field in form.changed_data:
            changed |= _set_attribute(member, attribute, form, field, context)
    return changed


def _set_attribute(
    member: presenters.Member,
    attribute: Attribute,
    form: ProfileForm,
    field: str,
    context: dict[str, Any],
) -> bool:
    """Store the value at the first account and clear it at the others."""
    text = form.cleaned_data[field].strip()
    values: dict[int, str | None] = dict.fromkeys(member.account_ids)
    values[member.id] = text or None
    try:
        return bool(
            attributes.set_values(attribute=attribute, values=values, **context)
        )
    except errors.QunceError as error:
        form.add_error(field, str(error))
        return False


@require_GET
@http.page(assignments.APPLY)
def tag_job(request: Request, pk: int) -> HttpResponse:
    job = bulk_tagging.get(by=request.staff, pk=pk)
    context = {
        "job": job,
        "message": presenters.tagged_message(job.tag, job.action, job.batch.changed),
    }
    part = "console/members/_tag_job.html"
    return http.render(request, "console/members/tag_job.html", context, part=part)
