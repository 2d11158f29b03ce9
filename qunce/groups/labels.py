"""Labels of the kinds, platforms, roles and transitions of groups.

Files and channels may bring values without a label; those are shown as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

KINDS: dict[str, StrOrPromise] = {
    "welfare": _("benefits"),
    "interest": _("interest"),
    "seeding": _("seeding"),
    "iron_fan": _("loyal fans"),
    "vip": _("VIP"),
    "flash": _("flash sale"),
    "local": _("neighbourhood"),
    "service": _("after-sales"),
    "guides": _("shop assistants"),
    "store": _("shop"),
}
PLATFORMS: dict[str, StrOrPromise] = {
    "offline": _("offline"),
    "wecom": _("WeCom"),
    "wechat": _("WeChat"),
    "qq": _("QQ"),
    "dingtalk": _("DingTalk"),
    "feishu": _("Feishu"),
    "matrix": _("Matrix"),
    "telegram": _("Telegram"),
    "whatsapp": _("WhatsApp"),
}
ROLES: dict[str, StrOrPromise] = {
    "member": _("group member"),
    "owner": _("group owner"),
    "atmosphere": _("atmosphere"),
    "koc": _("KOC"),
    "expert": _("expert"),
    "service": _("customer service"),
    "core": _("core"),
    "seed": _("seed"),
    "volunteer": _("volunteer"),
}
TRANSITIONS: dict[str, StrOrPromise] = {
    "stabilize": _("Mark as stable"),
    "recall": _("Start win-back"),
    "close": _("Retire the group"),
    "revive": _("Mark as growing"),
}
"""Labels of buttons that change a group's stage."""


def label_of(labels: Mapping[str, StrOrPromise], key: str) -> str:
    return str(labels.get(key, key))
