"""The customer list of 企业微信 (WeCom), with one column per tag group."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import ATTRIBUTE, FileFormat

FORMAT = FileFormat(
    label=_("a WeCom customer list"),
    target="members",
    recognised_by=(
        "客户名称",
        "添加人",
        "添加时间",
    ),
    fields={
        "外部联系人ID": "key",
        "external_userid": "key",
        "unionid": "unionid",
        "手机": "phone",
        "邮箱": "email",
        "客户名称": "name",
        "添加时间": "joined_at",
        "来源": "source",
        "企业标签": "tags",
        "标签": "tags",
        "描述": ATTRIBUTE,
        "备注": ATTRIBUTE,
        "添加人": ATTRIBUTE,
        "添加人账号": ATTRIBUTE,
        "添加人所属部门": ATTRIBUTE,
        "企业": ATTRIBUTE,
        "地址": ATTRIBUTE,
        "职务": ATTRIBUTE,
        "电话": ATTRIBUTE,
        "标签组*": ATTRIBUTE,
    },
)
