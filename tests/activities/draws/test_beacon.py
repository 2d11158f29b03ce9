"""Fetching signatures of drand from a real HTTP server, and what staff read if it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from qunce.activities.draws import beacon, drand, public_values
from qunce.activities.draws.models import Draw, FetchProblem, State
from qunce.console.today import prize_providers
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.activities.draws import builders
from tests.activities.draws.builders import END
from tests.activities.draws.test_drawing import SIGNATURE
from tests.outreach.ideas import web_site
from tests.outreach.ideas.web_site import Site

pytestmark = [pytest.mark.django_db]
ROUND, MINUTE = 1000, timedelta(minutes=1)
DUE = END + 3 * MINUTE
PATH = f"/{drand.CHAIN}/public/{ROUND}"
FORGED = SIGNATURE[:-2] + "00"


@pytest.fixture
def relay(settings: Settings) -> Iterator[Site]:
    with web_site.serve() as site:
        settings.DRAND_URL = site.base
        yield site


@pytest.fixture
def draw(community: Community, ann: Staff, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """A closed draw that waits for round 1000, whose signature is known."""
    monkeypatch.setattr(drand, "round_after", lambda moment: ROUND)
    draw = builders.open_draw(ann, figure=False)
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    monkeypatch.setattr(drand, "round_after", lambda moment: ROUND + 1)
    return draw


def answer(signature: str = SIGNATURE, number: int = ROUND) -> str:
    return json.dumps({"round": number, "signature": signature})


def verify_due(draw: Draw) -> None:
    """Run the verification that was scheduled, as the queue does."""
    (job,) = [
        job for job in job_queue.claim(at=DUE) if job.job == public_values.VERIFY_JOB
    ]
    public_values.verify(job.key, at=DUE)
    draw.refresh_from_db()


def test_right_round_is_fetched_verified_and_drawn(relay: Site, draw: Draw) -> None:
    relay.put(PATH, answer())
    assert beacon.fetch_due(at=DUE) == 1
    draw.refresh_from_db()
    # Nothing is believed before it is verified.
    assert (draw.state, draw.signature) == (State.CLOSED, SIGNATURE)
    verify_due(draw)
    assert draw.state == State.DRAWN
    assert draw.public_value == drand.value_of(SIGNATURE)
    assert beacon.fetch_due(at=DUE + MINUTE) == 0
    assert len(relay.requests) == 1


FAILURES: list[tuple[dict[str, Any], FetchProblem]] = [
    ({"status": 500}, FetchProblem.ANSWER),
    ({"status": 404}, FetchProblem.TOO_EARLY),
    ({"status": 302, "headers": {"Location": "/other"}}, FetchProblem.ANSWER),
    ({"body": answer(number=ROUND + 1)}, FetchProblem.ANSWER),
    ({"body": answer(signature="zz")}, FetchProblem.ANSWER),
    ({"body": '{"round": 1000}'}, FetchProblem.ANSWER),
    ({"body": "[" * 4_000}, FetchProblem.ANSWER),
    ({"body": "<html>"}, FetchProblem.ANSWER),
    ({"body": "x" * 1_000, "repeat": 2_000}, FetchProblem.ANSWER),
    ({"body": answer(), "seconds_per_byte": 0.05}, FetchProblem.UNREACHABLE),
]


def test_failure_is_noted_and_asked_again_on_the_clock(
    relay: Site, draw: Draw, ann: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.put("/other", answer())
    for minutes, (put, problem) in enumerate(FAILURES):
        at, is_slow = DUE + minutes * MINUTE, "seconds_per_byte" in put
        monkeypatch.setattr(beacon, "MAX_SECONDS", 0.5 if is_slow else 20.0)
        relay.put(PATH, **put)
        assert beacon.fetch_due(at=at) == 0, put
        draw.refresh_from_db()
        assert (draw.fetch_problem, draw.fetch_failed_at) == (problem, at), put
        (item,) = prize_providers.draws_that_wait(ann, at)
        assert item.reason == str(problem.label)
    # Nobody followed the redirect, and each minute asked once.
    assert [path for path, _headers in relay.requests] == [PATH] * len(FAILURES)
    monkeypatch.setattr(beacon, "MAX_SECONDS", 20.0)
    relay.put(PATH, answer())
    assert beacon.fetch_due(at=at + MINUTE) == 1
    draw.refresh_from_db()
    assert (draw.fetch_problem, draw.signature) == ("", SIGNATURE)


def test_staff_read_that_nothing_was_fetched_and_paste_it(
    draw: Draw, ann: Staff, settings: Settings
) -> None:
    # Nobody listens there.
    settings.DRAND_URL = "http://127.0.0.1:9"
    assert beacon.fetch_due(at=DUE) == 0
    console, page = clients.browser(ann), f"/activities/draws/{draw.activity_id}/"
    shown = console.get(page).content.decode()
    assert "没有连上 drand 中继" in shown and 'name="signature"' in shown
    console.post(f"{page}signature/", {"signature": SIGNATURE})
    draw.refresh_from_db()
    public_values.verify(str(draw.pk), at=DUE)
    draw.refresh_from_db()
    assert draw.state == State.DRAWN


def test_wrong_signature_is_refused_and_asked_for_again_later(
    relay: Site, draw: Draw, ann: Staff
) -> None:
    relay.put(PATH, answer(FORGED))
    assert beacon.fetch_due(at=DUE) == 1
    verify_due(draw)
    assert (draw.state, draw.signature_refused_at) == (State.CLOSED, DUE)
    (item,) = prize_providers.draws_that_wait(ann, DUE)
    assert "not that of this round" in item.reason
    assert beacon.fetch_due(at=DUE + MINUTE) == 0
    relay.put(PATH, answer())
    assert beacon.fetch_due(at=DUE + beacon.WAIT_AFTER_REFUSAL) == 1


def test_round_that_is_not_due_is_not_asked_for(
    relay: Site, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drand, "round_after", lambda moment: ROUND)
    assert beacon.fetch_due(at=DUE) == 0
    assert relay.requests == []


def test_server_without_a_relay_asks_nobody(draw: Draw, settings: Settings) -> None:
    settings.DRAND_URL = ""
    assert beacon.fetch_due(at=DUE) == 0
    draw.refresh_from_db()
    assert draw.fetch_problem == ""
