from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docs import all_modules, session
from qunce.sets.rules import base

ROOT = Path(__file__).parents[2]
EXPLAINED_CLAUSES = {
    "attr", "did", "group", "held_out", "joined", "layer", "left", "members", "opted_out",
    "random", "rank", "ratio", "returned", "rfm", "segment", "seq", "source", "stopped",
    "tag",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_output_in_the_guide_is_the_real_output(language: str) -> None:
    command = [sys.executable, "-m", "docs.session", language]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_guide_has_an_example_of_every_field_of_its_clauses(language: str) -> None:
    """Clauses that the guide does not explain are in the reference with examples."""
    all_modules.import_all()
    page = (session.GUIDE / language / "4-rules.md").read_text(encoding="utf-8")
    explained = set()
    for name, declaration in base.DECLARATIONS.items():
        examples = [line for line in page.splitlines() if f'"{name}": {{' in line]
        missing = [
            field
            for field in declaration.fields
            if not any(f'"{field}":' in line for line in examples)
        ]
        assert not examples or not missing, f"no example of {name} with {missing}"
        explained |= {name} if examples else set()
    assert explained >= EXPLAINED_CLAUSES


def test_both_languages_run_the_same_commands() -> None:
    def commands(language: str) -> list[str]:
        pages = sorted((session.GUIDE / language).glob("*.md"))
        lines = [line for page in pages for line in page.read_text().splitlines()]
        return [line.split()[2] for line in lines if line.startswith("$ qunce ")]

    assert commands("en") == commands("zh")
