"""The pages of Insight by CPU time, and the parts of it that take longest.

A page is asked for through Django's test client, so that its CPU time is that of the
whole request and no other program on the machine has a part in it.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, reverse

from bench import measure, numbers, pages, sessions, worker
from bench.measure import SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.console import http
from qunce.console.insight import urls
from qunce.console.segments.presenters import segments as presenters
from qunce.core import errors
from qunce.groups.groups import Group
from qunce.insight.charts import Figure
from qunce.insight.lifetime_value import estimates
from qunce.insight.portraits import portraits
from qunce.members.rule_text import free_sentences
from qunce.members.rule_text.free_text.reading import Reading
from qunce.members.segments.segments import SegmentSize
from qunce.members.tags import library
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.rules import snapshots

PAGE_GOAL_MS, HISTORY_GOAL_MS, SENTENCE_GOAL_MS = 300.0, 200.0, 30.0
HISTORY_DAYS = 180
VISITS = 20
NO_PAGES = {"chart-script", "chart", "finding-count"}
"""Addresses that answer with a file or only to a form."""


def list_pages(session: Session) -> dict[str, str]:
    """Every page of Insight that needs no object, and those of the first objects."""
    found = {}
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        name = str(pattern.name)
        if not pattern.pattern.converters and name not in NO_PAGES:
            found[name] = reverse(f"insight:{name}")
    group = Group.objects.filter(community=session.community).order_by("pk")[0]
    return found | {
        "a group": reverse("groups:detail", args=[group.pk]),
        "portrait of a group": f"{found['portrait']}?of=group:{group.key}",
        "words of a group": f"{found['words']}?group={group.key}",
        "26 weeks of retention": f"{found['retention']}?period=week&count=26",
    }


def insight_pages(session: Session) -> None:
    """Every page first with empty caches, then again and again."""
    client = _sign_in(session)
    first: dict[str, float] = {}
    later: dict[str, measure.Times] = {}
    # A page that loads what every page needs is not measured.
    client.get("/settings/")
    for name, path in list_pages(session).items():
        # Sets are on the disk, where a server saves them every five minutes.
        persisted_sets.save_all()
        snapshots.close_all()
        spent = _cpu_milliseconds(client, path)
        if spent is None:
            # It only answers to a form, or needs what this community has not.
            continue
        first[name] = spent
        each = [
            _cpu_milliseconds(client, path) or 0.0
            for _visit in range(min(VISITS, session.workspace.size.visits))
        ]
        later[name] = measure.Times(each)
    worst = max(later, key=lambda name: later[name].percentile(95))
    slow = sorted(later, key=lambda name: -later[name].percentile(95))[1:4]
    others = ", ".join(f"{name} {later[name].percentile(95):.0f} ms" for name in slow)
    session.record(
        measure.row(
            "insight-pages",
            "any page of Insight, CPU time",
            later[worst],
            goal=PAGE_GOAL_MS,
            note=f"{len(later)} pages; the slowest is {worst}, then {others}",
        )
    )
    slow = sorted(first, key=lambda name: -first[name])[:4]
    others = ", ".join(f"{name} {first[name]:.0f} ms" for name in slow)
    session.record(
        Row(
            "insight-pages-first",
            "any page of Insight with empty caches, CPU time",
            measure.MILLISECONDS,
            first[slow[0]],
            len(first),
            note=others,
        )
    )


def _sign_in(session: Session) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    http.now = worker.clock
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "127.0.0.1"]
    client.force_login(
        pages.owner(session), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def _cpu_milliseconds(client: Client, path: str) -> float | None:
    """The CPU time of a request in all threads; None if it is no page here."""
    start = time.process_time()
    response = client.get(path)
    spent = (time.process_time() - start) * 1000
    if response.status_code in (302, 400, 404, 405, 422):
        return None
    assert response.status_code == 200, (path, response.status_code)
    return spent


def lifetime_value(session: Session) -> None:
    """What buyers will still buy: fitted once, then cached until an order is added."""

    def ask() -> estimates.LifetimeValue:
        return estimates.estimate(by=session.by, at=AT)

    try:
        cold = measure.repeat(ask, 1)
    except errors.Refused as refusal:
        print(f"    lifetime value: {refusal}", flush=True)
        return
    times = measure.repeat(ask, session.workspace.size.repeats // 4)
    note = (
        f"{times.answer.whole.buyers:,} buyers; fitting: {measure.describe_cpu(cold)}"
    )
    question = "lifetime value of all buyers: warm"
    session.record(
        measure.row("lifetime-value", question, times, goal=PAGE_GOAL_MS, note=note)
    )


def portrait(session: Session) -> None:
    """What sets a group apart, by every tag, attribute, hour and layer."""
    group = Group.objects.filter(community=session.community).order_by("pk")[0]
    subject = portraits.parse_subject(f"group:{group.key}", by=session.by)

    def ask() -> portraits.Portrait:
        return portraits.load(subject=subject, by=session.by, at=AT)

    cold = numbers.after_start(ask)
    times = measure.repeat(ask, 20)
    found = times.answer
    note = (
        f"{found.asked} traits; {measure.describe_cpu(times)}; with empty caches"
        f" {cold.each[0]:.0f} ms, {measure.describe_cpu(cold)}"
    )
    session.record(
        measure.row(
            "portrait", "portrait of a group: warm", times, goal=PAGE_GOAL_MS, note=note
        )
    )


def segment_sizes(session: Session) -> None:
    """The size of a segment over half a year, and its size now."""
    segment = pages.find_segment(session)
    today = session.community.day(AT)
    SegmentSize.objects.filter(segment=segment).delete()
    SegmentSize.objects.bulk_create(
        SegmentSize(segment=segment, day=today - ago, size=1_000 + ago)
        for ago in range(1, HISTORY_DAYS)
    )

    def ask() -> Figure | None:
        return presenters.build_chart(segment, by=session.by, at=AT)

    times = measure.repeat(ask, session.workspace.size.repeats, warm=1)
    question = f"size of a segment over {HISTORY_DAYS} days, with that of now"
    session.record(measure.row("segment-sizes", question, times, goal=HISTORY_GOAL_MS))


def sentence(session: Session) -> None:
    """A sentence read as a rule, with the names of the community's own tags."""
    tags = [tag.name for tag in library.list_tags(session.community).order_by("pk")[:2]]
    text = (
        f"has any of the tags {tags[0]}, {tags[1]} and paid an order at least 2 times"
        " in the last 30 days except anyone who got a message in the last 3 days"
    )

    def ask() -> Reading:
        return free_sentences.read(by=session.by, text=text, at=AT)

    times = measure.repeat(ask, session.workspace.size.repeats, warm=2)
    session.record(
        measure.row(
            "sentence",
            "sentence → rule",
            times,
            goal=SENTENCE_GOAL_MS,
            note=measure.describe_cpu(times),
        )
    )


def night(session: Session) -> None:
    """What the start of a day does, in a process of its own."""
    found = sessions.run_child("night")
    parts = ", ".join(f"{name} {spent:.1f} s" for name, spent in found["parts"].items())
    session.record(
        Row(
            "night",
            "start of a day: layerings, 50 tag rules, segments, findings, reports",
            SECONDS,
            sum(found["parts"].values()),
            1,
            goal=300.0,
            note=parts,
        )
    )
    session.record(
        Row(
            "night-memory",
            "… memory of its process",
            measure.BYTES,
            found["memory"],
            1,
            goal=1.5 * 1024**3,
        )
    )
