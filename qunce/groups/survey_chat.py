"""Surveys in a chat: the keyword of one is answered with a link, or takes its answer.

A survey of one question is answered by its keyword and the answer, such as “评分 9”. What is
written in a chat is stored with its author, so that an anonymous survey has only the link.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts
from qunce.groups import chat_readers, chat_words
from qunce.groups.chat_readers import ChatMessage
from qunce.members.surveys import responses, surveys, typed_lines
from qunce.members.surveys.models import Source, Survey
from qunce.members.surveys.questions import Kind
from qunce.members.surveys.survey_facts import InvalidAnswers, SurveyChatAnswered

MAX_LENGTH = 300
"""Longer messages are about something else."""


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Answer a member who writes the keyword of a survey, directly."""
    if not message.text or len(message.text) > MAX_LENGTH:
        return False
    found = _find(message, at)
    if found is None:
        return False
    survey, said = found
    with translation.override(message.community.language):
        text = _answer(survey, message, said, at)
    fact = SurveyChatAnswered(
        survey=survey.public_id, text=text, account=message.account, group=message.group
    )
    facts.record(fact, community=message.community, by=None, at=at)
    return True


def _find(message: ChatMessage, at: datetime) -> tuple[Survey, str] | None:
    """The open survey whose keyword a message begins with, and the rest of the message."""
    text = " ".join(message.text.split())
    folded = chat_words.fold(text)
    for survey in surveys.list_open(message.community, at):
        keyword = chat_words.fold(survey.keyword)
        if keyword and folded == keyword:
            return survey, ""
        # As it was written, but for full-width signs in the keyword itself.
        whole = text if text.casefold().startswith(keyword) else folded
        rest = whole[len(keyword) :]
        if keyword and folded.startswith(keyword) and rest[:1] in " :：":
            return survey, rest.strip(" :：")
    return None


def _answer(survey: Survey, message: ChatMessage, said: str, at: datetime) -> str:
    """The sentence for the member; “{link}” stands for their personal link."""
    survey.community = message.community
    question = typed_lines.only_question(survey)
    try:
        responses.check_may_answer(survey, message.account, at=at)
        if question is None or survey.is_anonymous:
            return _("“%(name)s”: answer on your page: {link}") % {"name": survey.name}
        if not said:
            return _(
                "%(question)s Reply with “%(keyword)s” and your answer, or: {link}"
            ) % {
                "question": question.text,
                "keyword": survey.keyword,
            }
        if question.kind != Kind.TEXT:
            said = chat_words.fold(said)
        responses.submit(
            survey=survey,
            account_id=message.account,
            answers={question.key: typed_lines.read_value(question, said)},
            source=Source.CHAT,
            at=at,
        )
    except InvalidAnswers as error:
        return next(iter(error.errors.values()), str(error))
    except errors.QunceError as error:
        return str(error)
    return survey.thanks or _("Received, thank you.")
