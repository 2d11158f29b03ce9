"""Moving an entry of the calendar to another time, by the verb of what it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, State
from qunce.outreach.series import occurrences
from qunce.outreach.series import series as series_module
from qunce.outreach.series.models import Occurrence, Series

MAX_DIGITS, MAX_MOVE = 17, timedelta(days=366)


class EntryNotFound(errors.NotFound):
    """There is nothing in the calendar that can be moved by this name."""


class EntryNotMovable(errors.Refused):
    """The entry is started, or waits for an approval."""


@transaction.atomic
def move(*, key: str, to: datetime, by: Staff, at: datetime) -> datetime:
    """Move what `key` names, such as “campaign-7”; returns the time at which it was."""
    kind, numbers = _parse(key)
    if kind == "campaign":
        return _move_campaign(campaigns.get(by=by, pk=numbers[0]), to, by, at)
    series = series_module.get(by=by, pk=numbers[0])
    slot_at = timestamps.from_micros(numbers[1])
    before = find_time(key=key, by=by)
    occurrences.move(series=series, slot_at=slot_at, to=to, by=by, at=at)
    return before


def _move_campaign(
    campaign: Campaign, to: datetime, by: Staff, at: datetime
) -> datetime:
    campaigns.check_may_manage(campaign, by)
    if campaign.state == State.IN_REVIEW:
        raise EntryNotMovable(
            _("“%(name)s” waits for approval. Withdraw it to move it.")
            % {"name": campaign}
        )
    if campaign.state != State.SCHEDULED or campaign.send_at is None:
        raise EntryNotMovable(
            _("“%(name)s” is not scheduled, so it cannot be moved.")
            % {"name": campaign}
        )
    before = campaign.send_at
    if abs(to - before) > MAX_MOVE:
        raise campaigns.InvalidCampaign(
            _("A campaign can be moved by at most %(n)s days.") % {"n": MAX_MOVE.days}
        )
    campaigns.unschedule(campaign=campaign, by=by, at=at)
    if campaign.due_at is not None:
        # Staff keep as much time for it as they had.
        due_at = campaign.due_at + (to - before)
        campaigns.update(campaign=campaign, by=by, at=at, due_at=due_at)
    campaigns.schedule(campaign=campaign, send_at=to, by=by, at=at)
    return before


# Reads


def find_time(*, key: str, by: Staff) -> datetime:
    """When what `key` names is planned now; raises EntryNotFound or that it is unknown."""
    kind, numbers = _parse(key)
    if kind == "campaign":
        campaign = campaigns.get(by=by, pk=numbers[0])
        if campaign.send_at is None:
            raise EntryNotMovable(
                _("“%(name)s” is not scheduled, so it cannot be moved.")
                % {"name": campaign}
            )
        return campaign.send_at
    series = series_module.get(by=by, pk=numbers[0])
    slot_at = timestamps.from_micros(numbers[1])
    row = Occurrence.objects.filter(series=series, slot_at=slot_at).first()
    return slot_at if row is None else row.planned_at


def describe(*, key: str, by: Staff) -> tuple[str, Campaign | Series]:
    """The name of what `key` names, and the thing itself."""
    kind, numbers = _parse(key)
    if kind == "campaign":
        campaign = campaigns.get(by=by, pk=numbers[0])
        return campaign.name, campaign
    series = series_module.get(by=by, pk=numbers[0])
    return series.name, series


def _parse(key: str) -> tuple[str, list[int]]:
    kind, *parts = key.split("-")
    expected = {"campaign": 1, "series": 2}.get(kind)
    if len(parts) != expected or not all(
        part.isascii() and part.isdigit() and len(part) <= MAX_DIGITS for part in parts
    ):
        raise EntryNotFound(_("There is no such entry in the calendar."))
    return kind, [int(part) for part in parts]
