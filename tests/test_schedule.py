from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce import job_texts, schedule
from qunce.cli import worker_loop
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layers
from qunce.members.layers.layers import LayerRun
from qunce.members.people import people
from qunce.members.segments.segments import Segment, SegmentSize
from qunce.members.tags import person_tags
from qunce.outreach.playbooks import lifecycle, playbooks
from qunce.outreach.playbooks.models import Run
from qunce.outreach.series import series
from qunce.outreach.series.models import Occurrence, Series
from qunce.sets.mirror import mirror
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
SLOT = {"time": "10:00"}
SOUND = [{"key": "a", "rule": {"all": []}}, {"key": "b"}]


def run_round(at: datetime) -> None:
    worker_loop.run_once(clock=lambda: at, is_stopping=lambda: False)


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="Asia/Shanghai", day_start=240)


def test_new_member_gets_automatic_tags_once(shop: Community) -> None:
    ann = factories.member(shop, "ann")
    run_round(AT)
    first = person_tags.depths_of_person([ann.pk])
    assert "joined:2026-03" in first
    run_round(AT + HOUR)
    assert person_tags.depths_of_person([ann.pk]) == first


@pytest.mark.both_databases
def test_layers_and_segment_sizes_are_recorded_once_per_community_day(
    shop: Community,
) -> None:
    by = staff_models.system(shop)
    rule: dict[str, Any] = {"all": []}
    spec = {"by": "rules", "layers": [{"key": "all", "rule": rule}, {"key": "none"}]}
    layers.create(community=shop, key="one", spec=spec, by=by, at=AT)
    factories.segment(shop, "everyone", rule)
    # 12:00 UTC is 20:00 in Shanghai; the next day there begins at 20:00 UTC.
    for hours in (0, 1, 7):
        run_round(AT + hours * HOUR)
    assert LayerRun.objects.count() == 1
    for hours in (8, 9):
        run_round(AT + hours * HOUR)
    days = LayerRun.objects.order_by("pk").values_list("day", flat=True)
    assert list(days) == [shop.day(AT), shop.day(AT) + 1]
    assert SegmentSize.objects.count() == 2


@pytest.mark.both_databases
def test_community_without_layerings_has_no_layer_run(shop: Community) -> None:
    factories.segment(shop, "everyone", {"all": []})
    schedule.start_days(at=AT)
    assert SegmentSize.objects.exists()
    assert not LayerRun.objects.exists()


def test_expired_tag_is_removed(shop: Community) -> None:
    ann = factories.member(shop, "ann")
    factories.apply_tag(shop, "guest", ann.pk, expires_at=AT + HOUR)
    run_round(AT)
    assert "guest" in person_tags.depths_of_person([ann.pk])
    run_round(AT + HOUR)
    assert "guest" not in person_tags.depths_of_person([ann.pk])


@pytest.mark.both_databases
def test_every_recurring_job_is_queued_once(shop: Community) -> None:
    run_round(AT)
    run_round(AT + HOUR)
    rows = QueuedJob.objects.order_by("job").values_list("job", "key", "error")
    recurring = sorted(name for name, job in schedule.SCHEDULE.items() if job.every)
    assert list(rows) == [(name, "", "") for name in recurring]


@pytest.mark.both_databases
def test_invalid_rule_does_not_keep_others_waiting(shop: Community) -> None:
    by = staff_models.system(shop)
    factories.member(shop, "gone")
    named: dict[str, Any] = {"members": {"keys": ["gone"]}}
    spec = {"by": "rules", "layers": [{"key": "a", "rule": named}, {"key": "b"}]}
    sound = {**spec, "layers": SOUND}
    later = factories.community("later")
    layers.create(community=shop, key="x", name="VIP", spec=spec, by=by, at=AT)
    layers.create(community=shop, key="y", spec=sound, by=by, at=AT)
    layers.create(
        community=later, key="x", spec=sound, by=staff_models.system(later), at=AT
    )
    factories.segment(shop, "broken", named)
    factories.segment(shop, "sound", {"all": []})
    account = account_queries.get(shop, "gone")
    people.erase(account=account, by=by, at=AT)
    for _time in range(2):
        schedule.start_days(at=AT)
    runs = LayerRun.objects.values_list("layering__community__key", "layering__key")
    assert sorted(runs) == [("later", "x"), ("shop", "y")]
    sizes = SegmentSize.objects.values_list("segment__key", flat=True)
    assert list(sizes) == ["sound"]
    failed = [job_texts.describe(row, at=AT) for row in job_queue.list_failing(shop)]
    assert [(text.title, text.state) for text in failed] == [
        ("Recompute a layering: VIP", "failing"),
        ("Count a segment: broken", "failing"),
    ]
    assert "gone" in failed[0].reason
    assert not job_queue.list_failing(later).exists()
    # Each is tried again on its own, and forgotten when it succeeds.
    layers.update(layering=layers.get(shop, "x"), spec=sound, name="VIP", by=by, at=AT)
    run_round(AT + HOUR)
    assert not job_queue.list_failing(shop).exists()
    assert LayerRun.objects.filter(layering__name="VIP").exists()


@pytest.mark.both_databases
def test_broken_playbook_and_series_keep_no_others_waiting(shop: Community) -> None:
    by = factories.staff(shop, "owner", "ann")
    factories.group(shop, "tea", name="Tea")
    factories.segment(shop, "broken", {"all": []})
    end = {"id": "e", "kind": "end"}
    for name, segment in (("Broken", "broken"), ("Sound", "sound")):
        if segment == "sound":
            factories.segment(shop, "sound", {"all": []})
        playbook = playbooks.create(
            community=shop,
            name=name,
            definition={"entry": {"on": "segment", "segment": segment}, "steps": [end]},
            by=by,
            at=AT,
        )
        lifecycle.switch_on(playbook=playbook, choice=lifecycle.Choice(), by=by, at=AT)
        column = series.create(
            community=shop,
            name=name,
            rhythm={"days": {"weekdays": [0, 1, 2, 3, 4, 5, 6]}, "slots": [SLOT]},
            group_filter={},
            staff=by,
            by=by,
            at=AT,
        )
        series.start(series=column, by=by, at=AT)
    Segment.objects.filter(key="broken").delete()
    Series.objects.filter(name="Broken").update(rhythm={"slots": "x"})
    factories.member(shop, "new")
    for hours in (24, 25):
        run_round(AT + hours * HOUR)
    failed = [job_texts.describe(row, at=AT) for row in job_queue.list_failing(shop)]
    assert sorted(text.title for text in failed) == [
        "Post a series: Broken",
        "Start runs of a playbook: Broken",
    ]
    assert (
        Run.objects.values_list("playbook__name", flat=True).distinct().get() == "Sound"
    )
    assert Occurrence.objects.values_list("series__name", flat=True).get() == "Sound"


@pytest.mark.both_databases
def test_failing_step_keeps_no_other_waiting(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that keeps failing is left to the queue, and goes on when it succeeded."""
    monkeypatch.setattr(mirror, "merge", lambda: 1 / 0)
    for _time in range(job_queue.MIN_ATTEMPTS_TO_REPORT):
        run_round(AT)
    ann = factories.member(shop, "ann")
    run_round(AT)
    assert "joined:2026-03" in person_tags.depths_of_person([ann.pk])
    (failed,) = job_queue.list_failing(shop)
    assert (failed.job, failed.cause) == (schedule.MERGE, "internal")
    monkeypatch.undo()
    run_round(AT + HOUR)
    assert not job_queue.list_failing(shop).exists()
