"""What the start of a day does, one part after the other, as `schedule.start_days` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bench import community_data, measure, sizes
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.findings import daily
from qunce.insight.reports import reports
from qunce.insight.reports.models import Report
from qunce.members.layers import layering_specs, layers
from qunce.members.layers.models import LayerRun
from qunce.members.segments import segments
from qunce.members.tag_rules import runs

LAYERINGS = 10
DAY = timedelta(days=1)


def start_day() -> dict[str, Any]:
    """The seconds of each part, and the memory that this process needed at most."""
    here, by = community_data.get_community()
    create_layerings(here, by)
    at = find_next_day(here)
    params: dict[str, Any] = {"community": here, "at": at}
    parts: dict[str, Callable[[], object]] = {
        "layerings": lambda: layers.start_day(**params),
        "tag rules": lambda: runs.start_day(**params),
        "segments": lambda: segments.start_day(**params),
        "findings": lambda: daily.compute(by=by, at=at),
        "reports": lambda: print_reports(here, at),
    }
    spent = {}
    for name, part in parts.items():
        start = time.perf_counter()
        part()
        spent[name] = time.perf_counter() - start
    return {"parts": spent, "memory": measure.memory()["VmHWM"]}


def create_layerings(here: Community, by: Staff) -> None:
    existing = len(layers.list_active(here))
    for number in range(existing, LAYERINGS):
        spec = {**layering_specs.VALUE, "within": f"{30 + 10 * number}d"}
        layers.create(
            community=here, key=f"bench-{number}", spec=spec, by=by, at=sizes.AT
        )


def find_next_day(here: Community) -> datetime:
    """The time of the first day of which nothing is computed yet."""
    at = sizes.AT + DAY
    while LayerRun.objects.filter(
        layering__community=here, day__gte=here.day(at)
    ).exists():
        at += DAY
    return at


def print_reports(here: Community, at: datetime) -> None:
    """Print all that are due; the job prints one a minute."""
    printed = -1
    while printed != (printed := Report.objects.filter(community=here).count()):
        reports.start_day(community=here, at=at)
