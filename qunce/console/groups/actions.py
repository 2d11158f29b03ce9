"""Actions on groups and their members."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.groups import presenters, views
from qunce.console.groups.forms import GroupForm, JoinForm
from qunce.core import errors, timestamps
from qunce.groups import groups, labels, memberships, visibility
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members
from qunce.members.people import visibility as people_visibility
from qunce.members.segments import segments
from qunce.sets import audiences


@require_POST
@http.page(groups.MANAGE)
def change_stage(request: http.Request, pk: int, step: str) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    if step not in groups.STATES.transitions:
        return redirect("groups:detail", group.pk)
    previous = group.state
    groups.change_stage(group=group, transition=step, by=request.staff, at=request.at)
    text = _("The stage of “%(group)s” is now %(stage)s.") % {
        "group": group,
        "stage": group.get_state_display(),
    }
    # The transition back to the previous stage, if there is one.
    back = [
        name
        for name, (origins, target) in groups.STATES.transitions.items()
        if target == previous and group.state in origins and name in labels.TRANSITIONS
    ]
    undo = reverse("groups:change-stage", args=[group.pk, back[0]]) if back else None
    http.flash(request, text, undo=undo)
    return http.redirect_back(request, reverse("groups:detail", args=[group.pk]))


@require_POST
@http.page(groups.MANAGE)
def update_field(request: http.Request, pk: int, field: str) -> HttpResponse:
    """Change one field of the positioning card, in place."""
    group = visibility.get(by=request.staff, pk=pk)
    if field not in (*presenters.CARD, "owner"):
        raise Http404
    form = GroupForm(request.community, request.POST, group=group, only=field)
    if form.is_valid():
        groups.update(
            group=group, by=request.staff, at=request.at, **form.to_arguments()
        )
        http.flash(request, _("Saved."))
    else:
        text = " ".join(str(error) for error in form.errors.get(field, ()))
        http.flash(request, text, level="bad")
    return http.redirect_back(request, reverse("groups:detail", args=[pk]) + "#card")


@require_POST
@http.page(groups.EDIT_MEMBERS)
def add_members(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    form = JoinForm(request.staff, request.POST)
    if form.is_valid():
        try:
            accounts = _chosen_accounts(request, form)
            added = groups.add_members(
                group=group,
                accounts=accounts,
                role=memberships.check_role(form.cleaned_data["role"] or "member"),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            undo: str | None = None
            level = "info"
            text = _("They were already in the group.")
            if added:
                moment, level = timestamps.to_micros(request.at), "good"
                undo = reverse("groups:member-undo", args=[pk, moment])
                text = ngettext(
                    "%(n)s member was added to the group.",
                    "%(n)s members were added to the group.",
                    added,
                ) % {"n": f"{added:,}"}
            http.flash(request, text, undo=undo, level=level)
            return http.redirect_back(request, reverse("groups:detail", args=[pk]))
    return views.render_detail(request, group, form)


def _chosen_accounts(request: http.Request, form: JoinForm) -> list[int]:
    """Return the visible accounts of the keys and of the segment's members.

    Raises MemberNotFound if a key is unknown, so that typing errors are noticed.
    """
    by, at = request.staff, request.at
    account_ids, unknown = [], []
    for key in form.cleaned_data["keys"]:
        try:
            account_ids.append(named_members.get_by_key(by=by, key=key, at=at).pk)
        except account_queries.MemberNotFound:
            unknown.append(key)
    if unknown:
        keys = _(", ").join(f"“{key[:80]}”" for key in unknown[:5])
        text = ngettext(
            "There is no member %(keys)s. Nobody was added.",
            "%(n)s keys do not belong to a member, for example %(keys)s. Nobody "
            "was added.",
            len(unknown),
        )
        raise account_queries.MemberNotFound(text % {"keys": keys, "n": len(unknown)})
    segment = form.cleaned_data["segment"]
    if segment:
        account_ids += audiences.list_ids(
            community=request.community,
            rule=segments.reference(segment),
            by=by,
            at=at,
        )
    if not account_ids:
        raise errors.Invalid(_("You cannot see any member of this segment."))
    return account_ids


@require_POST
@http.page(groups.EDIT_MEMBERS)
def undo_add(request: http.Request, pk: int, moment: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    removed = memberships.undo_addition(
        group=group, moment=moment, by=request.staff, at=request.at
    )
    text = ngettext(
        "%(n)s member was removed from the group.",
        "%(n)s members were removed from the group.",
        removed,
    )
    http.flash(request, text % {"n": f"{removed:,}"})
    return http.redirect_back(request, reverse("groups:detail", args=[pk]))


@require_POST
@http.page(groups.EDIT_MEMBERS)
def change_role(request: http.Request, pk: int, account: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    memberships.change_role(
        group=group,
        account=account,
        role=request.POST.get("role", ""),
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("groups:detail", args=[pk]))


@require_POST
@http.page(groups.EDIT_MEMBERS)
def remove_member(request: http.Request, pk: int, account: int) -> HttpResponse:
    by, at = request.staff, request.at
    group = visibility.get(by=by, pk=pk)
    person = people_visibility.get(by=by, account=account, at=at)
    groups.remove_members(
        group=group,
        accounts=account_queries.account_ids_of_person(account),
        by=by,
        at=at,
    )
    text = _("%(name)s was removed from the group.") % {
        "name": person.name or masking.key(person.key, by)
    }
    http.flash(request, text, undo=reverse("groups:member-re-add", args=[pk, account]))
    return http.redirect_back(request, reverse("groups:detail", args=[pk]))


@require_POST
@http.page(groups.EDIT_MEMBERS)
def re_add_member(request: http.Request, pk: int, account: int) -> HttpResponse:
    """Undo the removal of a member, who gets back the previous role."""
    by, at = request.staff, request.at
    group = visibility.get(by=by, pk=pk)
    people_visibility.check_visible(by=by, accounts=[account], at=at)
    memberships.add_again(group=group, account=account, by=by, at=at)
    return http.redirect_back(request, reverse("groups:detail", args=[pk]))
