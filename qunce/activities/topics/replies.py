"""Replies to a topic: written, edited or deleted in a chat, hidden or shown by staff."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, entries
from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import MAX_SENTENCE, Activity, Entry, Way
from qunce.activities.topics import hashtags, rewards, topic_facts
from qunce.activities.topics.models import MAX_REPLY, ReplyState, TopicReply
from qunce.activities.topics.rewards import Rewarded
from qunce.core import community_days, errors, text_validation, timestamps
from qunce.core.facts import facts
from qunce.groups.moderation.judgements import page_texts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.topics.topic_facts import TopicFact
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

KIND = "topic"
MAX_PER_DAY = 20
"""Replies of a person to one topic on one day; more are a flood."""


class ReplyNotFound(errors.NotFound):
    """There is no such reply, or it is of a member whom the staff do not see."""


class ReplyDecided(errors.Refused):
    """The reply is in a state in which this cannot be done."""


class ReplyEdited(errors.Refused):
    """The author has edited the reply since the staff read it."""


class ReasonMissing(errors.Invalid):
    """A reply is hidden for a reason."""


@dataclass(frozen=True)
class Written:
    """`row` is None for a reply too many, or one that is there already."""

    row: TopicReply | None
    rewarded: Rewarded = rewards.NOTHING
    is_repeated: bool = False


# Verbs


def write(attempt: Attempt, text: str) -> Written:
    """Store a reply, in the transaction of `take_part`; what a rule finds is held.

    A person's entry is locked, so that of two replies at the same time the second one
    sees the first.
    """
    activity = attempt.activity
    entry = entries.join(attempt).entry
    Entry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    own = TopicReply.objects.filter(activity=activity, account_id__in=attempt.accounts)
    of_today = own.filter(at__gte=_start_of_day(activity.community, attempt.at))
    texts = list(of_today.values_list("text", flat=True)[: MAX_PER_DAY + 1])
    if text in texts or len(texts) >= MAX_PER_DAY:
        return Written(None, is_repeated=text in texts)
    state, reason = judge(activity, text, attempt.at)
    row = TopicReply.objects.create(
        activity=activity,
        account_id=attempt.account_id,
        person_id=attempt.person_id,
        text=text,
        state=state,
        reason=reason,
        source=attempt.way,
        # Without the account, which the base puts before it.
        key=attempt.key.partition(":")[2] if attempt.way == Way.CHAT else "",
        group_id=attempt.group_id,
        said_at=min(attempt.said_at or attempt.at, attempt.at),
        at=attempt.at,
        by=attempt.by,
    )
    _record(topic_facts.TopicReplied, row, attempt.by, attempt.at)
    if state != ReplyState.SHOWN:
        return Written(row)
    return Written(row, rewards.reward(row, activity=activity, at=attempt.at))


def judge(activity: Activity, text: str, at: datetime) -> tuple[ReplyState, str]:
    """Whether a text is shown or held, and the name of the rule that found something."""
    hit = page_texts.find_hit(
        community=activity.community,
        text=text,
        groups=list(activity.groups.values_list("key", flat=True)),
        at=at,
    )
    if hit is None:
        return ReplyState.SHOWN, ""
    text = _("The rule “%(name)s” found something.")
    return ReplyState.HELD, (text % {"name": hit.rule.name})[:MAX_SENTENCE]


def _start_of_day(community: Community, at: datetime) -> datetime:
    day = community.day(at)
    micros = community_days.start_of(community.timezone, community.day_start, day)
    return timestamps.from_micros(micros)


@transaction.atomic
def hide(*, reply: TopicReply, reason: str, by: Staff, at: datetime) -> None:
    """Hide a reply from members, for a reason that staff read. It does not count then."""
    reason = _clean_reason(reason)
    _check_may_decide(reply, by, at)
    _decide(
        reply,
        (ReplyState.SHOWN, ReplyState.HELD),
        ReplyState.HIDDEN,
        reason,
        by,
        at,
    )
    _record(topic_facts.TopicReplyHidden, reply, by, at)


@transaction.atomic
def show(
    *, reply: TopicReply, by: Staff, at: datetime, version: str | None = None
) -> Rewarded:
    """Show a reply that is held or hidden, and give its points if it had none yet.

    `version` is that of the reply which the staff have read; raises ReplyEdited if its
    author has edited the message since then.
    """
    _check_may_decide(reply, by, at)
    activity = activities.read_again(reply.activity)
    own = entries.list_of_person(
        activity, account_queries.account_ids_of_person(reply.account_id)
    )
    for entry in own:
        Entry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    rows = TopicReply.objects.select_for_update(of=("self",), no_key=True)
    if version is not None and version != version_of(rows.get(pk=reply.pk)):
        raise ReplyEdited(_("The author has edited the reply. Read it again first."))
    _decide(reply, (ReplyState.HELD, ReplyState.HIDDEN), ReplyState.SHOWN, "", by, at)
    _record(topic_facts.TopicReplyShown, reply, by, at)
    if reply.rewards.exists() or activity.state == activities.State.CANCELLED:
        return rewards.NOTHING
    return rewards.reward(reply, activity=activity, at=at)


def version_of(reply: TopicReply) -> str:
    """A text that changes with the text of a reply."""
    return hashlib.sha256(reply.text.encode()).hexdigest()[:16]


def _decide(
    reply: TopicReply,
    before: tuple[ReplyState, ...],
    after: ReplyState,
    reason: str,
    by: Staff,
    at: datetime,
) -> None:
    rows = TopicReply.objects.filter(pk=reply.pk, state__in=before)
    if not rows.update(state=after, reason=reason, decided_at=at, decided_by=by):
        reply.refresh_from_db()
        raise ReplyDecided(
            _("The reply is %(state)s. Open the page again.")
            % {"state": reply.get_state_display()}
        )
    reply.refresh_from_db()


def _clean_reason(reason: str) -> str:
    cleaned = " ".join(reason.split())
    if not cleaned or len(cleaned) > MAX_SENTENCE:
        raise ReasonMissing(
            _("Write why it is hidden, in at most %(n)s characters.")
            % {"n": MAX_SENTENCE}
        )
    if not text_validation.is_valid(cleaned):
        raise ReasonMissing(_("This contains characters that cannot be stored."))
    return cleaned


def _check_may_decide(reply: TopicReply, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, reply.activity)
    visibility.check_visible(by=by, accounts=[reply.account_id], at=at)


@transaction.atomic
def edit(*, community: Community, key: str, text: str, at: datetime) -> None:
    """Take over the new text of a message, without counting it again.

    Without the hashtag it is no reply any more. What is hidden or deleted stays so.
    """
    for row in _of_message(community, key):
        activity = row.activity
        own = hashtags.normalise(activity.settings["hashtag"])
        has_tag = own in hashtags.find(text)
        if not has_tag and row.state in (ReplyState.SHOWN, ReplyState.HELD):
            TopicReply.objects.filter(pk=row.pk, state=row.state).update(
                state=ReplyState.WITHDRAWN, reason=""
            )
            continue
        if not has_tag or row.state == ReplyState.DELETED:
            continue
        new = clean(text, activity)
        changes: dict[str, str] = {"text": new}
        if row.state in (ReplyState.SHOWN, ReplyState.WITHDRAWN):
            state, reason = judge(activity, new, at)
            changes |= {"state": state, "reason": reason}
        TopicReply.objects.filter(pk=row.pk, state=row.state).update(**changes)


@transaction.atomic
def delete(*, community: Community, key: str, at: datetime) -> None:
    """Take the reply of a deleted message out of the list, with its text."""
    for row in _of_message(community, key):
        rows = TopicReply.objects.filter(pk=row.pk).exclude(state=ReplyState.DELETED)
        if rows.update(state=ReplyState.DELETED, text="", reason=""):
            _record(topic_facts.TopicReplyDeleted, row, None, at)


def _of_message(community: Community, key: str) -> list[TopicReply]:
    rows = TopicReply.objects.filter(key=key, activity__community=community)
    rows = rows.exclude(key="").select_related("activity__community")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def clean(text: str, activity: Activity) -> str:
    """The text without its hashtag, or the hashtag alone if there is nothing else."""
    hashtag = activity.settings["hashtag"].strip(hashtags.SIGNS)
    left = hashtags.remove(text[:MAX_REPLY], hashtags.normalise(hashtag))
    return left or f"{hashtags.SIGN}{hashtag}{hashtags.SIGN}"


def _record(
    kind: type[TopicFact], row: TopicReply, by: Staff | None, at: datetime
) -> None:
    fact = kind(
        activity=row.activity_id,
        reply=row.pk,
        account=row.account_id,
        group=row.group_id,
    )
    facts.record(fact, community=row.activity.community, by=by, at=at)


# Reads


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> TopicReply:
    """The reply with this number. Raises ReplyNotFound."""
    activities.check_may_run(by, activity)
    rows = TopicReply.objects.filter(activity=activity, pk=pk)
    found = rows.select_related("activity__community").first()  # unique
    if found is None or not visibility.filter_accounts(
        by=by, accounts=[found.account_id], at=at
    ):
        raise ReplyNotFound(_("There is no such reply."))
    return found
