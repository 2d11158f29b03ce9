"""A complete run at the size tiny, which fails if any answer is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as main
from bench import questions

LEFT_OUT = {
    "answers",
    "api-batches",
    "api-singles",
    "behaviour-first",
    "builder",
    "fact-counted",
    "import-members",
    "night",
    "pages",
    "portal",
    "runs",
    "state-first",
}
"""Questions that start a process each and differ little from one that is asked.

The answers are a scene of `make matrix`, played in full, and the member pages are walked by
Chromium in the functional tests.
"""


def bench(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BENCH_HOME": str(home), "SIZE": "tiny"}
    env.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def results(home: Path) -> dict[str, dict[str, object]]:
    text = (home / "tiny-sqlite" / "bench" / "results.json").read_text()
    return dict(json.loads(text))


def test_rivals_give_the_same_answers(home: Path) -> None:
    asked = [name for name in questions.QUESTIONS if name not in LEFT_OUT]
    result = bench(home, "ONLY=" + ",".join(asked))
    assert result.returncode == 0, result.stdout + result.stderr
    saved = results(home)
    assert set(saved["state"]["rivals"]) == {"comma list", "joins"}  # type: ignore[call-overload]
    assert set(saved["behaviour"]["rivals"]) == {"DuckDB", "pandas"}  # type: ignore[call-overload]
    assert len(asked) == len(questions.QUESTIONS) - len(LEFT_OUT)
    assert {"why", "memory", "import-facts", "import-orders", "layers"} <= set(saved)


def ensure_results(home: Path) -> None:
    """Run the benchmarks once per process, whichever test comes first."""
    if not (home / "tiny-sqlite" / "bench" / "results.json").exists():
        result = bench(home, "ONLY=state,why")
        assert result.returncode == 0, result.stdout + result.stderr


def test_saved_data_set_is_used_again(home: Path) -> None:
    ensure_results(home)
    before = results(home)
    result = bench(home, "ONLY=why")
    assert result.returncode == 0, result.stdout + result.stderr
    after = results(home)
    assert "members, tags" not in result.stdout
    assert after["why"]["at"] != before["why"]["at"]
    assert after["state"] == before["state"]


def test_profile_does_not_save_results(home: Path) -> None:
    ensure_results(home)
    before = results(home)
    result = bench(home, "ONLY=behaviour", "PROFILE=1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert results(home) == before
    profile = home / "tiny-sqlite" / "bench" / "profiles" / "behaviour.txt"
    assert "cumulative" in profile.read_text()


def test_unknown_size_prints_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "SIZE=huge"])
    assert main.main() == 2
    assert "SIZE is tiny, small, wide" in capsys.readouterr().err
