"""Facts, permissions and errors of surveys."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts

VIEW = permissions.declare(
    "surveys.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    label=gettext_lazy("see surveys and the numbers of their results"),
)
MANAGE = permissions.declare(
    "surveys.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    community_wide=True,
    label=gettext_lazy("create, publish and close surveys"),
)
VIEW_ANSWERS = permissions.declare(
    "surveys.view_answers",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("read single answers to surveys, and type them for members"),
)


@dataclass(frozen=True, kw_only=True)
class SurveyFact(facts.FactKind):
    """`survey` is the public id."""

    labels = {"survey": gettext_lazy("survey")}
    instead = gettext_lazy("Manage surveys in the console or through the API.")
    survey: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyCreated(SurveyFact):
    kind = "survey.created"
    label = gettext_lazy("survey created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyChanged(SurveyFact):
    kind = "survey.changed"
    label = gettext_lazy("survey changed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyPublished(SurveyFact):
    kind = "survey.published"
    label = gettext_lazy("survey published")
    version: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyClosed(SurveyFact):
    kind = "survey.closed"
    label = gettext_lazy("survey closed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyReopened(SurveyFact):
    kind = "survey.reopened"
    label = gettext_lazy("survey opened again")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyAskedAgain(SurveyFact):
    kind = "survey.asked_again"
    label = gettext_lazy("survey asked again")
    round: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyAnsweredFact(SurveyFact):
    """That a member answered, and never what: answers are in their own tables."""

    kind = "survey.answered"
    label = gettext_lazy("survey answered")
    instead = gettext_lazy("Type the answers on the page of the survey instead.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyChatAnswered(SurveyFact):
    """`text` is the sentence for the member, in which “{link}” is their personal link."""

    kind = "survey.chat_answered"
    label = gettext_lazy("message about a survey answered")
    text: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyAnswersDeleted(SurveyFact):
    kind = "survey.answers_deleted"
    label = gettext_lazy("answers to a survey deleted")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyExported(SurveyFact):
    kind = "survey.exported"
    label = gettext_lazy("answers to a survey exported")
    rows: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SurveyConflictDecided(SurveyFact):
    kind = "survey.conflict_decided"
    label = gettext_lazy("answer against a value of staff decided")
    taken: bool


class SurveyNotFound(errors.NotFound):
    """There is no such survey in this community, or it is not published yet."""


class InvalidSurvey(errors.Invalid):
    """A survey cannot be stored or published like this; `field` is its name."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class NotOpen(errors.Refused):
    """The survey takes no answers now."""


class MayNotAnswer(errors.Refused):
    """This survey is for others."""


class AlreadyAnswered(errors.Refused):
    """This person has answered in this round."""


class InvalidAnswers(errors.Invalid):
    """Some answers do not fit; `errors` has a sentence by the key of each question."""

    def __init__(self, text: str, found: dict[str, str]) -> None:
        super().__init__(text)
        self.errors = found
