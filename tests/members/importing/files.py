"""Files made and taken in by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qunce.core import operators
from qunce.core.communities import Community
from qunce.members.importing import jobs, runs
from qunce.sets.files import sources
from tests.members.made import AT


def plan(community: Community, path: Path, target: str, **options: Any) -> runs.Plan:
    options.setdefault("mode", jobs.GOOD)
    return runs.plan(
        community=community,
        source=sources.examine(path),
        target=target,
        by=operators.system(community),
        at=AT,
        options=runs.Options(**options),
    )


def take(community: Community, path: Path, target: str, **options: Any) -> runs.Outcome:
    return runs.run(plan(community, path, target, **options))


def write(
    folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8"
) -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path
