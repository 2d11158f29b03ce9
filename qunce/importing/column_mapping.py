"""What a heading means: the words of common exports, Chinese and English.

A mapping tells for each heading the field of the target, `attr:name` for a member's
attribute, or nothing for a column that is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing import registry

ATTRIBUTE = registry.ATTRIBUTE_PREFIX
SEPARATORS = re.compile(r"[\s_\-./·:：()（）\[\]【】*#\"'“”]+")

KNOWN_ATTRIBUTES = {
    "gender": "gender sex 性别",
    "age": "age 年龄",
    "country": "country 国家",
    "province": "province state 省份 省 收货省份",
    "city": "city 城市 市 收货城市",
    "region": "region area 地区 区域 所在地",
    "address": "address 地址 收货地址 详细地址",
    "wechat": "wechat wechatid 微信 微信号",
    "remark": "remark note notes 备注 备注名 客户备注 描述",
    "last_order": "lastorder lastorderat lastpurchase 最近下单 最近下单时间 最后下单时间 "
    "上次下单 最近消费时间 最近购买时间 上次消费时间",
    "first_order": "firstorder firstpurchase 首次下单 首次下单时间 首次消费时间",
    "orders": "orderscount totalorders 订单数 下单次数 购买次数 消费次数 累计订单数",
    "spent": "totalspent lifetimevalue 消费金额 累计消费 累计消费金额 总消费 成交金额",
    "points": "points 积分 可用积分 当前积分",
    "level": "level 会员等级 等级 会员级别",
    "occupation": "occupation job 职业",
    "staff": "owner staff 添加人 所属员工 跟进人 客服 归属导购 导购",
    "company": "company 公司 企业 企业名称 客户企业",
}
"""Headings that are attributes of a member under a name of their own."""
KNOWN_ATTRIBUTE_TYPES = {
    "age": "number",
    "remark": "text",
    "address": "text",
    "wechat": "text",
    "last_order": "instant",
    "first_order": "instant",
    "orders": "number",
    "spent": "number",
    "points": "number",
}
"""What some of them are, even where a file has a broken one among them."""


class InvalidMapping(errors.Invalid):
    """A mapping names a heading or a field that is not there."""


def normalise_heading(heading: str) -> str:
    """Without case, width, blanks and punctuation."""
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", heading).casefold())


def guess(target: registry.Target, headings: Sequence[str]) -> dict[str, str]:
    """Heading → field; each field once, canonical names before other words."""
    mapping: dict[str, str] = {}
    free = {field.name: field for field in target.fields}
    for heading in headings:
        for field in free.values():
            if normalise_heading(heading) == normalise_heading(field.name):
                mapping[heading] = free.pop(field.name).name
                break
    for rank in range(max((len(f.words.split()) for f in free.values()), default=0)):
        for heading in headings:
            if heading not in mapping:
                _match(heading, rank, free, mapping)
    rest = [heading for heading in headings if heading not in mapping]
    mapping |= {heading: default_field(target, heading) for heading in rest}
    return {heading: mapping[heading] for heading in headings}


def _match(
    heading: str,
    rank: int,
    free: dict[str, registry.Field],
    mapping: dict[str, str],
) -> None:
    for field in free.values():
        words = field.words.split()
        if rank < len(words) and normalise_heading(heading) == normalise_heading(
            words[rank]
        ):
            mapping[heading] = field.name
            del free[field.name]
            return


def default_field(target: registry.Target, heading: str) -> str:
    """Attributes in members' files, details of orders; nothing elsewhere."""
    if target.extras == "details":
        return f"{registry.DETAIL_PREFIX}{heading}"
    if target.extras != "attributes":
        return ""
    word = normalise_heading(heading)
    for name, words in KNOWN_ATTRIBUTES.items():
        if word == name or word in words.split():
            return f"{ATTRIBUTE}{name}"
    return f"{ATTRIBUTE}{heading}"


def guess_target(headings: Sequence[str]) -> str:
    """What a file most likely holds: the target that knows the most of its headings.

    One that lacks what it needs is chosen only where all do.
    """

    def worth(key: str) -> tuple[bool, int, bool]:
        target = registry.get(key)
        mapping = guess(target, headings)
        names = {field.name for field in target.fields}
        known = sum(name in names for name in mapping.values())
        return not missing_required(target, mapping), known, key == "members"

    return max(registry.list_keys(), key=worth)


def complete(
    target: registry.Target, headings: Sequence[str], given: Mapping[str, str]
) -> dict[str, str]:
    """The guess with what was given put over it."""
    mapping = guess(target, headings)
    names = {field.name for field in target.fields}
    for heading, name in given.items():
        if heading not in headings:
            raise InvalidMapping(
                _("The file has no column “%(heading)s”; it has: %(headings)s.")
                % {"heading": heading, "headings": ", ".join(headings)}
            )
        free = name.startswith(ATTRIBUTE) and target.extras == "attributes"
        free = free or name == default_field(target, heading)
        if name and name not in names and not free:
            raise InvalidMapping(
                _(
                    "“%(name)s” is not a field of this import. Available fields: %(names)s."
                )
                % {"name": name, "names": ", ".join(sorted(names))}
            )
        for other, taken in mapping.items():
            if name and taken == name and other not in given:
                mapping[other] = default_field(target, other)
        mapping[heading] = name
    return mapping


def apply(
    target: registry.Target,
    headings: Sequence[str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """The same with both sides checked."""
    mapping = complete(target, headings, given)
    for name, (one, other) in duplicates(mapping).items():
        raise InvalidMapping(
            _("“%(one)s” and “%(other)s” cannot both be mapped to %(name)s.")
            % {"one": one, "other": other, "name": name}
        )
    for group in missing_required(target, mapping):
        raise InvalidMapping(
            _("No column is mapped to %(names)s. Choose the column.")
            % {"names": _(" or ").join(group)}
        )
    return mapping


def duplicates(mapping: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Fields that two columns are taken as, with the first two."""
    seen: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for heading, name in mapping.items():
        if name and name in seen:
            found.setdefault(name, (seen[name], heading))
        seen.setdefault(name, heading)
    return found


def missing_required(
    target: registry.Target, mapping: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """What is needed and no column is taken as: groups of fields of which one is."""
    taken = set(mapping.values())
    return [group for group in target.required if not taken & set(group)]
