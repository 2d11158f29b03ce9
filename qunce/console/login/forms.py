"""Forms for signing in and for choosing a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def password_field(
    label: Any, autocomplete: str, help_text: Any = ""
) -> forms.CharField:
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
    password = password_field(_("Password"), "current-password")


class CodeForm(forms.Form):
    """A code from an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                # Recovery codes contain letters, so the numeric keyboard is too small.
                "inputmode": "text",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class NewPasswordForm(forms.Form):
    new_password = password_field(
        _("New password"),
        "new-password",
        _("At least 10 characters. Several words in a row work well."),
    )
    repeat_password = password_field(_("Repeat new password"), "new-password")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        repeated = values.get("repeat_password")
        if repeated is not None and repeated != values.get("new_password"):
            self.add_error("repeat_password", _("The two passwords do not match."))
        return values


class ChangePasswordForm(NewPasswordForm):
    old_password = password_field(_("Current password"), "current-password")
    field_order = ("old_password", "new_password", "repeat_password")
