"""Pages of Today and of the search."""

from __future__ import annotations

from tests.functional.page_table.page import ALL, MANAGE, Page

PAGES = (
    Page(
        "today:queue",
        ALL,
        ("Today", "Yesterday compared with the same weekday last week"),
        {"All clear for today": "vs", "To decide": MANAGE},
    ),
    Page("search:results", ALL, (), {"=林佳怡": "vomw"}),
)
