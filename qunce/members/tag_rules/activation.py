"""Activation of tag rules: conflicts are confirmed first, and past events may count."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import conflicts, events, previews, tag_rules
from qunce.members.tag_rules.conditions import EventCondition
from qunce.members.tag_rules.models import MANAGE, State, TagRule, Trigger


class ConflictsNotConfirmed(errors.Refused):
    """The rule would fight with active rules; the message names them."""


class PastEventsRefused(errors.Refused):
    """Past events count only when a rule on events is activated for the first time."""


@transaction.atomic
def activate(
    *,
    rule: TagRule,
    by: Staff,
    at: datetime,
    is_confirmed: bool = False,
    past_days: int = 0,
) -> None:
    """Let the rule act from now on, and on events of the last `past_days`, too.

    Raises ConflictsNotConfirmed unless `is_confirmed` if it would fight with other rules.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, rule.community_id)
    condition, _effects = tag_rules.load(rule, by)
    is_first = rule.state == State.DRAFT
    found = conflicts.list_conflicts(rule=rule, by=by, at=at)
    if found and not is_confirmed:
        sentences = " ".join(str(conflict) for conflict in found)
        raise ConflictsNotConfirmed(
            _("%(conflicts)s Confirm to activate “%(name)s” all the same.")
            % {"conflicts": sentences, "name": rule.name}
        )
    past = []
    if past_days:
        if not is_first or not isinstance(condition, EventCondition):
            raise PastEventsRefused(
                _(
                    "Past events count only when a rule on an event is activated for "
                    "the first time."
                )
            )
        past = previews.list_past_facts(rule, condition, days=past_days, at=at)
        # What is recorded from now on, the consumer gets.
        past = [fact for fact in past if fact.recorded_at < at]
    tag_rules.start(rule=rule, by=by, at=at)
    if past:
        events.apply(rule, past, at=at, trigger=Trigger.PAST, by=by)
