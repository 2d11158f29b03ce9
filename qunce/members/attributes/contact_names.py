"""Which attributes are contacts, by their names: a WeChat id, a second phone, a street."""

from __future__ import annotations

import re

CONTACT = re.compile(
    r"we_?chat(_?id|_?no|_?account)?$|^wx_?id$|weixin|微信号|^微信$|\bqq\b|^qq|"
    r"phone|mobile|\btel\b|telephone|手机|电话|联系方式|whatsapp|telegram|\bline_?id\b|"
    r"e-?mail|邮箱|street|address|地址|住址|详细地址|门牌|街道|zip|postcode|postal|邮编|"
    r"id_?card|passport|身份证|护照|证件号",
    re.IGNORECASE,
)
NOT_CONTACT = re.compile(
    r"昵称|verified|status|state|valid|opt|subscrib|consent|省|city|已验证|状态", re.I
)


def is_contact(*names: str) -> bool:
    """Whether one of the names, of the attribute or of a column, is that of a contact."""
    return any(
        CONTACT.search(name.strip()) and not NOT_CONTACT.search(name) for name in names
    )
