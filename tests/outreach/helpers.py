"""Builders of staff, members and campaigns, and views of what became of a campaign."""

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


def staff(of: Community, login: str, role: str = "operator", **fields: Any) -> Staff:
    return factories.staff(of, role, login, **fields)


def members(of: Community, *keys: str) -> list[int]:
    """Members whose names are their keys, capitalised."""
    return [factories.member(of, key, name=key.title()).pk for key in keys]


def tag_members(of: Community, key: str, *members: int) -> None:
    by = staff_models.system(of)
    tag = library.ensure(community=of, keys=[key], by=by, at=AT)[key]
    assignments.apply(tag=tag, accounts=members, by=by, at=AT)


def create_campaign(by: Staff, **fields: Any) -> Campaign:
    defaults = {
        "name": "News",
        "text": "Hello {name|friend}",
        "rule": EVERYONE,
        "staff": [by.pk],
    }
    return campaigns.create(community=by.community, by=by, at=AT, **defaults | fields)


def start_campaign(by: Staff, **fields: Any) -> Campaign:
    campaign = create_campaign(by, **fields)
    launch.start(campaign=campaign, by=by, at=AT)
    return campaign


def get_task(of: Campaign, by: Staff) -> Task:
    return Task.objects.select_related("campaign__community", "staff").get(
        campaign=of, staff=by
    )


def open_next(of: Campaign, by: Staff, **params: Any) -> list[str]:
    """Open rows, and return the keys of the members of all open ones."""
    rows = assisted_sending.open_next(task=get_task(of, by), by=by, at=AT, **params)
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return [keys[row.target_id] for row in rows]


def states_by_key(of: Campaign) -> dict[str, str]:
    """Key → state, with the reason of a skipped or failed row."""
    rows = Recipient.objects.filter(campaign=of).order_by("target_id")
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return {
        keys[row.target_id]: f"{row.state}: {row.reason}" if row.reason else row.state
        for row in rows
    }
