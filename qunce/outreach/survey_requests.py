"""Requests to answer a survey: after a meet-up or a case, at the end of a month, or why.

Each is the draft of a playbook that writes once per occasion, within the contact limits,
to members who have not answered.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from qunce.core import errors, permissions
from qunce.members.personal_links import portal_settings
from qunce.members.surveys import survey_facts, surveys, typed_lines
from qunce.members.surveys.models import Repeat, Survey
from qunce.outreach.playbooks import playbooks, templates
from qunce.outreach.streak_reminders import CLOCK

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.outreach.playbooks.models import Playbook


class Occasion(models.TextChoices):
    """After what members are asked."""

    MEETUP = "meetup", pgettext_lazy("survey", "after a meet-up that they attended")
    CASE = "case", pgettext_lazy("survey", "after their case is closed")
    MONTH = "month", pgettext_lazy("survey", "at the end of each month")
    MISSED = "missed", pgettext_lazy("survey", "after a meet-up that they missed")
    LEFT = "left", pgettext_lazy("survey", "after they left a group")


class InvalidRequest(errors.Invalid):
    """A survey cannot be asked on this occasion."""


# Checks


def check_may_ask(survey: Survey, occasion: str, time: str, at: datetime) -> None:
    """Raise InvalidRequest with what to change."""
    if occasion not in Occasion.values:
        raise InvalidRequest(_("Choose an occasion."))
    if not CLOCK.fullmatch(time):
        raise InvalidRequest(_("Write a time like 20:00."))
    if not surveys.is_open(survey, at):
        raise InvalidRequest(_("The survey takes no answers now. Open it first."))
    if typed_lines.only_question(survey) is None:
        raise InvalidRequest(
            _("Only a survey of one question is asked on an occasion. Create one.")
        )
    if occasion == Occasion.MONTH and survey.repeat == Repeat.ONCE:
        raise InvalidRequest(
            _(
                "This survey is answered once, so nobody could answer it in the second"
                " month. Create one that is answered once a month."
            )
        )


# Verbs


@transaction.atomic
def draft(
    *,
    survey: Survey,
    occasion: str,
    time: str,
    channel: str,
    by: Staff,
    at: datetime,
) -> Playbook:
    """Create the draft of the playbook, whose message has the personal link if there are any.

    A survey that is answered once is asked once. Nothing is sent yet.
    """
    for permission in (playbooks.MANAGE, survey_facts.VIEW):
        permissions.check_may(by, permission)
    permissions.check_community(by, survey.community_id)
    check_may_ask(survey, occasion, time, at)
    definition: dict[str, Any] = templates.survey_request(
        Occasion(occasion),
        time=time,
        ways=_list_ways(survey),
        staff=by.login,
        channel=channel,
    )
    definition["exit"] = [
        *definition["exit"],
        {"fact": "survey.answered", "where": {"survey": survey.public_id}},
    ]
    if survey.rule is not None:
        definition["conditions"] = [{"rule": survey.rule, "checked": "both"}]
    again = definition["again"]["mode"]
    if survey.repeat == Repeat.ONCE:
        definition["again"] = {"mode": "never"}
    elif survey.repeat == Repeat.MONTH and again == "per_key":
        definition["again"] = {"mode": "cooldown", "days": templates.MONTH_DAYS}
    return playbooks.create(
        community=survey.community,
        name=_("%(name)s, %(occasion)s")
        % {"name": survey.name[:40], "occasion": Occasion(occasion).label[:36]},
        definition=definition,
        by=by,
        at=at,
    )


def _list_ways(survey: Survey) -> str:
    """How a member answers, as lines of the message."""
    lines = []
    if survey.keyword and not survey.is_anonymous:
        text = _("Write “%(keyword)s”, a space and your answer.")
        # A keyword may have braces, which would be variables.
        keyword = survey.keyword.replace("{", "{{").replace("}", "}}")
        lines.append(text % {"keyword": keyword})
    if portal_settings.has_address():
        lines.append("{personal_link}")
    return "\n".join(lines)
