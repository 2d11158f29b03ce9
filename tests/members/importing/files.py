"""Files made and taken in by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.importing import jobs, pipeline
from qunce.importing.files import sources
from tests.factories import AT


def plan(
    community: Community, path: Path, target: str, **options: Any
) -> pipeline.Plan:
    options.setdefault("mode", jobs.GOOD)
    return pipeline.plan(
        community=community,
        source=sources.inspect(path),
        target=target,
        by=staff_models.system(community),
        at=AT,
        options=pipeline.Options(**options),
    )


def take(
    community: Community, path: Path, target: str, **options: Any
) -> pipeline.ImportResult:
    return pipeline.run(plan(community, path, target, **options))


def write(
    folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8"
) -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path
