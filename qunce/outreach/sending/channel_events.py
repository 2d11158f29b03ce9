"""What channels report and what follows: receipts, opt-outs, messages of members.

Each handler is called once an event, in a transaction (see `channels.inbox`). An account
that nobody knew is made, as for every fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.inbox import Handler, IncomingEvent
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.outreach import opt_outs
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import recipients
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.send_facts import SendClicked, SendDelivered


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessagePosted(facts.FactKind):
    """A member wrote. The text itself is not kept, only how long it was."""

    kind = "message.posted"
    label = gettext_lazy("wrote a message")
    letters: int = 0


class InvalidChannelEvent(errors.Invalid):
    """A channel reported something that does not fit."""


def record_receipt(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `message` (the key it was sent under), `state`, perhaps `link`."""
    campaign, target = _find_message(event)
    state = str(event.payload.get("state"))
    who: dict[str, Any] = {"campaign": campaign.key, "account": target}
    if campaign.target == Target.GROUPS:
        who = {"campaign": campaign.key, "group": target}
    rows = Recipient.objects.filter(campaign=campaign, target_id=target)
    moment = event.happened_at
    told: list[facts.FactKind] = []
    open_states = [State.PLANNED, State.ACCEPTED, State.UNKNOWN]
    done: dict[str, Any] = {"at": moment, "recorded": True, "lease": "", "due_at": None}
    if recipients.transition(rows, origins=open_states, to=State.DELIVERED, **done):
        told.append(SendDelivered(**who))
    if state == State.CLICKED:
        recipients.transition(rows, origins=[State.DELIVERED], to=State.CLICKED, **done)
        link = str(event.payload.get("link", ""))[:200]
        told.append(SendClicked(link=link, **who))
    happened = [moment] * len(told)
    facts.record_many(
        told, community=event.community, by=None, at=at, happened_at=happened
    )


def _find_message(event: IncomingEvent) -> tuple[Campaign, int]:
    number, dash, target = str(event.payload.get("message", "")).partition("-")
    if event.payload.get("state") not in (State.DELIVERED, State.CLICKED):
        raise InvalidChannelEvent(
            _("The state in a receipt must be delivered or clicked.")
        )
    if not (dash and number.isdecimal() and target.isdecimal()):
        raise InvalidChannelEvent(_("A receipt must name the message it belongs to."))
    campaign = Campaign.objects.filter(
        pk=int(number), community=event.community, channel=event.channel
    ).first()
    if campaign is None:
        raise InvalidChannelEvent(_("A receipt must name the message it belongs to."))
    return campaign, int(target)


def record_opt_out(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, the account's key on the channel."""
    opt_outs.opt_out(
        community=event.community,
        accounts=[_ensure_account(event, at)],
        by=staff_models.system(event.community),
        at=at,
        source=event.channel,
    )


def record_opt_in(*, event: IncomingEvent, at: datetime) -> None:
    opt_outs.opt_in(
        community=event.community,
        accounts=[_ensure_account(event, at)],
        by=staff_models.system(event.community),
        at=at,
        source=event.channel,
    )


def record_message(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, perhaps `group` and `text`."""
    by, group = staff_models.system(event.community), None
    if event.payload.get("group"):
        key = str(event.payload["group"])
        found = groups.ensure(
            community=event.community, keys=[key], by=by, at=at, platform=event.channel
        )
        group = found[key]
    text = str(event.payload.get("text", ""))
    posted = MessagePosted(
        account=_ensure_account(event, at), group=group, letters=len(text)
    )
    facts.record_many(
        [posted],
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at],
    )


def _ensure_account(event: IncomingEvent, at: datetime) -> int:
    key = str(event.payload.get("from", ""))
    joined = {accounts.check_key(key): event.happened_at}
    by = staff_models.system(event.community)
    found = accounts.ensure(
        community=event.community, keys=joined, by=by, at=at, channel=event.channel
    )
    return next(iter(found.values()))


HANDLERS: Mapping[str, Handler] = {
    "receipt": record_receipt,
    "opt_out": record_opt_out,
    "opt_in": record_opt_in,
    "message": record_message,
}
