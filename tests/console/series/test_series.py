"""The pages of series without JavaScript, from the form to planned against sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import library
from qunce.outreach.series import occurrences, posting
from qunce.outreach.series.models import Episode, Occurrence, Series
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
EVERY_DAY: dict[str, Any] = {
    "name": "Morning column",
    "weekdays": ["0", "1", "2", "3", "4", "5", "6"],
    "slots-TOTAL_FORMS": "2",
    "slots-INITIAL_FORMS": "0",
    "slots-0-time": "08:00",
    "slots-0-label": "light",
    "slots-0-content_type": "fun",
    "slots-1-time": "20:00",
    "only": "any",
    "to": "filter",
    "channel": "assisted",
    "poster": "owner",
    "late_minutes": "30",
    "window_minutes": "240",
}


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def post(client: Client, address: str, status: int = 303, /, **data: Any) -> str:
    answer = client.post(address, data)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def url(view: str, *args: object) -> str:
    return reverse(f"series:{view}", args=args)


def start(client: Client, series: Series) -> str:
    """Start a series as its page shows it, and return the page after that."""
    shown = client.get(url("detail", series.pk)).context["digest"]
    answer = client.post(url("start", series.pk), {"digest": shown}, follow=True)
    return answer.content.decode()


def test_series_is_written_filled_started_posted_and_counted(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.group(shop, "north", name="North")
    assert "No series yet" in page(ann, url("list"))
    wrong = post(ann, url("create"), 422, **{**EVERY_DAY, "slots-1-time": "08:00"})
    assert "Each time of the day can be given only once." in wrong
    post(ann, url("create"), **EVERY_DAY)
    series = Series.objects.get()
    detail = url("detail", series.pk)
    refused = start(ann, series)
    assert "Nobody can post in 1 of the groups, such as “North”" in refused
    post(ann, url("update", series.pk), **{**EVERY_DAY, "staff": by.pk})
    shown = page(ann, detail)
    assert "every day · 08:00 light, 20:00" in shown
    assert "No episode is left for it." in shown
    image = library.create(
        community=shop, kind="text", title="Water", text="Water", content_type="care",
        by=by, at=NOW,
    )  # fmt: skip
    add = url("episode-add", series.pk)
    assert "Write a text or choose materials." in post(ann, add, 422, text="")
    post(ann, add, text="Hello {group}", another="1", place="08:00")
    post(ann, add, materials=[image.version.pk], place="")
    first, second = Episode.objects.order_by("position")
    post(ann, url("episode-move", second.pk), to="earlier")
    post(ann, url("episode", first.pk), text="Good morning {group}", place="")
    assert "Posted from now on." in start(ann, series)
    shown = page(ann, detail)
    assert "Post in 1 group" not in shown
    assert shown.index("Water") < shown.index("Good morning {group}")
    skip_and_restore(ann, series)
    due = f"{NOW + 7 * HOUR:%H:%M}"  # an hour ago, in Shanghai
    only_now = {"staff": by.pk, "slots-0-time": due, "slots-1-time": ""}
    post(ann, url("update", series.pk), **{**EVERY_DAY, **only_now})
    # As if it had been running since this morning.
    Series.objects.update(polled_until=NOW - 2 * HOUR)
    posting.poll_all(at=NOW)
    todo = page(ann, reverse("playbooks:post-list"))
    assert "1 message waits for you" in todo and "Water" in todo
    assert "1 group left: 1 Ann" in page(ann, detail)
    for action in ("pause", "archive"):
        post(ann, url(action, series.pk))
    assert "1 archived" in page(ann, url("list"))
    assert "Morning column" in page(ann, f"{url('list')}?archived=1")


def next_time(series: Series) -> datetime:
    series.refresh_from_db()
    at = datetime.now(UTC)
    return occurrences.plan(series, at + timedelta(days=2), at)[0].planned_at


def skip_and_restore(ann: Client, series: Series) -> None:
    """Leave the occurrence after the next one out, and take it in again."""
    slot = next_time(series) + timedelta(days=1)
    micros = timestamps.to_micros(slot)
    post(ann, url("skip", series.pk, micros))
    assert Occurrence.objects.get().state == "skipped"
    assert "Post after all" in page(ann, url("detail", series.pk))
    post(ann, url("restore", series.pk, micros))
    assert Occurrence.objects.get().state == "open"


def test_today_shows_what_has_no_content_until_it_is_filled(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.group(shop, "north", factories.member(shop, "bob").pk)
    post(ann, url("create"), **{**EVERY_DAY, "staff": by.pk})
    series = Series.objects.get()
    assert "Posted from now on." in start(ann, series)
    assert "“Morning column” has nothing to post" in page(ann, "/")
    for _number in range(8):
        post(ann, url("episode-add", series.pk), text="Hello")
    assert "“Morning column” has nothing to post" not in page(ann, "/")


def test_staff_see_only_series_of_their_groups_and_viewers_change_none(
    shop: Community, by: Staff, ann: Client
) -> None:
    north = factories.group(shop, "north")
    factories.group(shop, "south")
    post(
        ann,
        url("create"),
        **{**EVERY_DAY, "staff": by.pk, "to": "list", "groups": north.pk},
    )
    series = Series.objects.get()
    sam = browser(factories.staff(shop, "manager", "sam", groups=["south"]))
    page(sam, url("detail", series.pk), 404)
    assert "Morning column" not in page(sam, url("list"))
    vic = browser(factories.staff(shop, "viewer", "vic"))
    shown = page(vic, url("detail", series.pk))
    assert "Add an episode" not in shown and "Planned against sent" in shown
    post(vic, url("start", series.pk), 403)


def test_only_the_series_that_the_page_showed_is_started(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.group(shop, "north")
    post(ann, url("create"), **{**EVERY_DAY, "staff": by.pk})
    series = Series.objects.get()
    shown = {"digest": ann.get(url("detail", series.pk)).context["digest"]}

    def change_text() -> None:
        post(ann, url("episode-add", series.pk), text="Hello")

    def change_groups() -> None:
        factories.group(shop, "south")

    def change_time() -> None:
        later = {"staff": by.pk, "slots-0-time": "09:00"}
        post(ann, url("update", series.pk), **{**EVERY_DAY, **later})

    for change in (change_text, change_groups, change_time):
        change()
        answer = ann.post(url("start", series.pk), shown, follow=True)
        assert "differs from what the review showed" in answer.content.decode()
        series.refresh_from_db()
        assert series.state == "draft"
        shown = {"digest": answer.context["digest"]}
    assert "Posted from now on." in start(ann, series)
