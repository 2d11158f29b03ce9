"""A shop with staff and members, and a campaign, made through the verbs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending.recipients import Recipient
from qunce.outreach.sending.tasks import Task
from tests import factories
from tests.factories import AT

HOUR = timedelta(hours=1)
EVERYONE: dict[str, Any] = {"all": []}


def staff(of: Community, login: str, role: str = "operator", **given: Any) -> Staff:
    return staff_models.create(community=of, login=login, role=role, at=AT, **given)


def people(of: Community, *names: str) -> list[int]:
    return [factories.member(of, name, name=name.title()).pk for name in names]


def tag(of: Community, key: str, *members: int) -> None:
    by = staff_models.system(of)
    found = library.ensure(community=of, keys=[key], by=by, at=AT)
    assignments.apply(tag=found[key], accounts=members, by=by, at=AT)


def campaign(by: Staff, **given: Any) -> Campaign:
    about: dict[str, Any] = {
        "name": "News",
        "text": "Hello {name|friend}",
        "rule": EVERYONE,
        "staff": [by.pk],
        **given,
    }
    return campaigns.create(community=by.community, by=by, at=AT, **about)


def started(by: Staff, **given: Any) -> Campaign:
    made_ = campaign(by, **given)
    launch.start(campaign=made_, by=by, at=AT)
    return made_


def task(of: Campaign, by: Staff) -> Task:
    return Task.objects.select_related("campaign__community", "staff").get(
        campaign=of, staff=by
    )


def opened(of: Campaign, by: Staff, **given: Any) -> list[str]:
    """Keys of the members of the rows that are open now."""
    rows = assisted_sending.open_next(task=task(of, by), by=by, at=AT, **given)
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return [keys[row.target_id] for row in rows]


def states(of: Campaign) -> dict[str, str]:
    """Key → state, with the reason of who was skipped or failed."""
    rows = Recipient.objects.filter(campaign=of).order_by("target_id")
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return {
        keys[row.target_id]: f"{row.state}: {row.reason}" if row.reason else row.state
        for row in rows
    }
