"""`qunce draws verify` needs no data of Qunce, and names what is wrong."""

from __future__ import annotations

from pathlib import Path

from qunce.activities.draws import draws
from tests.activities.draws import random_draws
from tests.cli.runner import Run


def test_right_certificate_is_verified(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "draw.json"
    text = draws.to_json(random_draws.certificate(5))
    file.write_text(text, encoding="utf-8", newline="")
    result = run("draws", "verify", str(file))
    assert (result.code, result.output) == (
        0,
        "Right: the winners follow from the certificate.\n",
    )


def test_wrong_part_is_named(run: Run, tmp_path: Path) -> None:
    content = random_draws.certificate(5)
    content["drawing"]["seed"] = "00" * 32
    file = tmp_path / "draw.json"
    file.write_text(draws.to_json(content), encoding="utf-8")
    result = run("draws", "verify", str(file))
    assert result.code == 1
    assert "seed" in result.output
    file.write_bytes(b"\xff\xfe")
    assert "Wrong: file" in run("draws", "verify", str(file)).output
