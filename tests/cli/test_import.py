from __future__ import annotations

import re
from pathlib import Path

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "members.csv"
    path.write_text("key,joined_at,town\neve,2026-03-01,Kyoto\nfay,2026-03-02,Nara\n")
    return str(path)


def test_file_is_imported(run: Run, shop: Community, file: str) -> None:
    answer = run("import", file, "--as", "members", "--json").json
    assert (answer["rows"], answer["broken"], answer["members"]) == (2, 0, 2)
    assert answer["report"] is None
    text = run("import", file, "--as", "members").output
    assert text == "rows read      2\nalready known  2\n"


def test_report_has_a_line_for_each_number(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    rows = ["订单号,会员号,付款时间,实付金额,退款金额"]
    rows += ["1,a,2026-03-01,1200.5,0", "2,b,2026-03-02,US$ 30,US$ 30", "3,c,x,5,0"]
    path.write_text("\n".join(rows))
    words = ("import", str(path), "--as", "orders", "--good-rows-only", "--yes")
    lines = run(*words).output.splitlines()
    # Labels are as wide as the widest, and numbers end in one column.
    assert len({len(line) for line in lines}) == 1
    assert dict(re.split(r"\s{2,}", line) for line in lines) == {
        "rows read": "3",
        "rows of new orders": "2",
        "broken": "1",
        "paid, in CNY": "1,200.50",
        "refunded, in CNY": "0.00",
        "net, in CNY": "1,200.50",
        "paid, in USD": "30.00",
        "refunded, in USD": "30.00",
        "net, in USD": "0.00",
        "new orders": "2",
        "refunds": "1",
        "order lines": "2",
        "new members": "2",
    }


@pytest.mark.both_databases
def test_preview_writes_nothing(run: Run, shop: Community, file: str) -> None:
    words = ("import", file, "--as", "members", "--dry-run")
    preview = run(*words, "--map", "town=", "--json").json
    assert preview["mapping"] == {"key": "key", "joined_at": "joined_at", "town": ""}
    assert [row["key"] for row in preview["rows"]] == ["eve", "fay"]
    assert "town → not imported" in run(*words, "--map", "town=").output
    assert run("members", "show", "eve").code == 3


def test_columns_are_mapped_by_hand(run: Run, shop: Community, file: str) -> None:
    run("import", file, "--as", "members", "--map", "town=attr:home")
    shown = run("members", "show", "eve", "--json").json
    assert shown["attributes"]["home"]["value"] == "Kyoto"
    wrong = run("import", file, "--as", "members", "--map", "town")
    assert wrong.code == 2
    assert "--map HEADING=FIELD" in wrong.errors


def test_one_broken_row_rejects_the_file_unless_skipped(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    path = tmp_path / "broken.csv"
    path.write_text("key,joined_at\neve,2026-03-01\nfay,2026-13-01\n")
    words = ("import", str(path), "--as", "members")
    rejected = run(*words)
    assert rejected.code == 2
    assert "row 3, joined_at “2026-13-01”" in rejected.errors
    assert run("members", "show", "eve").code == 3
    skipped = run(*words, "--good-rows-only", "--json").json
    assert (skipped["broken"], skipped["members"]) == (1, 1)
    assert Path(skipped["report"]).exists()


def test_as_names_the_import_target_and_login_the_actor(
    run: Run, shop: Community, file: str
) -> None:
    factories.staff(shop, login="vic", role="viewer")
    words = ("import", file, "--as", "members")
    assert run(*words, "--login", "vic").code == 4
    assert run("--as", "vic", *words).code == 4
    assert run("import", file).code == 2
    assert run("import", file, "--as", "vic").code == 2
    assert run(*words, "--login", "system@shop").code == 0


def test_meaning_of_words_is_said_as_it_is_answered(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "订单号,会员手机,付款时间,实付金额,订单状态\n"
        "A1,13800138001,2026-03-01,12.50,交易完成\n"
        "A2,13800138002,2026-03-02,8.00,交易关闭\n"
    )
    words = ("import", str(path), "--as", "orders")
    preview = run(*words, "--dry-run").output
    assert "会员手机 → phone" in preview
    assert "status:交易完成 → a sale" in preview
    assert "status:交易关闭 → cancelled, no sale" in preview
    said = run(*words, "--map", "会员手机=").errors
    assert "status:交易关闭 → cancelled, no sale" in said
    assert "No column says who bought" in said
