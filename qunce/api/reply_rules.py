"""Automatic replies: keywords and numbers of a menu."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.content import templates
from qunce.outreach.replies import reply_rules
from qunce.outreach.replies.models import MAX_RULE_NAME, Match, ReplyRule

router = Router(auth=RequiresScope("groups"), tags=["reply-rules"])
RuleMatch = Annotated[Match, WithJsonSchema({"type": "string", "enum": Match.values})]
Words = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=reply_rules.MAX_WORD)]],
    Field(min_length=1, max_length=reply_rules.MAX_WORDS),
]
Minute = Annotated[int, Field(ge=0, le=1439)]
Pause = Annotated[int, Field(ge=0, le=reply_rules.MAX_PAUSE)]
Message = Annotated[str, Field(max_length=templates.MAX_LENGTH)]


class ReplyRuleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Hours are minutes after midnight, both null for any time. A rule that another one
    contradicts is refused unless `accept_conflicts` says that the first of the list may
    answer.
    """

    name: Annotated[str, Field(min_length=1, max_length=MAX_RULE_NAME)] | None = None
    match: RuleMatch | None = None
    words: Words | None = None
    text: (
        Annotated[str, Field(min_length=1, max_length=templates.MAX_LENGTH)] | None
    ) = None
    in_direct: bool | None = None
    in_groups: bool | None = None
    group_ids: Annotated[list[schemas.Id], Field(max_length=1_000)] | None = None
    hour_from: Minute | None = None
    hour_until: Minute | None = None
    member_pause: Pause | None = None
    group_pause: Pause | None = None
    per_hour: Annotated[int, Field(ge=1, le=reply_rules.MAX_PER_HOUR)] | None = None
    accept_conflicts: bool = False


class ReplyRuleIn(ReplyRuleUpdateIn):
    """It is off at first."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_RULE_NAME)]
    match: RuleMatch
    words: Words
    text: Annotated[str, Field(min_length=1, max_length=templates.MAX_LENGTH)]


class ReplyRuleOut(schemas.OutputSchema):
    id: int
    name: str
    position: int
    match: str
    words: list[str]
    text: str
    in_direct: bool
    in_groups: bool
    group_ids: list[int]
    hour_from: int | None
    hour_until: int | None
    member_pause: int
    group_pause: int
    per_hour: int
    is_on: bool
    changed_at: datetime


class ReplyRuleListOut(schemas.OutputSchema):
    """In the order in which they are tried."""

    items: list[ReplyRuleOut]


class ReplyRulePositionIn(schemas.InputSchema):
    """`position` counts from 0."""

    position: Annotated[int, Field(ge=0, le=reply_rules.MAX_RULES)]


class TrialIn(schemas.InputSchema):
    """Messages in a group, or without `group_id` direct messages."""

    texts: Annotated[list[Message], Field(min_length=1, max_length=100)]
    group_id: schemas.Id | None = None


class TrialOut(schemas.OutputSchema):
    text: str
    reply_rule_id: int | None
    word: str


class TrialListOut(schemas.OutputSchema):
    items: list[TrialOut]


def _serialize(rule: ReplyRule) -> dict[str, Any]:
    names = [name for name in reply_rules.FIELDS if name != "groups"]
    return {
        "id": rule.pk,
        **{name: getattr(rule, name) for name in (*names, "position", "is_on")},
        "group_ids": rule.groups,
        "changed_at": rule.changed_at,
    }


def _fields(data: ReplyRuleUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    nullable = ("hour_from", "hour_until")
    fields = {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None or name in nullable
    }
    if "group_ids" in fields:
        fields["groups"] = fields.pop("group_ids")
    return fields


@router.get("/reply-rules", response=ReplyRuleListOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List all automatic replies in their order."""
    return {"items": [_serialize(rule) for rule in reply_rules.list_all(by=request.by)]}


@router.post("/reply-rules", response={201: ReplyRuleOut})
def create(request: ApiRequest, data: ReplyRuleIn) -> Any:
    """Create an automatic reply, which is off at first."""
    rule = reply_rules.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _serialize(rule))


@router.post("/reply-rules/try", response=TrialListOut)
def try_texts(request: ApiRequest, data: TrialIn) -> dict[str, Any]:
    """Say which automatic reply would answer each text. Nothing is sent."""
    found = reply_rules.try_texts(texts=data.texts, group=data.group_id, by=request.by)
    return {
        "items": [
            {
                "text": each.text,
                "reply_rule_id": each.rule.pk if each.rule else None,
                "word": each.word,
            }
            for each in found
        ]
    }


@router.get("/reply-rules/{reply_rule_id}", response=ReplyRuleOut)
def get(request: ApiRequest, reply_rule_id: schemas.Id) -> dict[str, Any]:
    """Get an automatic reply."""
    return _serialize(reply_rules.get(by=request.by, pk=reply_rule_id))


@router.patch("/reply-rules/{reply_rule_id}", response=ReplyRuleOut)
def update(
    request: ApiRequest, reply_rule_id: schemas.Id, data: ReplyRuleUpdateIn
) -> dict[str, Any]:
    """Change an automatic reply. It holds for messages from now on."""
    rule = reply_rules.get(by=request.by, pk=reply_rule_id)
    reply_rules.update(rule=rule, by=request.by, at=request.at, **_fields(data))
    return _serialize(rule)


@router.delete("/reply-rules/{reply_rule_id}", response={204: None})
def archive(request: ApiRequest, reply_rule_id: schemas.Id) -> Any:
    """Archive an automatic reply permanently. What it answered stays."""
    rule = reply_rules.get(by=request.by, pk=reply_rule_id)
    reply_rules.archive(rule=rule, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/reply-rules/{reply_rule_id}/start", response=ReplyRuleOut)
def start(request: ApiRequest, reply_rule_id: schemas.Id) -> dict[str, Any]:
    """Switch an automatic reply on."""
    return _switch(request, reply_rule_id, is_on=True)


@router.post("/reply-rules/{reply_rule_id}/stop", response=ReplyRuleOut)
def stop(request: ApiRequest, reply_rule_id: schemas.Id) -> dict[str, Any]:
    """Switch an automatic reply off."""
    return _switch(request, reply_rule_id, is_on=False)


def _switch(request: ApiRequest, pk: int, *, is_on: bool) -> dict[str, Any]:
    rule = reply_rules.get(by=request.by, pk=pk)
    reply_rules.switch(rule=rule, is_on=is_on, by=request.by, at=request.at)
    return _serialize(rule)


@router.put("/reply-rules/{reply_rule_id}/position", response=ReplyRuleListOut)
def move(
    request: ApiRequest, reply_rule_id: schemas.Id, data: ReplyRulePositionIn
) -> dict[str, Any]:
    """Put an automatic reply at a position of the list."""
    rule = reply_rules.get(by=request.by, pk=reply_rule_id)
    reply_rules.move(rule=rule, position=data.position, by=request.by, at=request.at)
    return list_(request)
