"""Recording what a member agreed to, or withdrew."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters
from qunce.core import errors
from qunce.members.consents import consents
from qunce.members.people import visibility


class ConsentForm(forms.Form):
    prefix = "consent"
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"), choices=consents.Purpose.choices
    )
    given = forms.ChoiceField(
        label=gettext_lazy("The member"),
        choices=[
            ("yes", gettext_lazy("agreed")),
            ("no", gettext_lazy("took it back")),
        ],
    )
    evidence = forms.CharField(
        label=gettext_lazy("How"),
        required=False,
        max_length=consents.MAX_EVIDENCE_LENGTH,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("for example: form in the shop")}
        ),
    )


@require_POST
@http.page(consents.RECORD)
def record_consent(request: Request, pk: int) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    form = ConsentForm(request.POST)
    url = f"{reverse('members:detail', args=[member.id])}#h-consents"
    if not form.is_valid():
        http.flash(request, _("Choose a purpose and an answer."), level="bad")
        return http.redirect_back(request, url)
    values = form.cleaned_data
    account = visibility.get(by=request.staff, account=member.id, at=request.at)
    try:
        consents.record(
            account=account,
            purpose=values["purpose"],
            is_given=values["given"] == "yes",
            evidence=values["evidence"],
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Saved."))
    return http.redirect_back(request, url)
