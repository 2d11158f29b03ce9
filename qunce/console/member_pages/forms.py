"""The form of the settings of member pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.members.personal_links import portal_settings
from qunce.members.personal_links.models import PortalSettings


class SettingsForm(forms.Form):
    is_open = forms.BooleanField(
        label=gettext_lazy("Open"),
        required=False,
        help_text=gettext_lazy("Closed, all of their addresses lead nowhere."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Contact for questions"),
        required=False,
        max_length=portal_settings.MAX_CONTACT_LENGTH,
        help_text=gettext_lazy(
            "To whom members send their six digits, such as “Mei in the group”."
        ),
    )

    def __init__(self, settings: PortalSettings, data: Any = None) -> None:
        names = ("is_open", "contact")
        super().__init__(
            data, initial={name: getattr(settings, name) for name in names}
        )
