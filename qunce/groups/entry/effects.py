"""What an answer at the gate does to the member, and whether they meet the threshold."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups.entry.gate_terms import Answer, Question
from qunce.groups.entry.models import EntryGate, EntryRequest
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.tags import assignments, library
from qunce.sets import audiences

log = logging.getLogger(__name__)
SOURCE = "entry"


def fill(
    question: Question,
    answer: Answer | None,
    text: str,
    request: EntryRequest,
    at: datetime,
) -> bool:
    """Fill the attribute and give the tag of an answer; False if it does not fit.

    The value of a known answer is its first word, so that all its words mean the same.
    """
    system = staff_models.system(request.community)
    if question.attribute:
        value = answer.words[0] if answer else text.strip()
        try:
            with transaction.atomic():
                attributes.set_values(
                    attribute=attributes.get(request.community, question.attribute),
                    values={request.account_id: value},
                    by=system,
                    at=at,
                    source=SOURCE,
                )
        except errors.NotFound:
            log.warning("the attribute %s of a gate is gone", question.attribute)
        except errors.Invalid:
            return False
    if answer is not None and answer.tag:
        tags = library.find(request.community, [answer.tag])
        for tag in tags.values():
            assignments.apply(
                tag=tag,
                accounts=[request.account_id],
                by=system,
                at=at,
                source=SOURCE,
            )
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
