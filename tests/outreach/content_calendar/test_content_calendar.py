"""The content calendar: what is planned and sent, overload, silence, mix, hours, moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import approvals, campaigns, launch
from qunce.outreach.content.materials import library
from qunce.outreach.content_calendar import (
    best_hours,
    board,
    limits,
    measures,
    moves,
)
from qunce.outreach.content_calendar.board import Board
from qunce.outreach.content_calendar.limits import Limits
from qunce.outreach.playbooks import playbooks
from qunce.outreach.sending import assisted_messages, channel_events
from qunce.outreach.series import episodes, posting
from qunce.outreach.series import series as series_store
from qunce.sets.mirror import deriver
from tests import factories

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
AT = datetime(2026, 3, 4, 9, tzinfo=SHANGHAI).astimezone(UTC)
"""Wednesday 09:00."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TONIGHT = AT + 11 * HOUR


def week(by: Staff, at: datetime = AT) -> Board:
    return board.load(by=by, first=MONDAY, days=7, at=at)


def shown(found: Board) -> list[str]:
    """Each entry as weekday, time, title, status and number of groups."""
    return [
        f"{each.at.astimezone(SHANGHAI):%a %H:%M} {each.title}"
        f" {each.status.value} {len(each.groups)}"
        for each in found.entries
    ]


def scheduled(by: Staff, *groups: int, at: datetime = TONIGHT, **fields: Any) -> Any:
    campaign = factories.campaign(
        by, target="groups", rule=None, groups=list(groups), text="Hi", **fields
    )
    campaigns.schedule(campaign=campaign, send_at=at, by=by, at=AT)
    return campaign


def test_calendar_has_everything_that_goes_to_groups(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north", name="North")
    south = factories.group(shop, "south", name="South")
    scheduled(by, north.pk, name="Offer")
    sent = factories.campaign(
        by, target="groups", rule=None, groups=[south.pk], text="x", name="Sent"
    )
    launch.start(campaign=sent, by=by, at=AT - DAY)
    rhythm = {"days": {"weekdays": [2, 4]}, "slots": [{"time": "10:00"}]}
    column = series_store.create(
        community=shop, name="Column", rhythm=rhythm, group_filter={}, staff=by,
        by=by, at=AT - DAY,
    )  # fmt: skip
    episodes.add(series=column, text="One", content_type="fun", by=by, at=AT - DAY)
    series_store.start(series=column, by=by, at=AT - DAY)
    steps = [
        {"id": "a", "kind": "send", "text": "Member day", "staff": "ann"},
        {"id": "b", "kind": "wait", "delay": {"minutes": 120}},
        {"id": "c", "kind": "send", "text": "Last hours", "staff": "ann"},
    ]
    entry = {"on": "calendar", "days": {"weekdays": [4]}, "time": "12:00"}
    playbook = playbooks.create(
        community=shop, name="Member day", by=by, at=AT - DAY,
        definition={"for": "group", "entry": entry, "steps": steps},
    )  # fmt: skip
    switch_on(playbook, by)
    assert shown(week(by)) == [
        "Wed 09:00 Sent waiting 1",
        "Wed 10:00 Column planned 2",
        "Wed 20:00 Offer planned 1",
        "Fri 10:00 Column empty 2",
        "Fri 12:00 Member day planned 2",
        "Fri 14:00 Member day planned 2",
    ]
    posting.poll_all(at=AT + HOUR)
    for message in assisted_messages.list_open(by=by, at=AT + HOUR)[:1]:
        assisted_messages.mark_sent(message=message, by=by, at=AT + HOUR)
    assert [line for line in shown(week(by, AT + HOUR)) if "Wed 10:00" in line] == [
        "Wed 10:00 Column sent 1",
        "Wed 10:00 Column waiting 1",
        "Wed 10:00 Sent waiting 1",
    ]
    found = week(by, AT + HOUR)
    assert [(s.content_type, s.count, s.percent) for s in found.mix() if s.count] == [
        ("fun", 2, 100)
    ]


def switch_on(playbook: Any, by: Staff) -> None:
    from qunce.outreach.playbooks import lifecycle

    lifecycle.switch_on(
        playbook=playbook, choice=lifecycle.Choice(), by=by, at=AT - DAY
    )


def test_only_visible_groups_are_there_and_others_have_no_name(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north")
    south = factories.group(shop, "south")
    scheduled(by, north.pk, south.pk, name="Secret offer")
    scheduled(by, south.pk, name="Elsewhere")
    ned = factories.staff(shop, "operator", "ned", groups=["north"])
    found = week(ned)
    assert [group.key for group in found.groups] == ["north"]
    assert shown(found) == ["Wed 20:00 Campaign of others planned 1"]
    assert (found.entries[0].pk, found.entries[0].move_key) == (0, "")
    assert found.to_members == []
    assert len(week(by).to_members) == 7


def test_moving_goes_through_the_verb_and_says_what_cannot_move(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north")
    approvals.set_from_size(community=shop, from_size=1, by=by, at=AT)
    other = factories.staff(shop, "manager", "mo")
    offer = factories.campaign(
        other, target="groups", rule=None, groups=[north.pk], text="Hi",
        due_at=TONIGHT + HOUR,
    )  # fmt: skip
    approvals.submit(campaign=offer, send_at=TONIGHT, by=other, at=AT)
    key = f"campaign-{offer.pk}"
    with pytest.raises(moves.EntryNotMovable, match="Withdraw it to move it"):
        moves.move(key=key, to=TONIGHT + DAY, by=by, at=AT)
    approvals.approve(campaign=offer, by=by, at=AT)
    assert moves.move(key=key, to=TONIGHT + DAY, by=by, at=AT) == TONIGHT
    offer.refresh_from_db()
    assert (offer.state, offer.send_at) == ("scheduled", TONIGHT + DAY)
    assert offer.due_at == TONIGHT + DAY + HOUR
    assert approvals.is_approved(offer), "the time is not what was approved"
    with pytest.raises(campaigns.InvalidCampaign, match="in the future"):
        moves.move(key=key, to=AT - HOUR, by=by, at=AT)
    offer.refresh_from_db()
    assert offer.state == "scheduled", "a refused move changes nothing"
    with pytest.raises(campaigns.InvalidCampaign, match="at most 366 days"):
        moves.move(key=key, to=datetime(9999, 12, 31, tzinfo=UTC), by=by, at=AT)
    for unknown in (
        "campaign-99",
        "campaign",
        "series-1-x",
        "playbook-1",
        "series-1-1",
    ):
        with pytest.raises(Exception, match="no such"):
            moves.move(key=unknown, to=TONIGHT, by=by, at=AT)


def test_overload_and_silence_by_the_limits_of_the_community(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north", at=AT - 30 * DAY)
    south = factories.group(shop, "south", at=AT - 30 * DAY)
    young = factories.group(shop, "young", at=AT)
    limits.update(
        community=shop,
        limits=Limits(max_per_day=1, silent_days=3, target_mix={"care": 60, "fun": 40}),
        by=by,
        at=AT,
    )
    image = library.create(
        community=shop, kind="text", title="Care", text="Care", content_type="care",
        by=by, at=AT,
    )  # fmt: skip
    for name in ("One", "Two"):
        scheduled(by, north.pk, name=name, materials=[image.version.pk])
    found = week(by)
    assert [found.groups[row].key for row in found.rows_with(found.overload)] == [
        "north"
    ]
    assert found.overload[0].tolist() == [False, False, True] + [False] * 4
    assert found.silence[0].tolist() == [True, True, False, False, False, True, True]
    assert found.silence[1].all() and found.groups[1] == south
    # The group founded on Wednesday can be silent for three days on Friday.
    assert found.silence[2].tolist() == [False] * 4 + [True] * 3
    assert found.groups[2] == young
    care = next(share for share in found.mix(north.pk) if share.content_type == "care")
    assert (care.count, care.percent, care.target) == (2, 100, 60)
    for wrong, sentence in (
        (Limits(0, 3), "Messages per day: give a number from 1 to 50"),
        (Limits(1, 31), "Days without a message"),
        (Limits(1, 3, {"care": 50}), "add up to 50 %"),
        (Limits(1, 3, {"news": 100}), "no content type “news”"),
    ):
        with pytest.raises(limits.InvalidCalendarLimits, match=sentence):
            limits.update(community=shop, limits=wrong, by=by, at=AT)


def test_best_hours_come_from_real_messages_or_from_nothing(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann-wx").pk
    busy, quiet = factories.group(shop, "busy"), factories.group(shop, "quiet")
    evening = AT - DAY + 11 * HOUR
    posted = (
        [(busy, evening)] * 70 + [(busy, evening - 8 * HOUR)] * 40 + [(quiet, evening)]
    )
    posted += [(quiet, evening - 40 * DAY)] * 200
    facts.record_many(
        [
            channel_events.MessagePosted(account=ann, group=group.pk, length=2)
            for group, _moment in posted
        ],
        community=shop, by=None, at=AT, happened_at=[moment for _g, moment in posted],
    )  # fmt: skip
    deriver.catch_up(wait=True)
    found = best_hours.load(by=by, at=AT)
    assert (found.of(busy.pk).hours, found.of(busy.pk).messages) == ((12, 20), 110)
    assert (found.of(quiet.pk).hours, found.of(quiet.pk).messages) == ((), 1)
    assert found.overall.messages == 111
    ned = factories.staff(shop, "operator", "ned", groups=["quiet"])
    assert best_hours.load(by=ned, at=AT).overall.messages == 1


COUNTS = st.lists(
    st.lists(st.integers(0, 4), min_size=8, max_size=8), min_size=1, max_size=4
)


@given(COUNTS, st.integers(1, 6), st.integers(1, 4), st.integers(0, 7))
def test_silence_and_overload_are_as_counted_by_hand(
    counts: list[list[int]], days: int, most: int, born: int
) -> None:
    array = np.array(counts, dtype=np.int64)
    silence = measures.find_silence(array, days, [born] * len(counts))
    overload = measures.find_overload(array, most)
    for row, numbers in enumerate(counts):
        for day, number in enumerate(numbers):
            window = range(day - days + 1, day + 1)
            expected = all(each >= born and numbers[each] == 0 for each in window)
            expected = expected and window[0] >= 0
            assert silence[row, day] == expected
            assert overload[row, day] == (number > most)
