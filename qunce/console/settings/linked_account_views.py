"""Linking one's own accounts in several communities, to switch without a password."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings.forms import LinkAccountForm
from qunce.core import errors
from qunce.core.staff import linked_accounts


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password", "other_password")
@http.page()
def link(request: Request) -> HttpResponse:
    form = LinkAccountForm(request.POST or None)
    if form.is_valid():
        try:
            other = linked_accounts.link_own(
                staff=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("Linked. You can now switch to “%(community)s”.")
            http.flash(request, text % {"community": other.community.name})
            return http.redirect_back(request, reverse("settings:account"))
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/link_account.html", {"form": form}, status=status
    )


@require_POST
@http.page()
def unlink(request: Request, pk: int) -> HttpResponse:
    """Part one's own account in another community from this one."""
    others = {each.pk: each for each in linked_accounts.list_others(request.staff)}
    if pk not in others:
        raise linked_accounts.AccountNotFound(_("There is no such account."))
    linked_accounts.unlink(staff=others[pk], by=request.staff, at=request.at)
    text = _("“%(login)s” is no longer linked.") % {"login": others[pk].login}
    http.flash(request, text)
    return http.redirect_back(request, reverse("settings:account"))
