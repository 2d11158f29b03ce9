"""Opt-outs that members write in a direct chat: one word, and one answer."""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels.inbox import IncomingEvent
from qunce.core.staff import models as staff_models
from qunce.outreach import opt_outs
from qunce.outreach.sending import channel_sending, messages
from qunce.outreach.sending.messages import Draft, Origin, Priority, Purpose

OPT_OUT_WORDS = frozenset(
    ("退订", "退訂", "取消订阅", "td", "t", "stop", "unsubscribe", "stop all")
)
OPT_IN_WORDS = frozenset(("订阅", "訂閱", "恢复订阅", "start", "subscribe"))
SURROUNDING = " \t\r\n。.!！,，~～「」“”\"'[]【】()（）"
MAX_LENGTH = 20
ORIGIN_OFFSET = 1 << 40
"""Of the origin REPLY, the numbers below are those of staff and of automatic replies."""


def read(*, event: IncomingEvent, account: int, text: str, at: datetime) -> bool:
    """Take a direct message as an opt-out, or its end, if it is nothing but the word.

    It is answered once, in the language of the community.
    """
    word = text.strip(SURROUNDING).casefold() if len(text) <= MAX_LENGTH else ""
    if word in OPT_OUT_WORDS:
        change = opt_outs.opt_out
    elif word in OPT_IN_WORDS and opt_outs.among(
        {account: [account]}, purpose="marketing"
    ):
        change = opt_outs.opt_in
    else:
        return False
    changed = change(
        community=event.community,
        accounts=[account],
        by=staff_models.system(event.community),
        at=at,
        source=event.channel,
        happened_at=event.happened_at,
    )
    if changed:
        _answer(event, account, at, is_out=change is opt_outs.opt_out)
    return True


def _answer(event: IncomingEvent, account: int, at: datetime, *, is_out: bool) -> None:
    with translation.override(event.community.language):
        text = (
            _("You will no longer get offers from us. To get them again, reply START.")
            if is_out
            else _("You will get our offers again. To stop them, reply STOP.")
        )
    draft = Draft(
        origin=Origin.REPLY,
        origin_id=ORIGIN_OFFSET + event.pk,
        account=account,
        text=text,
        purpose=Purpose.SERVICE,
        priority=Priority.URGENT,
        channel=event.channel,
    )
    messages.request(draft, community=event.community, at=at)
    channel_sending.send_soon(community=event.community, channel=event.channel, at=at)
