"""Writes files, and imports them in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.plan.options import VALID_ROWS, ImportOptions
from qunce.importing.plan.plan import ImportPlan
from tests.factories import AT


def plan(community: Community, path: Path, target: str, **options: Any) -> ImportPlan:
    options.setdefault("mode", VALID_ROWS)
    return pipeline.plan(
        community=community,
        source=sources.inspect(path),
        options=ImportOptions(target=target, **options),
        by=staff_models.system(community),
        at=AT,
    )


def run(
    community: Community, path: Path, target: str, **options: Any
) -> pipeline.ImportResult:
    return pipeline.run(plan(community, path, target, **options))


def write(
    folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8"
) -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path
