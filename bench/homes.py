"""Where a run's data lies, whether it can be used again, and on which database.

    var/bench/small/             the made community as Parquet, for all databases
    var/bench/small-sqlite/      a QUNCE_HOME, and bench/ in it for what is ours

Whatever is made is stamped at the end; a stamp that does not fit means: make it anew.
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
SETTLED = (
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
"""PostgreSQL as one would run it on such a machine; durable, unlike in the tests."""


@dataclass(frozen=True)
class Place:
    size: sizes.Size
    database: str
    root: Path

    @property
    def world(self) -> Path:
        return self.root / self.size.name

    @property
    def home(self) -> Path:
        return self.root / f"{self.size.name}-{self.database}"

    @property
    def own(self) -> Path:
        return self.home / "bench"

    def raw_facts(self) -> list[str]:
        """All raw facts as Parquet: the made log, then what questions have added."""
        added = sorted((self.own / "added").glob("*.parquet"))
        return [
            str(p) for p in (*sorted((self.world / "facts").glob("*.parquet")), *added)
        ]


def place(size: str, database: str) -> Place:
    root = Path(os.environ.get("BENCH_HOME") or Path.cwd() / "var" / "bench")
    return Place(sizes.SIZES[size], database, root.absolute())


def stamp(size: sizes.Size, *more: Any) -> dict[str, Any]:
    made = {"version": sizes.VERSION, "seed": sizes.SEED, "size": repr(size)}
    return made | {"numpy": np.__version__, "more": [str(part) for part in more]}


def is_made(folder: Path, wanted: dict[str, Any]) -> bool:
    path = folder / "stamp.json"
    return path.exists() and json.loads(path.read_text()) == wanted


def mark_made(folder: Path, wanted: dict[str, Any]) -> None:
    (folder / "stamp.json").write_text(json.dumps(wanted))


def empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@contextmanager
def running(where: Place) -> Iterator[None]:
    """The environment that Qunce's settings read; call it before django.setup()."""
    where.own.mkdir(parents=True, exist_ok=True)
    os.environ["QUNCE_HOME"] = str(where.home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    os.environ.pop("DATABASE_URL", None)
    if where.database == "sqlite":
        yield
        return
    postgres.install()
    with postgres.kept(where.root / "cluster" / where.size.name, SETTLED) as server:
        os.environ["DATABASE_URL"] = server.url
        yield
