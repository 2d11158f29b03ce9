"""The pages of the content calendar without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SEND_AT = (NOW + 2 * DAY).replace(hour=4, minute=0, second=0, microsecond=0)
"""12:00 in Shanghai, where clocks do not change."""


def url(view: str, *args: object) -> str:
    return reverse(f"content_calendar:{view}", args=args)


def local_day(moment: datetime) -> str:
    return f"{(moment + timedelta(hours=8)):%Y-%m-%d}"


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def scheduled(by: Staff, *groups: int, **fields: Any) -> Campaign:
    campaign = factories.campaign(
        by, target="groups", rule=None, groups=list(groups), **{"text": "Hi", **fields}
    )
    campaigns.schedule(campaign=campaign, send_at=SEND_AT, by=by, at=NOW)
    return campaign


def test_week_month_and_file_show_a_campaign_and_the_form_moves_it(
    shop: Community, by: Staff, ann: Client
) -> None:
    north = factories.group(shop, "north", name="North")
    campaign = scheduled(by, north.pk, name="Offer")
    week = f"{url('week')}?day={local_day(SEND_AT)}"
    shown = page(ann, week)
    assert f'data-move="campaign-{campaign.pk}"' in shown and "12:00" in shown
    assert "Offer" in page(ann, f"{url('month')}?day={local_day(SEND_AT)}")
    lines = page(ann, f"{url('export')}?day={local_day(SEND_AT)}").splitlines()
    assert lines[1].endswith("12:00,Offer,campaign,planned,,1,North")
    entry = url("entry", f"campaign-{campaign.pk}")
    assert "An approval of its content stays" in page(ann, entry)
    past = ann.post(entry, {"day": local_day(NOW - 2 * DAY), "time": "09:00"})
    assert past.status_code == 422 and "in the future" in past.content.decode()
    later = local_day(SEND_AT + DAY)
    moved = ann.post(entry, {"day": later, "time": "18:30"}, follow=True)
    assert f"“Offer” is moved to {later} 18:30." in moved.content.decode()
    campaign.refresh_from_db()
    assert campaign.send_at == SEND_AT + DAY + timedelta(hours=6, minutes=30)
    micros = int(SEND_AT.timestamp()) * 1_000_000
    ann.post(url("back", f"campaign-{campaign.pk}", micros))
    campaign.refresh_from_db()
    assert campaign.send_at == SEND_AT
    viewer = browser(factories.staff(shop, "viewer", "vic"))
    assert f'data-move="campaign-{campaign.pk}"' not in page(viewer, week)
    assert viewer.post(entry, {"day": later, "time": "18:30"}).status_code == 403


def test_limits_are_set_and_groups_are_filtered_by_warning(
    shop: Community, by: Staff, ann: Client
) -> None:
    north = factories.group(shop, "north", name="North", at=NOW - 30 * DAY)
    factories.group(shop, "south", name="South", at=NOW - 30 * DAY)
    for name in ("One", "Two"):
        scheduled(by, north.pk, name=name)
    wrong = ann.post(
        url("limits"), {"max_per_day": 1, "silent_days": 2, "mix_care": 60}
    )
    assert "add up to 60 %, not to 100 %" in wrong.content.decode()
    ann.post(url("limits"), {"max_per_day": 1, "silent_days": 2, "mix_care": 100})
    week = f"{url('week')}?day={local_day(SEND_AT)}"
    shown = page(ann, week)
    assert "1 group gets more than 1 a day" in shown and "2, too many" in shown
    assert "2 groups get nothing for 2 days" in shown
    assert "not enough data (0 messages in 28 days, 100 needed)" in shown
    overloaded = page(ann, f"{week}&only=overloaded")
    assert ">North<" in overloaded and ">South<" not in overloaded
    named = page(ann, f"{week}&q=sou")
    assert ">South<" in named and ">North<" not in named
    for odd in ("day=x", "day=9999-12-31", "day=0001-01-01", "page=99", "only=no"):
        page(ann, f"{url('week')}?{odd}")
        page(ann, f"{url('month')}?{odd}")
