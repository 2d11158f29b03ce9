"""Texts behind a label, with the colon of the language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise


def with_label(label: StrOrPromise, text: StrOrPromise) -> str:
    """`Members` and `12 is too many` → `Members: 12 is too many`."""
    return _("%(label)s: %(text)s") % {"label": label, "text": text}
