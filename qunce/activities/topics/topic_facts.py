"""Kinds of facts about topics."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class TopicFact(facts.FactKind):
    """`activity` is the number of the topic, `reply` that of the reply."""

    labels = {**LABELS, "reply": gettext_lazy("reply")}
    instead = gettext_lazy("Type or paste replies under Activities.")
    activity: int
    reply: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TopicReplied(TopicFact):
    kind = "topic.replied"
    label = gettext_lazy("replied to a topic")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TopicReplyHidden(TopicFact):
    """Staff have hidden a reply."""

    kind = "topic.reply_hidden"
    label = gettext_lazy("reply to a topic hidden")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TopicReplyShown(TopicFact):
    """Staff show a reply that was held or hidden."""

    kind = "topic.reply_shown"
    label = gettext_lazy("reply to a topic shown")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TopicReplyDeleted(TopicFact):
    """The message of a reply was deleted in the chat."""

    kind = "topic.reply_deleted"
    label = gettext_lazy("reply to a topic deleted")
