from __future__ import annotations

from pathlib import Path

from bench import homes, measure, report, sizes
from bench.measure import BYTES, MILLISECONDS, PER_SECOND, Row

ABOUT = {"machine": "2 cores", "commit": "abc1234", "loaded": 12.0, "busy": 0.1}


def a_place(root: Path, size: str = "small", database: str = "sqlite") -> homes.Place:
    where = homes.Place(sizes.SIZES[size], database, root)
    where.own.mkdir(parents=True)
    return where


def keep(where: homes.Place, *rows: Row) -> None:
    import json

    kept = {row.key: measure.as_dict(row) for row in rows}
    (where.own / "results.json").write_text(json.dumps(kept))


def test_a_time_is_judged_by_its_p95_and_a_rate_by_being_enough() -> None:
    slow = measure.row("a", "a", measure.Times([1.0] * 10 + [50.0] * 10), goal=20.0)
    assert slow.p50 is not None
    assert slow.met is False
    assert Row("b", "b", PER_SECOND, 99.0, 1, goal=100.0).met is False
    assert Row("b", "b", PER_SECOND, 100.0, 1, goal=100.0).met is True
    assert Row("c", "c", BYTES, 5.0, 1).met is None


def test_the_ratio_is_to_the_better_rival_and_is_a_goal_too() -> None:
    row = Row("a", "a", MILLISECONDS, 3.0, 9, goal=5.0, p50=2.0, ratio_goal=500.0)
    row.rivals = {"slow": 4000.0, "better": 1200.0}
    assert row.ratio == 600.0
    assert row.met is True
    row.rivals["best"] = 900.0
    assert row.ratio == 450.0
    assert row.met is False


def test_a_row_survives_being_kept() -> None:
    row = Row("a", "a", MILLISECONDS, 3.0, 9, goal=5.0, rivals={"x": 1.0})
    assert measure.from_dict(measure.as_dict(row) | {"at": "today"}) == row


def test_a_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    small = a_place(tmp_path)
    full = a_place(tmp_path, "full")
    keep(small, Row("why", "why small", MILLISECONDS, 3.0, 9, goal=5.0))
    report.write(small, ABOUT, page)
    keep(full, Row("why", "why full", MILLISECONDS, 30.0, 9, goal=5.0))
    report.write(full, ABOUT, page)
    before = page.read_text()
    assert before.index("why full") < before.index("why small")
    assert "Missed: why full." in before
    assert "Every goal was met." in before
    keep(small, Row("why", "why again", MILLISECONDS, 4.0, 9, goal=5.0))
    report.write(small, ABOUT, page)
    after = page.read_text()
    assert "why small" not in after
    assert after.count("why full") == before.count("why full")
    assert after.count("# Benchmarks") == 1


def test_rows_stand_in_the_order_of_the_page(tmp_path: Path) -> None:
    where = a_place(tmp_path)
    rows = [Row(key, key, MILLISECONDS, 1.0, 1) for key in ("other", "why", "state")]
    keep(where, *rows)
    assert [row.key for row in report.kept_rows(where)] == ["state", "why", "other"]


def test_figures_are_written_for_reading() -> None:
    assert report.amount(1234.0, MILLISECONDS) == "1.23 s"
    assert report.amount(45.4, MILLISECONDS) == "45 ms"
    assert report.amount(1.234, MILLISECONDS) == "1.2 ms"
    assert report.amount(123456.7, PER_SECOND) == "123,457/s"
    assert report.amount(1.5 * 1024**3, BYTES) == "1.50 GB"
