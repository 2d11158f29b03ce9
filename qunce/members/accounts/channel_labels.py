"""Labels of the channels and sources of accounts that have no name of their own.

All others are named by the file or program that they come from.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

LABELS: Mapping[str, StrOrPromise] = {
    "import": gettext_lazy("from a file"),
    "hand": gettext_lazy("added by hand"),
    "api": gettext_lazy("via the API"),
    "assisted": gettext_lazy("assisted sending"),
    "phone": gettext_lazy("phone number"),
    "email": gettext_lazy("e-mail address"),
    "unionid": gettext_lazy("UnionID"),
    "openid": gettext_lazy("OpenID"),
}


def label_of(name: str) -> str:
    return str(LABELS.get(name, name))


def name_of(label: str) -> str:
    """Return what an export in any language calls by this label."""
    return _names_by_label().get(label, label)


@functools.cache
def _names_by_label() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            names |= {str(label): name for name, label in LABELS.items()}
    return names
