"""What is typed on the way in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def password_field(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=200,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class SignInForm(forms.Form):
    login = forms.CharField(
        label=_("Login"),
        max_length=120,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
    )
    password = password(_("Password"), "current-password")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "text",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class NewPasswordForm(forms.Form):
    new = password_field(
        _("New password"),
        "new-password",
        _("At least 10 characters. Several words in a row work well."),
    )
    again = password_field(_("Repeat new password"), "new-password")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("new") != given.get("again") and "again" in given:
            self.add_error("again", _("The two passwords do not match."))
        return given


class ChangePasswordForm(NewPasswordForm):
    old = password_field(_("Current password"), "current-password")
    field_order = ("old", "new", "again")
