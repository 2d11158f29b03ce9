"""What an answer does to its member: it fills an attribute, or gives a tag.

The value has the survey as its source. Against a value that staff set, the rule of the
question decides; where a person decides, the answer waits in Today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.people import visibility
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.models import Decision, Survey, SurveyConflict
from qunce.members.surveys.questions import Answers, Question, Rule
from qunce.members.surveys.survey_facts import VIEW_ANSWERS, SurveyConflictDecided
from qunce.members.tags import assignments, library

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

SOURCE = "survey"


class ConflictNotFound(errors.NotFound):
    """There is no such answer that waits for a decision."""


def apply(
    *,
    survey: Survey,
    questions: Sequence[Question],
    answers: Answers,
    account_id: int,
    by: Staff | None,
    at: datetime,
) -> None:
    """Fill the attributes and give the tags of these answers, in one transaction."""
    author = by or staff_models.system(survey.community)
    for each in questions:
        value = answers.get(each.key)
        if each.attribute and value is not None:
            _fill(survey, each, value, account_id, author, at)
        chosen = value if isinstance(value, list) else [value]
        for option in each.options:
            if option.tag and option.key in chosen:
                _give_tag(survey, option.tag, account_id, author, at)


def _give_tag(
    survey: Survey, key: str, account_id: int, by: Staff, at: datetime
) -> None:
    found = library.find(survey.community, [key])
    tag = found.get(key)
    # A tag that was archived since is given to nobody; the answer stays.
    if tag is None or tag.state != "active":
        return
    assignments.apply(
        tag=tag, accounts=[account_id], by=by, at=at, source=SOURCE, note=survey.name
    )


def _fill(
    survey: Survey,
    question: Question,
    value: survey_questions.Value,
    account_id: int,
    by: Staff,
    at: datetime,
) -> None:
    rows = Attribute.objects.select_related("community")
    attribute = rows.filter(community=survey.community, name=question.attribute).first()
    text = survey_questions.format_answer(question, value)
    # An attribute that was deleted or changed its type since takes no value.
    if attribute is None:
        return
    if survey_questions.Rule(question.rule) != Rule.NEWEST:
        accounts = account_queries.account_ids_of_person(account_id)
        current = attributes.values_of_person(accounts).get(attribute.name)
        is_by_staff = current is not None and current.source == attributes.MANUAL
        if current is not None and is_by_staff and current.text != text:
            if question.rule == Rule.ASK:
                _ask(survey, question, attribute, account_id, text, at)
            return
    _set(survey, question, attribute, account_id, text, by, at)


def _set(
    survey: Survey,
    question: Question,
    attribute: Attribute,
    account_id: int,
    text: str,
    by: Staff,
    at: datetime,
) -> None:
    try:
        with transaction.atomic():
            attributes.set_values(
                attribute=attribute,
                values={account_id: text},
                by=by,
                at=at,
                source=SOURCE,
            )
    except errors.QunceError:
        # Its type or its choices were changed since: staff see what was answered.
        _ask(survey, question, attribute, account_id, text, at)


def _ask(
    survey: Survey,
    question: Question,
    attribute: Attribute,
    account_id: int,
    text: str,
    at: datetime,
) -> None:
    """The newest answer waits; an earlier one that waited is replaced."""
    SurveyConflict.objects.filter(
        account_id=account_id, attribute_id=attribute.pk, state=Decision.WAITING
    ).delete()
    SurveyConflict.objects.create(
        survey=survey,
        account_id=account_id,
        question=question.key,
        attribute_id=attribute.pk,
        value=text,
        asked_at=at,
    )


@transaction.atomic
def decide(*, pk: int, take: bool, by: Staff, at: datetime) -> SurveyConflict:
    """Take the answer over into the attribute, or keep the value of staff."""
    permissions.check_may(by, VIEW_ANSWERS)
    row = SurveyConflict.objects.filter(survey__community=by.community, pk=pk).first()
    if row is None:
        raise ConflictNotFound(_("There is no such decision."))
    visibility.check_visible(by=by, accounts=[row.account_id], at=at)
    waiting = SurveyConflict.objects.filter(pk=pk, state=Decision.WAITING)
    state = Decision.TAKEN if take else Decision.KEPT
    if not waiting.update(state=state, decided_at=at, decided_by=by):
        raise ConflictNotFound(_("This has been decided already."))
    if take:
        attribute = Attribute.objects.select_related("community").get(
            pk=row.attribute_id
        )
        attributes.set_values(
            attribute=attribute,
            values={row.account_id: row.value},
            by=by,
            at=at,
            source=SOURCE,
        )
    fact = SurveyConflictDecided(
        survey=row.survey.public_id, account=row.account_id, taken=take
    )
    facts.record(fact, community=by.community, by=by, at=at)
    row.refresh_from_db()
    return row


def list_waiting(by: Staff, *, at: datetime, limit: int = 50) -> list[SurveyConflict]:
    """Answers that wait for a decision, of members whom `by` sees, the oldest first."""
    if not permissions.may(by, VIEW_ANSWERS):
        return []
    rows = SurveyConflict.objects.filter(
        survey__community=by.community, state=Decision.WAITING
    ).select_related("survey", "account")
    found = list(rows.order_by("asked_at", "pk")[:500])
    accounts = [row.account_id for row in found]
    seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
    people = account_queries.person_ids(accounts)
    return [row for row in found if people[row.account_id] in seen][:limit]
