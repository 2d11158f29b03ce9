"""The facts of conversations. None has a text; `conversation` is the number."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class ConversationFact(facts.FactKind):
    labels = {
        "conversation": gettext_lazy("number of the conversation"),
        "channel": gettext_lazy("channel"),
        "kind_of": gettext_lazy("direct or mention"),
        "staff": gettext_lazy("staff"),
        "way": gettext_lazy("way of the answer"),
        "reason": gettext_lazy("reason"),
        "minutes": gettext_lazy("minutes until the answer"),
    }
    instead = gettext_lazy("Do it in the inbox, or through the API.")
    conversation: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationOpened(ConversationFact):
    kind = "conversation.opened"
    label = gettext_lazy("wrote something that waits for an answer")
    channel: str
    kind_of: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationAssigned(ConversationFact):
    """`staff` is the login of the one who is to answer, "" for nobody."""

    kind = "conversation.assigned"
    label = gettext_lazy("conversation assigned")
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationAnswered(ConversationFact):
    """Staff answered, as the actor of the fact. It happened when they sent the answer."""

    kind = "conversation.answered"
    label = gettext_lazy("was answered by staff")
    way: str
    minutes: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationAnswerFailed(ConversationFact):
    kind = "conversation.answer_failed"
    label = gettext_lazy("answer was not sent")
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationClosed(ConversationFact):
    kind = "conversation.closed"
    label = gettext_lazy("conversation closed without an answer")
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationReopened(ConversationFact):
    kind = "conversation.reopened"
    label = gettext_lazy("conversation waits for an answer again")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ConversationLate(ConversationFact):
    kind = "conversation.late"
    label = gettext_lazy("was not answered in time")
