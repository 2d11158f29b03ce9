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
    "douyin": _("Douyin"),
    "kuaishou": _("Kuaishou"),
    "xiaohongshu": _("Xiaohongshu"),
    "weibo": _("Weibo"),
    "zhihu": _("Zhihu"),
    "tieba": _("Tieba"),
    "douban": _("Douban"),
    "bilibili": _("Bilibili"),
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
    "bot": _("bot"),
}
TRANSITIONS: dict[str, StrOrPromise] = {
    "stabilize": _("Mark as stable"),
    "recall": _("Start win-back"),
    "close": _("Retire the group"),
    "revive": _("Mark as growing"),
}
"""Labels of buttons that change a group's stage."""


ROLE_TEXTS = {
    "member": "成员 群成员 普通成员 用户",
    "owner": "群主",
    "atmosphere": "气氛组 氛围组 水军 马甲 小号 atmosphere_account",
    "koc": "达人",
    "expert": "专家 讲师 老师",
    "service": "客服 小助手 助手 群助手 customer_service",
    "core": "核心 核心成员 骨干",
    "seed": "种子 种子用户",
    "volunteer": "志愿者",
    "bot": "机器人 robot 群机器人",
}
"""What files and people call the roles, besides their keys."""
_ROLE_OF = {
    text: role for role, texts in ROLE_TEXTS.items() for text in texts.split()
} | {role: role for role in ROLES}


def read_role(text: str) -> str:
    """Return the key of the role that a file means, or the text as it is."""
    word = text.strip()
    return _ROLE_OF.get(word.lower().replace(" ", "_"), word)


def label_of(labels: Mapping[str, StrOrPromise], key: str) -> str:
    return str(labels.get(key, key))
