"""A whole run at the tiniest size: a wrong answer of anybody's ends it with an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as main


def bench(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BENCH_HOME": str(home), "SIZE": "tiny"}
    env.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def results(home: Path) -> dict[str, dict[str, object]]:
    kept = (home / "tiny-sqlite" / "bench" / "results.json").read_text()
    return dict(json.loads(kept))


def test_rivals_and_qunce_answer_the_same(home: Path) -> None:
    done = bench(home)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = results(home)
    assert set(kept["state"]["rivals"]) == {"comma list", "joins"}  # type: ignore[call-overload]
    assert set(kept["behaviour"]["rivals"]) == {"DuckDB", "pandas"}  # type: ignore[call-overload]
    assert {"why", "memory", "import-facts", "import-orders", "layers"} <= set(kept)


def asked_once(home: Path) -> None:
    """Whichever test of this page comes first in its process."""
    if not (home / "tiny-sqlite" / "bench" / "results.json").exists():
        done = bench(home, "ONLY=state,why")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_kept_data_set_is_asked_again(home: Path) -> None:
    asked_once(home)
    before = results(home)
    done = bench(home, "ONLY=why")
    assert done.returncode == 0, done.stdout + done.stderr
    after = results(home)
    assert "members, tags" not in done.stdout
    assert after["why"]["at"] != before["why"]["at"]
    assert after["state"] == before["state"]


def test_a_profile_keeps_no_figure(home: Path) -> None:
    asked_once(home)
    before = results(home)
    done = bench(home, "ONLY=behaviour", "PROFILE=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(home) == before
    profile = home / "tiny-sqlite" / "bench" / "profiles" / "behaviour.txt"
    assert "cumulative" in profile.read_text()


def test_it_says_what_it_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "SIZE=huge"])
    assert main.main() == 2
    assert "SIZE is tiny, small, wide" in capsys.readouterr().err
