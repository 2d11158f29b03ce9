"""Forms of channels: the account to connect, and how fast it sends."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.accounts.accounts import MAX_PER_MINUTE, MAX_SECRET_LENGTH
from qunce.channels.accounts.models import MAX_ADDRESS_LENGTH

NONE, AT_MOST = "none", "at_most"


class LimitForm(forms.Form):
    """No limit, or at most n messages a minute; no number stands for no limit."""

    limit = forms.ChoiceField(
        label=gettext_lazy("Limit of our own"),
        choices=[
            (NONE, gettext_lazy("None: as fast as the server allows")),
            (AT_MOST, gettext_lazy("At most so many messages a minute")),
        ],
        widget=forms.RadioSelect,
        initial=NONE,
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Messages a minute"),
        required=False,
        min_value=1,
        max_value=MAX_PER_MINUTE,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("limit") == NONE:
            data["per_minute"] = None
        elif data.get("per_minute") is None and "per_minute" not in self.errors:
            self.add_error("per_minute", _("Write a number."))
        return data


class ConnectForm(LimitForm):
    address = forms.CharField(
        label=gettext_lazy("Homeserver"),
        max_length=MAX_ADDRESS_LENGTH,
        widget=forms.URLInput(attrs={"placeholder": "https://matrix.example.com"}),
        help_text=gettext_lazy("The address under which apps reach it."),
    )
    secret = forms.CharField(
        label=gettext_lazy("Access token"),
        max_length=MAX_SECRET_LENGTH,
        # Never shown again, not even in a form that is refused.
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Of an account that only Qunce uses. It is stored encrypted and never shown."
        ),
    )
    field_order = ("address", "secret", "limit", "per_minute")


class WidgetForm(forms.Form):
    origins = forms.CharField(
        label=gettext_lazy("Apps that show member pages in a room"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(
            attrs={"rows": 3, "placeholder": "https://app.element.io"}
        ),
        help_text=gettext_lazy(
            "One address a line, such as https://app.element.io, or vector://vector for "
            "Element on the desktop. Empty, no app can."
        ),
    )


class InvitationsForm(forms.Form):
    asks_first = forms.BooleanField(
        label=gettext_lazy("Ask staff about every invitation into a room"),
        required=False,
        help_text=gettext_lazy(
            "Without this, the account follows people of its own homeserver. Choose it "
            "on a server where anybody can register."
        ),
    )
