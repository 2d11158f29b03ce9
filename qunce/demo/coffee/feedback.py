"""What members want: an inbox, complaints, wishes, and a group with a day to digest."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction

from qunce import reactions
from qunce.core import timestamps
from qunce.core.facts import facts, interned_names
from qunce.demo.coffee import feedback_texts
from qunce.demo.coffee.context import Context
from qunce.groups.complaints import complaints
from qunce.groups.complaints.models import Complaint
from qunce.groups.groups import Group, Membership
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import Wish
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach.replies import answers, conversations, intake, polling, reply_rules
from qunce.outreach.replies.intake import IncomingMessage
from qunce.outreach.replies.models import Conversation, State
from qunce.outreach.sending.channel_events import MessagePosted

SOURCE, CHANNEL = "wecom", "wecom"
CREW = "crew-wen"
MEMBERS = 40
MINUTE = timedelta(minutes=1)


def create(context: Context) -> None:
    """Let members write and staff answer, once."""
    if Wish.objects.filter(community=context.community).exists():
        return
    texts = feedback_texts.of(context.simulation.settings.language)
    group, members = _largest_group(context)
    with transaction.atomic():
        _add_answered(context, texts, members)
        _add_waiting(context, texts, members)
        _add_group_day(context, texts, group, members)
        _settle_complaints(context, texts)
        _add_wishes(context, texts, members)
        reply_rules.create(
            community=context.community, by=context.owner, at=context.at, **texts.rule
        )
    reactions.CONSUMER.catch_up(at=context.at)


def _largest_group(context: Context) -> tuple[Group, list[int]]:
    """The group with the most members, and MEMBERS of them, over again if they are few."""
    groups = Group.objects.filter(community=context.community).annotate(
        size=models.Count("memberships", filter=models.Q(memberships__present=True))
    )
    group = groups.order_by("-size", "pk")[0]
    rows = Membership.objects.filter(group=group, present=True, role="member")
    found = list(
        rows.order_by("account_id").values_list("account_id", flat=True)[:MEMBERS]
    )
    return group, [found[number % len(found)] for number in range(MEMBERS)]


def say(
    context: Context, account: int, group: int | None, text: str, at: datetime
) -> MessageText:
    """Store a message as a channel does, and let it be handled as new."""
    community = context.community
    source = interned_names.ensure("source", community.pk, [SOURCE])[SOURCE]
    moment = timestamps.to_micros(at)
    key = f"feedback:{account}:{moment}"
    fact = MessagePosted(account=account, group=group, length=len(text))
    facts.record_many(
        [fact],
        community=community,
        by=None,
        at=context.at,
        happened_at=[at],
        source=source,
    )
    message_texts.store(community, source, [NewText(key, account, group, moment, text)])
    message = IncomingMessage(
        community=community,
        channel=CHANNEL,
        source=source,
        key=key,
        account=account,
        group=group,
        happened_at=at,
        text=text,
    )
    intake.receive(message, at=context.at)
    return MessageText.objects.get(source_id=source, key=key)


def _add_answered(
    context: Context, texts: feedback_texts.FeedbackTexts, members: list[int]
) -> None:
    """Conversations of the last days, answered by hand."""
    for number, (question, answer, minutes) in enumerate(texts.answered):
        at = context.at - timedelta(days=number + 1, hours=2)
        say(context, members[number], None, question, at)
        row = Conversation.objects.get(
            community=context.community,
            account_id=members[number],
            state=State.WAITING,
        )
        by = context.staff[("wen", "hao")[number % 2]]
        answers.send(conversation=row, text=answer, by=by, at=at + minutes * MINUTE)
    polling.poll_all(at=context.at)


def _add_waiting(
    context: Context, texts: feedback_texts.FeedbackTexts, members: list[int]
) -> None:
    """Messages that wait, some of them too long."""
    for number, (question, minutes) in enumerate(texts.waiting):
        account = members[10 + number]
        say(context, account, None, question, context.at - minutes * MINUTE)


def _add_group_day(
    context: Context,
    texts: feedback_texts.FeedbackTexts,
    group: Group,
    members: list[int],
) -> None:
    """A day of a group: questions, a complaint, promises of staff."""
    crew = Account.objects.filter(community=context.community, key=CREW).first()
    day = context.community.day(context.at)
    begin = message_texts.span_of(context.community, day - 1)[0]
    for minutes, who, text in texts.group_day:
        account = crew.pk if who == 0 and crew else members[15 + who]
        say(context, account, group.pk, text, begin + minutes * MINUTE)


def _settle_complaints(context: Context, texts: feedback_texts.FeedbackTexts) -> None:
    """One case is answered, one closed, the others wait."""
    rows = Complaint.objects.filter(community=context.community)
    cases = list(rows.select_related("community").order_by("pk")[:2])
    by = context.staff["wen"]
    for case in cases:
        complaints.start(complaint=case, by=by, at=context.at)
        complaints.answer(
            complaint=case, text=texts.complaint_answer, by=by, at=context.at
        )
    for case in cases[1:]:
        complaints.close(complaint=case, outcome="replaced", by=by, at=context.at)


def _add_wishes(
    context: Context, texts: feedback_texts.FeedbackTexts, members: list[int]
) -> None:
    for number, (kind, title, state, quotes) in enumerate(texts.wishes):
        wish = wishes.create(
            community=context.community,
            title=title,
            kind=kind,
            by=context.staff["hao"],
            at=context.at,
        )
        for place, quote in enumerate(quotes):
            account = members[25 + 4 * number + place]
            at = context.at - timedelta(days=place + 1, minutes=number)
            row = say(context, account, None, quote, at)
            wishes.add_voice(
                wish=wish, message=row.pk, by=context.staff["hao"], at=context.at
            )
        wishes.change_state(wish=wish, state=state, by=context.owner, at=context.at)
    _close_noted(context, members[25:])


def _close_noted(context: Context, members: list[int]) -> None:
    """What is noted as a wish needs no answer yet."""
    noted = Conversation.objects.filter(
        community=context.community,
        account_id__in=members,
        state=State.WAITING,
        opened_at__lt=context.at - timedelta(hours=12),
    )
    for row in noted.select_related("community"):
        conversations.close(
            conversation=row,
            reason="needs_none",
            by=context.staff["hao"],
            at=context.at,
        )
