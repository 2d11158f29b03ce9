"""Runs the suite on SQLite, and what both databases must answer on PostgreSQL.

    python -m tests.run [arguments for pytest]

Both run at once, PostgreSQL in one process, whose output follows when SQLite is done:
the cores stay busy while a test waits for a browser or a server, and in the last minute.

Everything the tests write lies in one temporary folder, which goes at the end.
"""

from __future__ import annotations

import collections
import json
import os
import sys
import tempfile
from pathlib import Path

from tests import browser, postgres, synapse_environment


def main() -> int:
    postgres.end_on_sigterm()
    postgres.install()
    browser.install()
    # Before the workers start: a test that waited for it would seem to hang.
    synapse_environment.python()
    with tempfile.TemporaryDirectory(prefix="qunce-tests-") as folder:
        # PostgreSQL's own user has to pass through on the way to its cluster.
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        tally = Path(folder) / "tally"
        env = os.environ | {"QUNCE_TEST_TALLY": str(tally)}
        return _report(tally, _on_both(env, Path(folder) / "postgres.log"))


def _on_both(env: dict[str, str], log: Path) -> list[int]:
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    without_url = {name: value for name, value in env.items() if name != "DATABASE_URL"}
    with postgres.cluster() as server, log.open("w+") as output:
        with_url = env | {"DATABASE_URL": server.url}
        with postgres.running([*command, "-n", "1"], with_url, output) as second:
            print("── the whole suite on SQLite", flush=True)
            codes = [postgres.run(command, without_url), second.wait()]
        print("── what both databases must answer, on PostgreSQL", flush=True)
        print(log.read_text(), flush=True)
    return codes


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
