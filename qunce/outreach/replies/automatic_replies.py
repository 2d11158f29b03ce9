"""Automatic replies to messages, by rules, with limits that end every loop of two programs.

Messages of staff, of programs and of ourselves are never answered, nor is a text that one
of our rules sends. Of each message there is at most one reply.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from qunce.channels import channel_contract
from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.groups.message_quotes import Quote
from qunce.members.accounts import queries as account_queries
from qunce.outreach.replies import reply_rules, rule_matching
from qunce.outreach.replies.models import AutomaticReply, ReplyRule
from qunce.outreach.sending import channel_sending, messages
from qunce.outreach.sending.ledger import Origin, Priority, Purpose

log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
MAX_PER_MEMBER_HOUR = 6
"""Automatic replies to one member an hour, of all rules: more is a program that answers."""
STALE_AFTER = timedelta(minutes=10)
MEMBER_PAUSE, GROUP_PAUSE = "member_pause", "group_pause"
PER_HOUR, LOOP, NO_CHANNEL = "per_hour", "loop", "no_channel"
TOO_LATE = "too_late"


@transaction.atomic
def answer(
    *, community: Community, quote: Quote, channel: str, at: datetime
) -> AutomaticReply | None:
    """Answer a message by the first rule that fits it, or note why it is not answered."""
    rules = reply_rules.list_active(community)
    if not rules or _is_ours(quote.text, rules):
        return None
    rule = find_rule(rules, quote, community)
    if rule is None:
        return None
    reply, is_new = AutomaticReply.objects.get_or_create(
        source_id=quote.source,
        key=quote.key,
        defaults={
            "rule": rule,
            "account_id": quote.account,
            "group_id": quote.group or 0,
            "reason": find_reason(rule, quote, channel, at),
            "at": at,
        },
    )
    if is_new and not reply.reason:
        _request(reply, rule, channel, community, at)
    return reply


def find_rule(
    rules: list[ReplyRule], quote: Quote, community: Community
) -> ReplyRule | None:
    """The first rule that fits a message where and when it was written."""
    local = quote.happened_at.astimezone(ZoneInfo(community.timezone))
    minute = local.hour * 60 + local.minute
    for rule in rules:
        try:
            if _fits(rule, quote, minute):
                return rule
        except (AttributeError, LookupError, TypeError, ValueError):
            # Stored words that cannot be read must not keep the message from staff.
            log.exception("automatic reply %s cannot be evaluated", rule.pk)
    return None


def _fits(rule: ReplyRule, quote: Quote, minute: int) -> bool:
    spec = rule_matching.spec_of(rule)
    return (
        rule_matching.is_in_scope(spec, quote.group)
        and rule_matching.is_in_hours(spec, minute)
        and bool(rule_matching.find_word(spec, quote.text))
    )


def _is_ours(text: str, rules: list[ReplyRule]) -> bool:
    plain = rule_matching.normalise(text)
    return any(rule_matching.normalise(rule.text) == plain for rule in rules)


def find_reason(rule: ReplyRule, quote: Quote, channel: str, at: datetime) -> str:
    """Why a rule may not answer now, "" if it may."""
    if at - quote.happened_at > STALE_AFTER:
        # Such as after an outage, when it is answered already or the hours are over.
        return TOO_LATE
    if not _can_send(channel, is_group=quote.group is not None):
        return NO_CHANNEL
    sent = AutomaticReply.objects.filter(rule__community=rule.community, reason="")
    own = account_queries.account_ids_of_person(quote.account)
    to_member = sent.filter(account_id__in=own)
    if to_member.filter(at__gt=_micros(at - HOUR)).count() >= MAX_PER_MEMBER_HOUR:
        return LOOP
    pause = timedelta(minutes=rule.member_pause)
    if pause and to_member.filter(rule=rule, at__gt=_micros(at - pause)).exists():
        return MEMBER_PAUSE
    pause = timedelta(minutes=rule.group_pause)
    in_group = sent.filter(rule=rule, group_id=quote.group or -1)
    if pause and in_group.filter(at__gt=_micros(at - pause)).exists():
        return GROUP_PAUSE
    if sent.filter(rule=rule, at__gt=_micros(at - HOUR)).count() >= rule.per_hour:
        return PER_HOUR
    return ""


def _micros(moment: datetime) -> int:
    return timestamps.to_micros(moment)


def _can_send(channel: str, *, is_group: bool) -> bool:
    for each in channel_contract.list_channels():
        if each.name == channel:
            can = each.capabilities
            return (
                can.to_group if is_group else can.to_member
            ) and not can.needs_person
    return False


def _request(
    reply: AutomaticReply,
    rule: ReplyRule,
    channel: str,
    community: Community,
    at: datetime,
) -> None:
    is_group = reply.group_id != 0
    draft = messages.Draft(
        origin=Origin.REPLY,
        # Answers of staff have the positive numbers of this origin.
        origin_id=-reply.pk,
        account=None if is_group else reply.account_id,
        group=reply.group_id if is_group else None,
        text=rule.text,
        content={"reply_rule": rule.pk},
        purpose=Purpose.SERVICE,
        priority=Priority.URGENT,
        channel=channel,
        stale_at=at + STALE_AFTER,
    )
    message = messages.request(draft, community=community, at=at)
    reply.message_id, reply.reason = message.pk, message.reason
    reply.save(update_fields=["message_id", "reason"])
    if not message.reason:
        channel_sending.send_soon(community=community, channel=channel, at=at)


def count_of(rule: ReplyRule, *, since: datetime) -> dict[str, int]:
    """Reason → how many messages since then; "" are those that were answered."""
    rows = AutomaticReply.objects.filter(rule=rule, at__gte=_micros(since))
    counts: dict[str, int] = {}
    for reason in rows.values_list("reason", flat=True):
        counts[reason] = counts.get(reason, 0) + 1
    return counts
