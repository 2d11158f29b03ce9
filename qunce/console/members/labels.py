"""Labels of the codes that members' pages show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.members.accounts import channel_labels
from qunce.members.attributes.attributes import AttributeType

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SECTIONS: Mapping[str, StrOrPromise] = {
    "basic": _("Basics"),
    "interest": _("Interests"),
    "product": _("Product preference"),
    "benefit": _("Benefit preference"),
    "buying": _("Buying behaviour"),
    "spending": _("Spending habits"),
}
TYPES: Mapping[str, StrOrPromise] = {kind.value: kind.label for kind in AttributeType}
SOURCES: Mapping[str, StrOrPromise] = {
    "operator": _("by hand"),
    "import": _("from a file"),
    "api": _("via the API"),
    "rule": _("by a rule"),
    "survey": _("from a survey"),
    "merge": _("by merging"),
    "expiry": _("expired"),
    "base": _("base tag"),
    "purchases": _("from orders"),
    "chat_log": _("from a chat log"),
}
KINDS: Mapping[str, StrOrPromise] = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "unionid": _("UnionID"),
    "openid": _("OpenID"),
    "wechat": _("WeChat ID"),
}
CHANNELS = channel_labels.LABELS
REASONS: Mapping[str, StrOrPromise] = {
    "hand": _("by hand"),
    "phone": _("same phone"),
    "email": _("same e-mail"),
    "unionid": _("same UnionID"),
}


def label_of(labels: Mapping[str, StrOrPromise], code: str) -> str:
    """Return the label of a code, or the code itself if it has none."""
    return str(labels.get(code, code))
