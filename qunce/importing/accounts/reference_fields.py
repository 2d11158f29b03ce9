"""Fields by which a row names a member, besides the member's key."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.target_registry import Field

PHONES = (
    "手机号 手机 手机号码 买家手机号 会员手机号 客户手机号 用户手机号 顾客手机号 下单人手机号 "
    "买家手机 会员手机 客户手机 用户手机 顾客手机 下单手机号 下单人手机 联系手机 电话 联系电话 "
    "联系方式 电话号码 会员电话 客户电话 用户电话 顾客电话 买家电话 mobile phone_number "
    "mobile_number mobile_phone cell_phone customer_phone buyer_phone billing_phone telephone "
    "tel"
)
EMAILS = (
    "邮箱 电子邮箱 邮箱地址 电子邮件 买家邮箱 会员邮箱 客户邮箱 用户邮箱 顾客邮箱 email_address "
    "e_mail customer_email buyer_email billing_email mail"
)
"""Headings of columns that name a member by phone and by e-mail, the likeliest first."""

FIELDS = (
    Field("openid", "key", _("OpenID"), "open_id 微信openid"),
    Field("unionid", "unionid", _("UnionID"), "union_id 微信unionid"),
    Field("phone", "phone", _("Phone"), PHONES),
    Field("email", "email", _("E-mail"), EMAILS),
)
NAMES = ("member_key", *(field.name for field in FIELDS))
"""A row needs one of these fields."""
