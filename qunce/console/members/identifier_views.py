"""The form that replaces or removes a wrong identifier."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import labels
from qunce.core import errors
from qunce.members.accounts import accounts, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Identifier
from qunce.members.people import corrections, visibility
from qunce.members.people.identifier_merges import Joins
from qunce.members.people.merges import Merge


class CorrectionForm(forms.Form):
    value = forms.CharField(
        label=gettext_lazy("Right number, address or ID"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Leave empty to remove the wrong one only."),
    )


@require_http_methods(["GET", "POST"])
@http.page(accounts.EDIT)
def correct_identifier(request: Request, pk: int) -> HttpResponse:
    """Replace or remove an identifier, and report who was joined and parted."""
    row = get_object_or_404(Identifier, pk=pk, community_id=request.community.pk)
    account = visibility.get(by=request.staff, account=row.account_id, at=request.at)
    person = account_queries.account_ids_of_person(account.pk)[0]
    form = CorrectionForm(request.POST or None)
    if form.is_valid():
        try:
            joins = corrections.correct(
                account=account,
                kind=row.kind,
                value=row.value,
                new=form.cleaned_data["value"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error("value", str(error))
        else:
            http.flash(request, " ".join([_("Saved."), *_describe(request, joins)]))
            person = account_queries.account_ids_of_person(account.pk)[0]
            url = f"{reverse('members:detail', args=[person])}#h-accounts"
            return http.redirect_back(request, url)
    resting = Merge.objects.filter(
        community=request.community,
        reason=row.kind,
        value=row.value,
        undone_at__isnull=True,
    )
    context = {
        "form": form,
        "pk": pk,
        "kind": labels.label_of(labels.KINDS, row.kind),
        "value": masking.identifier(kind=row.kind, value=row.value, by=request.staff),
        "account_key": masking.key(account.key, request.staff),
        "joins": resting.count(),
        "member_id": person,
    }
    return http.render(
        request,
        "console/members/correct_identifier.html",
        context,
        part="console/members/_correct_identifier.html",
        status=422 if form.errors else 200,
    )


def _describe(request: Request, joins: Joins) -> list[str]:
    ids = {
        pk
        for each in (*joins.merged, *joins.parted)
        for pk in (each.left_id, each.right_id)
    }
    keys = account_queries.keys_by_id(request.community, ids)
    shown = {pk: masking.key(key, request.staff) for pk, key in keys.items()}
    sentences = [
        _("%(left)s and %(right)s are two people now.")
        % {"left": shown[each.left_id], "right": shown[each.right_id]}
        for each in joins.parted
    ]
    sentences += [
        _("%(left)s and %(right)s are one person now.")
        % {"left": shown[each.left_id], "right": shown[each.right_id]}
        for each in joins.merged
    ]
    if joins.shared:
        sentences.append(
            _("Too many accounts share this identifier, so it merges nobody.")
        )
    return sentences
