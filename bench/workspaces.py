"""The folders of a run, and whether their data can be used again.

    var/bench/small/             the generated log as Parquet, for all databases
    var/bench/small-sqlite/      a QUNCE_HOME; its folder bench/ has the results

A stamp is written last; data whose stamp differs is generated again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import sizes
from tests import postgres

DATABASES = ("sqlite", "postgresql")
POSTGRESQL_SETTINGS = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=1GB",
    "work_mem=64MB",
    "maintenance_work_mem=512MB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "random_page_cost=1.1",
    "max_parallel_workers_per_gather=2",
)
"""Settings of a production server on such a machine; durable, unlike in the tests."""


@dataclass(frozen=True)
class Workspace:
    size: sizes.Size
    database: str
    root: Path

    @property
    def world_folder(self) -> Path:
        return self.root / self.size.name

    @property
    def home(self) -> Path:
        return self.root / f"{self.size.name}-{self.database}"

    @property
    def own_folder(self) -> Path:
        return self.home / "bench"

    def list_fact_files(self) -> list[str]:
        """Parquet files of all facts: the generated log, then facts added by questions."""
        added = sorted((self.own_folder / "added").glob("*.parquet"))
        return [
            str(p)
            for p in (*sorted((self.world_folder / "facts").glob("*.parquet")), *added)
        ]


def get_workspace(size: str, database: str) -> Workspace:
    root = Path(os.environ.get("BENCH_HOME") or Path.cwd() / "var" / "bench")
    return Workspace(sizes.SIZES[size], database, root.absolute())


def make_stamp(size: sizes.Size, *more: Any) -> dict[str, Any]:
    stamp = {"version": sizes.VERSION, "seed": sizes.SEED, "size": repr(size)}
    return stamp | {"numpy": np.__version__, "more": [str(part) for part in more]}


def is_current(folder: Path, expected: dict[str, Any]) -> bool:
    path = folder / "stamp.json"
    return path.exists() and json.loads(path.read_text()) == expected


def save_stamp(folder: Path, stamp: dict[str, Any]) -> None:
    (folder / "stamp.json").write_text(json.dumps(stamp))


def clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@contextmanager
def use(workspace: Workspace) -> Iterator[None]:
    """Set the environment that Qunce's settings read; enter it before django.setup()."""
    workspace.own_folder.mkdir(parents=True, exist_ok=True)
    os.environ["QUNCE_HOME"] = str(workspace.home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    os.environ.pop("DATABASE_URL", None)
    if workspace.database == "sqlite":
        yield
        return
    postgres.install()
    with postgres.kept(
        workspace.root / "cluster" / workspace.size.name, POSTGRESQL_SETTINGS
    ) as server:
        os.environ["DATABASE_URL"] = server.url
        yield
