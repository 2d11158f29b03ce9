from __future__ import annotations

from pathlib import Path

from bench import measure, report, sizes, workspaces
from bench.measure import BYTES, MILLISECONDS, PER_SECOND, Row

ABOUT = {"machine": "2 cores", "commit": "abc1234", "loaded": 12.0, "busy": 0.1}


def create_workspace(
    root: Path, size: str = "small", database: str = "sqlite"
) -> workspaces.Workspace:
    workspace = workspaces.Workspace(sizes.SIZES[size], database, root)
    workspace.own_folder.mkdir(parents=True)
    return workspace


def save(workspace: workspaces.Workspace, *rows: Row) -> None:
    import json

    results = {row.key: measure.to_dict(row) for row in rows}
    (workspace.own_folder / "results.json").write_text(json.dumps(results))


def test_goal_is_compared_with_the_p95_of_a_time_or_with_a_rate() -> None:
    slow = measure.row("a", "a", measure.Times([1.0] * 10 + [50.0] * 10), goal=20.0)
    assert slow.p50 is not None
    assert slow.is_met is False
    assert Row("b", "b", PER_SECOND, 99.0, 1, goal=100.0).is_met is False
    assert Row("b", "b", PER_SECOND, 100.0, 1, goal=100.0).is_met is True
    assert Row("c", "c", BYTES, 5.0, 1).is_met is None


def test_ratio_is_to_the_best_rival_and_can_be_a_goal() -> None:
    row = Row("a", "a", MILLISECONDS, 3.0, 9, goal=5.0, p50=2.0, ratio_goal=500.0)
    row.rivals = {"slow": 4000.0, "better": 1200.0}
    assert row.ratio == 600.0
    assert row.is_met is True
    row.rivals["best"] = 900.0
    assert row.ratio == 450.0
    assert row.is_met is False


def test_ratio_of_rates_is_to_the_highest() -> None:
    row = Row("a", "a", PER_SECOND, 300.0, 9, rivals={"slow": 50.0, "best": 100.0})
    assert row.ratio == 3.0


def test_row_can_be_saved_and_loaded() -> None:
    row = Row("a", "a", MILLISECONDS, 3.0, 9, goal=5.0, rivals={"x": 1.0})
    assert measure.from_dict(measure.to_dict(row) | {"at": "today"}) == row


def test_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    small = create_workspace(tmp_path)
    full = create_workspace(tmp_path, "full")
    save(small, Row("why", "why small", MILLISECONDS, 3.0, 9, goal=5.0))
    report.write(small, ABOUT, page)
    save(full, Row("why", "why full", MILLISECONDS, 30.0, 9, goal=5.0))
    report.write(full, ABOUT, page)
    before = page.read_text()
    assert before.index("why full") < before.index("why small")
    assert "Missed: why full." in before
    assert "Every goal was met." in before
    save(small, Row("why", "why again", MILLISECONDS, 4.0, 9, goal=5.0))
    report.write(small, ABOUT, page)
    after = page.read_text()
    assert "why small" not in after
    assert after.count("why full") == before.count("why full")
    assert after.count("# Benchmarks") == 1


def test_rows_have_the_order_of_the_page(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    rows = [Row(key, key, MILLISECONDS, 1.0, 1) for key in ("other", "why", "state")]
    save(workspace, *rows)
    assert [row.key for row in report.load_rows(workspace)] == ["state", "why", "other"]


def test_amounts_are_rounded_for_display() -> None:
    assert report.format_amount(1234.0, MILLISECONDS) == "1.23 s"
    assert report.format_amount(45.4, MILLISECONDS) == "45 ms"
    assert report.format_amount(1.234, MILLISECONDS) == "1.2 ms"
    assert report.format_amount(123456.7, PER_SECOND) == "123,457/s"
    assert report.format_amount(1.5 * 1024**3, BYTES) == "1.50 GB"


def test_single_question_keeps_the_rows_of_earlier_runs(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    first = create_workspace(tmp_path / "first")
    why = Row("why", "why (both rules)", MILLISECONDS, 9.0, 9, goal=5.0)
    facts = Row("import-facts", "facts", PER_SECOND, 5.0, 1, goal=9.0, note="2 facts")
    lock = Row("import-lock", "facts: lock", MILLISECONDS, 5.0, 1, goal=9.0)
    save(first, why, facts, lock)
    report.write(first, ABOUT, page)
    # Another run in a clone, whose data set and results are new.
    second = create_workspace(tmp_path / "second")
    faster = Row("import-facts", "facts", PER_SECOND, 10.0, 1, goal=9.0, note="3 facts")
    orders = Row("import-orders", "orders", PER_SECOND, 7.0, 1, goal=9.0)
    save(second, faster, orders)
    report.write(second, ABOUT, page, keeps_rows=True)
    rows = report.list_lines(page.read_text())
    assert [row.split(" | ")[0] for row in rows] == [
        "| why (both rules)",
        "| facts (3 facts)",
        "| orders",
        "| facts: lock",
    ]
    assert "Missed: why (both rules); orders." in page.read_text()
    # A complete run has every row itself.
    report.write(second, ABOUT, page)
    assert len(report.list_lines(page.read_text())) == 2


def test_text_below_the_sections_stays(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    workspace = create_workspace(tmp_path)
    save(workspace, Row("why", "why", MILLISECONDS, 3.0, 9, goal=5.0))
    report.write(workspace, ABOUT, page)
    own = "## By hand\n\nWhat somebody wrote.\n"
    page.write_text(f"{page.read_text()}\n{own}")
    report.write(workspace, ABOUT, page)
    assert page.read_text().endswith(f"<!-- end of small sqlite -->\n\n{own}")
