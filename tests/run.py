"""Runs the suite on SQLite, then what both databases must answer on PostgreSQL.

    python -m tests.run [arguments for pytest]

Everything the tests write lies in one temporary folder, which goes at the end.
"""

from __future__ import annotations

import collections
import json
import os
import sys
import tempfile
from pathlib import Path

from tests import browser, postgres


def main() -> int:
    postgres.end_on_sigterm()
    postgres.install()
    browser.install()
    with tempfile.TemporaryDirectory(prefix="qunce-tests-") as folder:
        # PostgreSQL's own user has to pass through on the way to its cluster.
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        tally = Path(folder) / "tally"
        codes = [_on_sqlite(tally), _on_postgres(tally)]
        return _report(tally, codes)


def _on_sqlite(tally: Path) -> int:
    print("── the whole suite on SQLite", flush=True)
    env = dict(os.environ)
    env.pop("DATABASE_URL", None)
    return _pytest(env, tally)


def _on_postgres(tally: Path) -> int:
    print("── what both databases must answer, on PostgreSQL", flush=True)
    with postgres.cluster() as server:
        return _pytest(os.environ | {"DATABASE_URL": server.url}, tally)


def _pytest(env: dict[str, str], tally: Path) -> int:
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    return postgres.run(command, env | {"QUNCE_TEST_TALLY": str(tally)})


def _report(tally: Path, codes: list[int]) -> int:
    total: collections.Counter[str] = collections.Counter()
    for line in tally.read_text().splitlines() if tally.exists() else []:
        total.update(json.loads(line))
    failed = total["failed"] + total["error"]
    # A run can fail without a failed test: a crash, or nothing collected.
    failed = failed or sum(code != 0 for code in codes)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"total: {total['passed']} passed, {failed} failed{skipped}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
