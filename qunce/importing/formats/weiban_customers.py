"""The customer list of 微伴助手."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import ATTRIBUTE, FileFormat

FORMAT = FileFormat(
    label=_("a Weiban customer list"),
    target="members",
    recognised_by=(
        "客户昵称",
        "所属员工",
        "客户标签",
    ),
    fields={
        "外部联系人ID": "key",
        "客户ID": "key",
        "unionid": "unionid",
        "手机号": "phone",
        "手机号码": "phone",
        "邮箱": "email",
        "客户昵称": "name",
        "添加时间": "joined_at",
        "添加渠道": "source",
        "客户标签": "tags",
        "流失时间": "left_at",
        "客户备注": ATTRIBUTE,
        "备注名": ATTRIBUTE,
        "客户描述": ATTRIBUTE,
        "所属员工": ATTRIBUTE,
        "性别": ATTRIBUTE,
        "生日": "birthday",
        "地区": ATTRIBUTE,
    },
)
