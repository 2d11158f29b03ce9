"""The pages of reports, the API and the command show the printed figures (I10)."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qunce.core import permissions
from qunce.insight.reports import files, reports, sections, texts
from qunce.insight.reports.models import Report
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.insight.findings import planted

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/insight/reports/"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> planted.Shop:
    """A community whose group fruit has been quiet for three days, until yesterday."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(planted, "NOW", midnight)
    return planted.build(quiet="fruit")


def text_of(response: Any) -> str:
    body = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(body).split())


def test_report_is_created_copied_downloaded_and_compared_with_now(
    shop: planted.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = factories.staff(shop.community)
    browser = clients.browser(by)
    assert "No report yet" in text_of(browser.get(PAGE))
    made = browser.post(f"{PAGE}create/", {"kind": "daily", "day": ""})
    assert made.status_code == 303
    (report,) = reports.list_visible(by)
    address = made["Location"]
    page = text_of(browser.get(address))
    for table in sections.tables(report, is_short=True):
        for row in table.rows:
            assert all(cell in page for cell in row)
    (finding,) = sections.finding_texts(report)
    assert finding.headline in page
    assert "Write to" in page
    raw = html.unescape(browser.get(address).content.decode())
    assert f'data-copy="{texts.write(report, tone="boss")}"' in raw
    assert "Tea · Daily report" in text_of(browser.get(f"{address}?group=tea"))
    assert browser.get(f"{address}?group=milk").status_code == 404
    assert sections.days_text(report) in text_of(browser.get(PAGE))
    assert "No report yet" in text_of(browser.get(f"{PAGE}?kind=weekly"))
    for file_format, content_type in files.FORMATS.items():
        file = browser.get(f"{address}files/{file_format}/")
        if file_format == "png" and not files.has_chinese_font():
            assert file.status_code == 409
            continue
        assert (file.status_code, file["Content-Type"]) == (200, content_type)
        assert file.content
    assert browser.get(f"{address}files/exe/").status_code == 404
    monkeypatch.setattr(files, "has_chinese_font", lambda: False)
    assert "fonts-noto-cjk" in text_of(browser.get(f"{address}files/png/"))
    assert "Late facts" not in page
    factories.leave(shop.community, "bread-39", at=planted.day_at(1))
    planted.report(shop, [])
    assert "Net growth: \N{MINUS SIGN}1, now \N{MINUS SIGN}1" in text_of(
        browser.get(address)
    )
    future = {"kind": "daily", "day": f"{datetime.now(UTC) + timedelta(days=2):%F}"}
    assert browser.post(f"{PAGE}create/", future).status_code == 422
    viewer = factories.staff(shop.community, permissions.Role.VIEWER, "ben")
    refused = clients.browser(viewer).post(f"{PAGE}create/", {"kind": "weekly"})
    assert refused.status_code in (403, 404)
    assert Report.objects.count() == 1


def test_api_and_command_show_the_same_figures(
    shop: planted.Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    api = clients.create_client(shop.community)
    body = api.post("/reports", {"kind": "weekly"}).body
    (report,) = Report.objects.all()
    printed = {
        table.name: [list(row) for row in table.rows]
        for table in sections.tables(report)
    }
    assert {table["name"]: table["rows"] for table in body["tables"]} == printed
    assert body["changes"] == []
    assert api.get(f"/reports/{report.pk}").body == body
    (row,) = api.get("/reports?kind=weekly").body["items"]
    assert row["lines"] == body["lines"]
    assert api.get("/reports?kind=yearly").kind == "invalid-period"
    owner = f"/reports/{report.pk}/text?tone=group_owner&group=tea"
    assert "Tea · Weekly report" in api.get(owner).body["text"]
    assert api.get(f"/reports/{report.pk}/text?tone=poem").status == 404
    assert api.get(f"/reports/{report.pk}/files/exe").status == 404
    run = in_this_process(capsys, "--community", shop.community.key)
    shown = run("reports", "show", str(report.pk), "--tone", "boss", "--json").json
    assert shown["text"] == api.get(f"/reports/{report.pk}/text").body["text"]
    assert {table["name"]: table["rows"] for table in shown["tables"]} == printed
    path = tmp_path / "report.html"
    run("reports", "show", str(report.pk), "--output", str(path))
    assert path.read_bytes() == files.write(report, "html")
    assert run("reports", "show", str(report.pk), "--output", "report.doc").code == 2
    made = run("reports", "create", "daily", "--json").json
    assert made["kind"] == "daily"
    assert str(made["id"]) in run("reports", "list", "--kind", "daily").output
