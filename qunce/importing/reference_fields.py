"""Fields by which a row names a member, beside the member's key."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.target_registry import Field

FIELDS = (
    Field("openid", "key", _("OpenID"), "open_id 微信openid"),
    Field("unionid", "unionid", _("UnionID"), "union_id 微信unionid"),
    Field(
        "phone",
        "phone",
        _("Phone"),
        "手机号 手机 手机号码 电话 联系电话 联系方式 电话号码 mobile phone_number mobile_phone tel",
    ),
    Field("email", "email", _("E-mail"), "邮箱 电子邮箱 e-mail mail 电子邮件"),
)
NAMES = ("member_key", *(field.name for field in FIELDS))
"""A row needs one of these fields."""
