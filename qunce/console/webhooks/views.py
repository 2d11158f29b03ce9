"""Pages of webhooks: the list, forms, one webhook with its log, and one delivery."""

from __future__ import annotations

import itertools
import json
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from qunce.channels.webhooks import deliveries, endpoints, url_policy
from qunce.channels.webhooks.deliveries import State
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.console import http
from qunce.console.http import Request
from qunce.core import errors

PAGE_SIZE = 50


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The program to notify, such as “till” or “CRM”."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=url_policy.MAX_URL_LENGTH,
        help_text=gettext_lazy(
            "The address must begin with https:// and be reachable from the internet."
        ),
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hook"}),
    )
    kinds = forms.MultipleChoiceField(label=gettext_lazy("Notify when"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kinds"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = endpoints.list_kinds()

    def by_noun(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Return the kinds by noun, each with its label and whether it is selected."""
        chosen = set(self["kinds"].value() or ())
        rows = [(kind, label, kind in chosen) for kind, label in endpoints.list_kinds()]
        grouped = itertools.groupby(rows, key=lambda row: row[0].partition(".")[0])
        return [(noun, list(rows)) for noun, rows in grouped]


@require_GET
@http.page(endpoints.MANAGE)
def webhook_list(request: Request) -> HttpResponse:
    rows = [
        (endpoint, deliveries.count_by_state(endpoint))
        for endpoint in endpoints.list_endpoints(request.staff)
    ]
    return http.render(request, "console/webhooks/list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@http.page(endpoints.MANAGE)
def webhook_create(request: Request) -> HttpResponse:
    endpoints.check_may(request.staff)
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        try:
            endpoint = endpoints.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.Invalid as error:
            form.add_error(None, str(error))
        else:
            return http.redirect_back(
                request, reverse("webhooks:detail", args=[endpoint.pk])
            )
    return _render_form(request, form)


def _render_form(
    request: Request, form: WebhookForm, endpoint: Endpoint | None = None
) -> HttpResponse:
    context = {"form": form, "endpoint": endpoint}
    status = 422 if form.errors else 200
    return http.render(request, "console/webhooks/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(endpoints.MANAGE)
def webhook_update(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    initial = {name: getattr(endpoint, name) for name in ("name", "url")}
    kinds = list(endpoint.kinds)
    form = WebhookForm(request.POST or None, initial={**initial, "kinds": kinds})
    if form.is_valid():
        try:
            endpoints.update(
                endpoint=endpoint,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.Invalid as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("“%(name)s” updated.") % {"name": endpoint})
            return http.redirect_back(request, reverse("webhooks:detail", args=[pk]))
    return _render_form(request, form, endpoint)


@require_GET
@never_cache
@http.page(endpoints.MANAGE)
def webhook_detail(request: Request, pk: int) -> HttpResponse:
    """The webhook's state, its secret and its log."""
    endpoint = endpoints.get(by=request.staff, pk=pk)
    state = request.GET.get("state", "")
    before = request.GET.get("before", "")
    rows = deliveries.list_deliveries(
        endpoint,
        state=state if state in State else "",
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=PAGE_SIZE + 1,
    )
    labels = {**dict(endpoints.list_kinds()), deliveries.TEST_KIND: _("test")}
    context = {
        "endpoint": endpoint,
        "kinds": [labels.get(kind, kind) for kind in sorted(endpoint.kinds)],
        "counts": deliveries.count_by_state(endpoint),
        "rows": [(row, labels.get(row.kind, row.kind)) for row in rows[:PAGE_SIZE]],
        "states": State.choices,
        "state": state,
        "before": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "is_first": not before,
    }
    return http.render(
        request,
        "console/webhooks/detail.html",
        context,
        part="console/webhooks/_log.html",
    )


@require_GET
@http.page(endpoints.MANAGE)
def delivery_detail(request: Request, pk: int, delivery: int) -> HttpResponse:
    """One delivery: its payload, and the response."""
    endpoint = endpoints.get(by=request.staff, pk=pk)
    row = deliveries.get(endpoint, delivery)
    body = json.dumps(json.loads(row.body), indent=2, ensure_ascii=False)
    context = {"endpoint": endpoint, "row": row, "body": body}
    return http.render(request, "console/webhooks/delivery.html", context)
