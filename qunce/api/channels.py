"""Channels: the accounts with which a community sends and receives automatically."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.channels.accounts import (
    accounts,
    invitations,
    member_sign_in,
    missed_messages,
)
from qunce.channels.accounts.models import ChannelAccount, MissedMessages
from qunce.members.personal_links import portal_settings

router = Router(auth=RequiresScope("channels"), tags=["channels"])
PerMinute = Annotated[int, Field(ge=1, le=accounts.MAX_PER_MINUTE)] | None


class ChannelConnectIn(schemas.InputSchema):
    """`secret` is the access token; it is stored encrypted and never returned.

    `per_minute` is the most messages a minute, null for no limit.
    """

    address: Annotated[
        str, Field(max_length=200, examples=["https://matrix.example.com"])
    ]
    secret: Annotated[str, Field(min_length=1, max_length=accounts.MAX_SECRET_LENGTH)]
    per_minute: PerMinute = None


class ChannelLimitIn(schemas.InputSchema):
    """`per_minute` is the most messages a minute, null for no limit."""

    per_minute: PerMinute


class ChannelProblemOut(schemas.OutputSchema):
    """What a check has found, and what to do about it, in the language of the request."""

    code: str
    is_blocking: bool
    is_hint: bool
    problem: str
    remedy: str


class InvitationOut(schemas.OutputSchema):
    """`key` is the channel's id of the group, `inviter` that of who invites."""

    key: str
    name: str
    inviter: str


class InvitationAnswerIn(schemas.InputSchema):
    key: Annotated[str, Field(min_length=1, max_length=255)]


class AskFirstIn(schemas.InputSchema):
    """Whether staff answer each invitation, whoever it comes from."""

    asks_first: bool


class WidgetIn(schemas.InputSchema):
    """The origins of the apps that may show member pages in a frame; none without one."""

    frame_origins: Annotated[
        list[Annotated[str, Field(max_length=300)]],
        Field(max_length=100, examples=[["https://app.element.io"]]),
    ]


class MissedMessagesOut(schemas.OutputSchema):
    """Messages that the channel could not bring; no name is that of a direct chat."""

    id: int
    channel: str
    group_key: str
    group_name: str
    since: datetime
    until: datetime


class ChannelOut(schemas.OutputSchema):
    """`frame_origins` are those of the apps that may show member pages in a frame.

    `widget_address` is what they show there, null for a channel without member sign-in.
    """

    channel: str
    address: str
    user: str
    per_minute: int | None
    connected_at: datetime
    received_at: datetime | None
    checked_at: datetime | None
    problems: list[ChannelProblemOut]
    frame_origins: list[str]
    widget_address: str | None


def _serialize(account: ChannelAccount) -> dict[str, Any]:
    names = (
        "channel",
        "address",
        "user",
        "connected_at",
        "received_at",
        "checked_at",
    )
    problems = [
        {
            "code": problem.code,
            "is_blocking": problem.is_blocking,
            "is_hint": problem.is_hint,
            "problem": explanation.problem,
            "remedy": explanation.remedy,
        }
        for problem, explanation in accounts.explain(account)
    ]
    fields = {name: getattr(account, name) for name in names}
    has_widget = member_sign_in.find_provider(account.channel) is not None
    return fields | {
        "per_minute": account.settings.get("per_minute"),
        "problems": problems,
        "frame_origins": member_sign_in.origins_of(account),
        "widget_address": portal_settings.widget_address(
            account.community, account.channel
        )
        if has_widget
        else None,
    }


@router.get("/channels", response=list[ChannelOut])
def list_(request: ApiRequest) -> list[dict[str, Any]]:
    """List the connected channels with what the last check has found."""
    return [_serialize(account) for account in accounts.list_accounts(request.by)]


@router.get("/channels/{channel}", response=ChannelOut)
def get(request: ApiRequest, channel: str) -> dict[str, Any]:
    """Get a connected channel."""
    return _serialize(accounts.get(channel=channel, by=request.by))


@router.put("/channels/{channel}", response=ChannelOut)
def connect(
    request: ApiRequest, channel: str, data: ChannelConnectIn
) -> dict[str, Any]:
    """Connect an account, or give the connected one another token, and check it."""
    account = accounts.connect(
        community=request.community,
        channel=channel,
        address=data.address,
        secret=data.secret,
        per_minute=data.per_minute,
        by=request.by,
        at=request.at,
    )
    return _serialize(account)


@router.patch("/channels/{channel}", response=ChannelOut)
def change_limit(
    request: ApiRequest, channel: str, data: ChannelLimitIn
) -> dict[str, Any]:
    """Set how many messages a minute the channel sends at most."""
    account = accounts.get(channel=channel, by=request.by)
    accounts.change_limit(
        account=account, per_minute=data.per_minute, by=request.by, at=request.at
    )
    return _serialize(account)


@router.post("/channels/{channel}/check", response=ChannelOut)
def check(request: ApiRequest, channel: str) -> dict[str, Any]:
    """Ask the platform now whether the account has all rights that it needs."""
    account = accounts.get(channel=channel, by=request.by)
    accounts.check(account=account, by=request.by, at=request.at)
    return _serialize(account)


@router.delete("/channels/{channel}", response={204: None})
def disconnect(request: ApiRequest, channel: str) -> Any:
    """Forget the token. Nothing is sent or received any more; what was received stays."""
    account = accounts.get(channel=channel, by=request.by)
    accounts.disconnect(account=account, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/channels/{channel}/invitations", response=list[InvitationOut])
def list_invitations(request: ApiRequest, channel: str) -> Any:
    """List the invitations of the account into groups that wait for an answer."""
    account = accounts.get(channel=channel, by=request.by)
    return invitations.list_of(account, by=request.by)


@router.post("/channels/{channel}/invitations/accept", response={204: None})
def accept_invitation(
    request: ApiRequest, channel: str, data: InvitationAnswerIn
) -> Any:
    """Let the account join the group; its members and messages are read from then on."""
    account = accounts.get(channel=channel, by=request.by)
    invitations.accept(account=account, key=data.key, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/channels/{channel}/invitations/refuse", response={204: None})
def refuse_invitation(
    request: ApiRequest, channel: str, data: InvitationAnswerIn
) -> Any:
    """Decline an invitation, so that the group stays unknown."""
    account = accounts.get(channel=channel, by=request.by)
    invitations.refuse(account=account, key=data.key, by=request.by, at=request.at)
    return Status(204, None)


@router.put("/channels/{channel}/invitations/ask-first", response={204: None})
def ask_first(request: ApiRequest, channel: str, data: AskFirstIn) -> Any:
    """Set whether staff answer each invitation, whoever it comes from."""
    account = accounts.get(channel=channel, by=request.by)
    invitations.ask_first(
        account=account, asks_first=data.asks_first, by=request.by, at=request.at
    )
    return Status(204, None)


@router.put("/channels/{channel}/widget", response=ChannelOut)
def allow_frames(request: ApiRequest, channel: str, data: WidgetIn) -> dict[str, Any]:
    """Set which apps show member pages in a frame, where members sign in through it."""
    account = accounts.get(channel=channel, by=request.by)
    member_sign_in.allow_frames(
        account=account, origins=data.frame_origins, by=request.by, at=request.at
    )
    return _serialize(account)


@router.get("/missed-messages", response=list[MissedMessagesOut])
def list_missed(request: ApiRequest) -> list[dict[str, Any]]:
    """List the spans of which groups' messages are missing, until somebody takes note."""
    rows = missed_messages.list_open(request.by)[: missed_messages.MAX_LISTED]
    return [_serialize_missed(row) for row in rows]


@router.post("/missed-messages/{missed_id}/note", response={204: None})
def note_missed(request: ApiRequest, missed_id: schemas.Id) -> Any:
    """Take note that messages are missing, so that nobody else is notified."""
    missed = missed_messages.get(missed_id, by=request.by)
    missed_messages.note(missed=missed, by=request.by, at=request.at)
    return Status(204, None)


def _serialize_missed(row: MissedMessages) -> dict[str, Any]:
    names = ("id", "group_key", "group_name", "since", "until")
    fields = {name: getattr(row, name) for name in names}
    return fields | {"channel": row.account.channel}
