"""Maps headings of a file to fields, guessed from the headings of common exports.

A mapping gives for each heading a field of the target, `attr:name` for an attribute of
members, or an empty string for a column that is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing import format_registry, target_registry
from qunce.importing.files import heading_rows

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
"""Attributes with a name of their own, by the headings of common exports."""
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
"""Types of some of them, where a file's values fit."""
TEXT_ATTRIBUTES = frozenset(
    "gender country province city region level occupation staff company".split()
)
"""Attributes that are text or a choice, even if all values are NO, F or 1."""


class InvalidMapping(errors.Invalid):
    """The mapping names a heading or a field that does not exist."""


# Checks


def check(target: target_registry.Target, mapping: Mapping[str, str]) -> None:
    """Raise InvalidMapping if a field has two columns or a required one has none."""
    for name, (heading, other) in duplicates(mapping).items():
        raise InvalidMapping(
            _("“%(one)s” and “%(other)s” cannot both be mapped to %(name)s.")
            % {"one": heading, "other": other, "name": name}
        )
    for group in missing_required(target, mapping):
        raise InvalidMapping(
            _(
                "No column is mapped to %(names)s. Choose the column. The first row "
                "must hold the headings; it has: %(headings)s."
            )
            % {"names": _(" or ").join(group), "headings": ", ".join(mapping)[:200]}
        )


def duplicates(mapping: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the fields that two columns are mapped to, with the first two headings."""
    headings: dict[str, list[str]] = {}
    for heading, name in mapping.items():
        headings.setdefault(name, []).append(heading)
    return {
        name: (same[0], same[1])
        for name, same in headings.items()
        if name and len(same) > 1
    }


def missing_required(
    target: target_registry.Target, mapping: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Return the groups of required fields of which none is mapped."""
    mapped = set(mapping.values())
    return [group for group in target.required if not mapped & set(group)]


# Guesses


def guess(
    target: target_registry.Target, headings: Sequence[str], *, is_last: bool = True
) -> dict[str, str]:
    """Return the likeliest mapping, in which each field is used once.

    A field's own name goes first, then its headings by rank over all fields, so that a
    likely heading of one field wins over an unlikely one of another. `is_last` says
    whether the last headings of fields are used, too.
    """
    own_names = {
        field.name: [] if field.needs else [field.name] for field in target.fields
    }
    exports = {field.name: field.headings.split() for field in target.fields}
    last = {field.name: field.last_headings.split() for field in target.fields}
    needs = {field.name: field.needs for field in target.fields if field.needs}
    # What is known about an export leaves nothing to guess about these columns.
    mapping = format_registry.find_mapping(headings, target.key)
    for known_headings in (own_names, exports, *([last] if is_last else [])):
        # Rank outside, headings inside: the other way round, the first heading would
        # take the field that a later one names better.
        for rank in range(max(map(len, known_headings.values()))):
            for heading in headings:
                if heading in mapping:
                    continue
                plain = heading_rows.normalise(heading)
                used = set(mapping.values())
                free = (
                    name
                    for name, known in known_headings.items()
                    if rank < len(known)
                    and name not in used
                    and needs.get(name, name) in {*used, name}
                    and plain == heading_rows.normalise(known[rank])
                )
                if name := next(free, ""):
                    mapping[heading] = name
    spare = [heading for heading in headings if heading not in mapping]
    # The better known of two headings for one attribute gets it.
    for heading in sorted(spare, key=lambda heading: _find_known(heading)[1]):
        name = default_field(target, heading)
        if name and name in mapping.values():
            # The other keeps its own name, as both columns hold something.
            name = f"{target_registry.ATTRIBUTE_PREFIX}{heading}"
        number = 2
        while name and name in mapping.values():
            name = f"{target_registry.ATTRIBUTE_PREFIX}{heading} ({number})"
            number += 1
        mapping[heading] = name
    return {heading: mapping[heading] for heading in headings}


def knows_any(headings: Sequence[str]) -> bool:
    """Return whether any target has a field or an attribute by one of the headings."""
    if any(_find_known(heading)[0] for heading in headings):
        return True
    for key in target_registry.list_keys():
        target = target_registry.get(key)
        names = {field.name for field in target.fields}
        if names & set(guess(target, headings).values()):
            return True
    return False


def _find_known(heading: str) -> tuple[str, int]:
    """Return the known attribute of a heading, and its rank among the headings of it."""
    plain = heading_rows.normalise(heading)
    for name, known in KNOWN_ATTRIBUTES.items():
        names = [name, *known.split()]
        if plain in names:
            return name, names.index(plain)
    return "", 0


def default_field(target: target_registry.Target, heading: str) -> str:
    """Return what a further column becomes: an attribute, a detail, or nothing."""
    if heading_rows.GENERATED.fullmatch(heading):
        return ""
    if target.extras == "details":
        return f"{target_registry.DETAIL_PREFIX}{heading}"
    if target.extras != "attributes":
        return ""
    # A known name joins the columns of two exports, such as 城市 and city, in one
    # attribute.
    known, _rank = _find_known(heading)
    return f"{target_registry.ATTRIBUTE_PREFIX}{known or heading}"


def headings_like(
    target: target_registry.Target, mapping: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return for each heading the ones by which its field is known."""
    known: dict[str, list[str]] = {}
    fields = {field.name: field for field in target.fields}
    for heading, name in mapping.items():
        plain = name.partition(":")[2] or name
        words = [heading, plain, *KNOWN_ATTRIBUTES.get(plain, "").split()]
        if name in fields:
            field = fields[name]
            words += [str(field.label), *field.headings.split()]
            words += field.last_headings.split()
        known[heading] = [word for word in words if word]
    return known


def list_notes(mapping: Mapping[str, str]) -> list[str]:
    """Return what is unusual about the headings."""
    notes = []
    generated = [
        heading
        for heading, name in mapping.items()
        if heading_rows.GENERATED.fullmatch(heading) and not name
    ]
    if generated:
        notes.append(
            _("Columns without a heading are not imported: %(names)s.")
            % {"names": ", ".join(generated)}
        )
    for heading in mapping:
        match = heading_rows.REPEATED.fullmatch(heading)
        if match and match[1] in mapping:
            notes.append(
                _("The heading “%(name)s” occurs again; that column is “%(other)s”.")
                % {"name": match[1], "other": heading}
            )
    return notes


def guess_target(headings: Sequence[str]) -> str:
    """Return the target that knows most of the headings.

    A target whose required fields are missing is chosen only if that holds for all.
    """

    file_format = format_registry.find(headings)
    if file_format is not None:
        return file_format.target

    # Of equal targets, that of members is the most common.
    def score(key: str) -> tuple[bool, int, int, bool]:
        target = target_registry.get(key)
        mapping = guess(target, headings, is_last=False)
        names = {field.name for field in target.fields}
        known = sum(name in names for name in mapping.values())
        # Files that people write for Qunce have the names of the fields themselves.
        own = len(names & set(headings))
        return not missing_required(target, mapping), known, own, key == "members"

    # Complete targets win over incomplete ones. Otherwise one that shares many headings
    # with the file would be chosen although the file lacks its key.
    return max(target_registry.list_keys(), key=score)


def complete(
    target: target_registry.Target, headings: Sequence[str], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Return the chosen mapping, with a guess for every heading that it lacks."""
    mapping = guess(target, headings)
    names = {field.name for field in target.fields}
    for heading, name in chosen.items():
        if heading not in headings:
            raise InvalidMapping(
                _("The file has no column “%(heading)s”; it has: %(headings)s.")
                % {"heading": heading, "headings": ", ".join(headings)}
            )
        is_extra = name == default_field(target, heading) or (
            target.extras == "attributes"
            and name.startswith(target_registry.ATTRIBUTE_PREFIX)
        )
        if name and name not in names and not is_extra:
            raise InvalidMapping(
                _(
                    "“%(name)s” is not a field of this import. Available fields: %(names)s."
                )
                % {"name": name, "names": ", ".join(sorted(names))}
            )
        # The field is taken from a column that was only guessed.
        for other, guessed in mapping.items():
            if name and guessed == name and other not in chosen:
                mapping[other] = default_field(target, other)
        mapping[heading] = name
    return mapping
