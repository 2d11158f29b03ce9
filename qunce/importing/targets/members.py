"""Members from files: `key, name, joined_at, left_at, phone, email, birthday, source,
tags, groups`, and every further column an attribute.

Where a row has no key, the phone is it, or the e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from qunce.importing import column_mapping, registry, typed_columns
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading
from qunce.importing.targets import member_writer
from qunce.members.accounts import identifiers
from qunce.members.attributes.attributes import Attribute
from qunce.members.tags import naming


def _tags(text: str) -> str:
    names = [
        naming.check(name, naming.NO_RULE) for name in typed_columns.split_list(text)
    ]
    return ";".join(dict.fromkeys(names))


def _phone(text: str) -> str:
    return identifiers.normalise("phone", text)


def _email(text: str) -> str:
    return identifiers.normalise("email", text)


def _name(text: str) -> str:
    return text[:200]


class MemberTarget:
    key = "members"
    extras = "attributes"
    required = (("key", "phone", "email", "unionid"),)
    fields = (
        registry.Field(
            "key",
            "key",
            "member_key 会员号 会员id 用户id 客户id 会员卡号 external_userid 外部联系人id "
            "member_id customer_id user_id openid 编号 id",
        ),
        registry.Field(
            "name",
            "text",
            "昵称 姓名 客户名称 客户昵称 微信昵称 会员姓名 用户昵称 名称 客户 nickname full_name "
            "customer_name display_name first_name",
            _name,
        ),
        registry.Field(
            "joined_at",
            "moment",
            "添加时间 加入时间 注册时间 入会时间 成为会员时间 开卡时间 关注时间 创建时间 created_at "
            "registered_at registration_date signup_date joined",
        ),
        registry.Field(
            "left_at",
            "moment",
            "流失时间 离开时间 删除时间 退会时间 取关时间 left",
        ),
        registry.Field(
            "phone",
            "text",
            "手机 手机号 手机号码 电话 联系电话 联系方式 电话号码 mobile phone_number "
            "mobile_phone tel",
            _phone,
        ),
        registry.Field(
            "email",
            "text",
            "邮箱 电子邮箱 e-mail mail 电子邮件",
            _email,
        ),
        registry.Field(
            "unionid",
            "key",
            "union_id",
        ),
        registry.Field(
            "birthday",
            "date",
            "生日 出生日期 birth_date birthdate",
        ),
        registry.Field(
            "source",
            "key",
            "来源 客户来源 渠道 添加渠道 来源渠道 添加方式 注册渠道 channel",
        ),
        registry.Field(
            "tags",
            "text",
            "标签 客户标签 企业标签 用户标签 tag",
            _tags,
        ),
        registry.Field(
            "groups",
            "text",
            "群 所在群 群聊 所在群聊 客户群 group",
        ),
    )

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        for chunk in reading.chunks():
            yield _with_keys(chunk)

    def writer(self, job: ImportJob, reading: Reading) -> registry.Writer:
        return member_writer.MemberWriter(job, reading)

    def kinds(self, reading: Reading) -> dict[str, str]:
        """An attribute that is known keeps its type, whatever this file looks like."""
        known = Attribute.objects.filter(community=reading.community)
        kinds = column_mapping.KNOWN_ATTRIBUTE_TYPES | dict(
            known.values_list("name", "type")
        )
        return {
            f"{registry.ATTRIBUTE_PREFIX}{name}": kind for name, kind in kinds.items()
        }


def _with_keys(chunk: ParsedChunk) -> ParsedChunk:
    names = ("key", "phone", "email", "unionid")
    keys = [chunk.columns[name] for name in names if name in chunk.columns]
    columns = {**chunk.columns, "key": pc.coalesce(*keys)}
    return ParsedChunk(columns, chunk.rows, chunk.problems, chunk.read)
