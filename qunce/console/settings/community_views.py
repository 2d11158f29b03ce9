"""The page of the community's settings, which shows the consequences of a change."""

from __future__ import annotations

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from qunce import community_settings
from qunce.console import http
from qunce.console.http import Request
from qunce.core import errors, money, permissions
from qunce.core.communities import Community

COMMON_CURRENCIES = ("CNY", "HKD", "TWD", "MOP", "SGD", "MYR", "USD", "EUR", "JPY")


class CommunityForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the community"),
        max_length=community_settings.MAX_NAME_LENGTH,
    )
    timezone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "time-zones"}),
        help_text=gettext_lazy("Such as Asia/Shanghai."),
    )
    day_start = forms.TimeField(
        label=gettext_lazy("Start of day"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy(
            "Numbers by day run from here to the same time of the next day. A shop that "
            "closes at 2 at night begins its day at 4."
        ),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy("Sums are shown in it. Orders keep their own."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the community"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy(
            "For new staff and for what Qunce generates. Everybody chooses their own "
            "language under My account."
        ),
    )
    region = forms.CharField(
        label=gettext_lazy("Country"),
        max_length=2,
        help_text=gettext_lazy(
            "Two letters such as CN. Phone numbers without a country code are of this"
            " country."
        ),
    )

    def __init__(self, community: Community, data: Any = None) -> None:
        initial = {name: getattr(community, name) for name in community_settings.FIELDS}
        hour, minute = divmod(community.day_start, 60)
        super().__init__(data, initial=initial | {"day_start": time(hour, minute)})
        first = [*COMMON_CURRENCIES, community.currency]
        rest = sorted(money.CURRENCIES - set(first))
        field: Any = self.fields["currency"]
        field.choices = [(code, code) for code in dict.fromkeys([*first, *rest])]

    def to_changes(self) -> dict[str, Any]:
        start = self.cleaned_data["day_start"]
        return self.cleaned_data | {"day_start": 60 * start.hour + start.minute}


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_COMMUNITIES)
def community(request: Request) -> HttpResponse:
    """The form. What has consequences is saved when it is sent again with `confirmed`."""
    form = CommunityForm(request.community, request.POST or None)
    consequences: list[str] = []
    if form.is_valid():
        changes = form.to_changes()
        try:
            consequences = community_settings.list_consequences(
                community=request.community, changes=changes, at=request.at
            )
            if not consequences or "confirmed" in request.POST:
                community_settings.update(
                    community=request.community,
                    by=request.staff,
                    at=request.at,
                    **changes,
                )
                http.flash(request, _("Saved."))
                return http.redirect_back(request, reverse("settings:community"))
        except errors.QunceError as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "consequences": consequences,
        "zones": sorted(zone for zone in available_timezones() if "/" in zone),
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/community.html", context, status=status
    )
