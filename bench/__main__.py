"""Benchmarks of all claims about speed.

    make bench SIZE=small DATABASE=sqlite
    make bench SIZE=full ONLY=state,why PROFILE=1

SIZE is tiny, small, wide (few facts) or full; DATABASE is sqlite or postgresql. ONLY
names questions to ask again. A data set stays under var/bench and is used again while it
fits the generator; FRESH=1 generates a new one. PROFILE=1 writes profiles there and
saves no results. The size tiny does not write to docs/benchmarks.md.
"""

from __future__ import annotations

import compileall
import os
import sys
import time
from typing import Any

import django

from bench import generate, log_files, sizes, workspaces

MAX_QUIET_LOAD = 0.7
"""Load average above which other programs disturb the measurements."""


def main() -> int:
    options = {
        **os.environ,
        **dict(argument.split("=", 1) for argument in sys.argv[1:]),
    }
    size, database = options.get("SIZE", "small"), options.get("DATABASE", "sqlite")
    if size not in sizes.SIZES or database not in workspaces.DATABASES:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    if size != "tiny":
        compile_modules()
    workspace = workspaces.get_workspace(size, database)
    if options.get("FRESH"):
        workspaces.clear(workspace.home)
    with workspaces.use(workspace):
        django.setup()
        ask(workspace, options)
    return 0


def compile_modules() -> None:
    """Let child processes load compiled modules, as those of an installation do."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir("qunce", quiet=1)


def ask(workspace: workspaces.Workspace, options: dict[str, str]) -> None:
    from bench import community_data, questions, report, sessions

    world = generate.get_world(workspace.size.name)
    busy = os.getloadavg()[0]
    if busy > MAX_QUIET_LOAD:
        print(
            f"    Other programs use this machine (load {busy:.1f}); times will be unreliable."
        )
    about: dict[str, Any] = {"loaded": prepare(workspace, world), "busy": busy}
    here, by = community_data.get_community()
    profiles = workspace.own_folder / "profiles" if options.get("PROFILE") else None
    session = sessions.Session(workspace, world, here, by, profiles)
    only = [name for name in options.get("ONLY", "").split(",") if name]
    questions.ask(session, only)
    about |= {
        "machine": report.describe_machine(workspace),
        "commit": report.get_commit(),
    }
    if workspace.size.name != "tiny" and not profiles:
        report.write(workspace, about, keeps_rows=bool(only))


def prepare(workspace: workspaces.Workspace, world: generate.World) -> float:
    """Generate and load the data set if needed; returns the seconds that this took."""
    from bench import loading
    from qunce.core import data_dir

    stamp = workspaces.make_stamp(workspace.size, workspace.database)
    duration = workspace.own_folder / "loaded"
    if not workspaces.is_current(workspace.own_folder, stamp):
        start = time.perf_counter()
        log_files.ensure_files(workspace, world)
        loading.load(workspace, world)
        duration.write_text(str(time.perf_counter() - start))
        workspaces.save_stamp(workspace.own_folder, stamp)
    data_dir.ready()
    return float(duration.read_text())


if __name__ == "__main__":
    sys.exit(main())
