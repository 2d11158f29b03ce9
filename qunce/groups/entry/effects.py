"""What an answer at the gate does to the member, and whether they meet the threshold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups.entry.models import EntryGate
from qunce.members.accounts import queries as account_queries
from qunce.members.surveys import respondents, responses
from qunce.members.surveys.questions import Value
from qunce.members.surveys.survey_facts import InvalidAnswers, NotOpen
from qunce.sets import audiences

log = logging.getLogger(__name__)


def has_answered(gate: EntryGate, account: int, at: datetime) -> bool:
    """Whether the person has answered the survey of the gate, here or elsewhere."""
    if gate.asked_survey is None:
        return False
    accounts = account_queries.account_ids_of_person(account)
    return respondents.has_answered(gate.asked_survey, accounts, at=at)


def store_answers(
    gate: EntryGate, account: int, answers: Mapping[str, Value], at: datetime
) -> bool:
    """Store the answers in the survey, which fills attributes and gives tags by its rules.

    False if it no longer takes them, as it was closed or its questions were changed.
    """
    if gate.asked_survey is None:
        return True
    try:
        with transaction.atomic():
            responses.submit_at_entry(
                survey=gate.asked_survey, account_id=account, answers=answers, at=at
            )
    except (InvalidAnswers, NotOpen):
        log.warning("the survey of group %s takes no such answers", gate.group_id)
        return False
    return True


def meets_rule(gate: EntryGate, account: int, at: datetime) -> bool | None:
    """Whether the person meets the threshold; None if it names something that is gone."""
    by = staff_models.system(gate.community)
    try:
        people = audiences.people(
            community=gate.community, rule=gate.rule, by=by, at=at
        )
    except errors.Invalid:
        log.warning("the threshold of group %s cannot be evaluated", gate.group_id)
        return None
    return account_queries.person_ids([account])[account] in people


def is_broken(gate: EntryGate, at: datetime) -> bool:
    """Whether the threshold names something that is gone."""
    if gate.rule is None:
        return False
    by = staff_models.system(gate.community)
    try:
        audiences.count(community=gate.community, rule=gate.rule, by=by, at=at)
    except errors.Invalid:
        return True
    return False
