"""Pages of points."""

from __future__ import annotations

from tests.functional.page_table.page import ALL, MANAGE, STAFF, Page

PAGES = (
    Page("points:list", MANAGE, ("=晒单积分", "Most per person"), {"New rule": MANAGE}),
    Page("points:create", MANAGE, ("New rule of points", "css:#id_day_cap_mode")),
    Page(
        "points:detail",
        MANAGE,
        ("=晒单积分", "Earned until now"),
        {"Switch off": MANAGE},
    ),
    Page("points:update", MANAGE, ("Change the rule", "css:#id_points")),
    Page("points:past-run", MANAGE, ("Run it over the past", "css:#id_since")),
    Page("points:leaderboard", STAFF, ("Leaderboard", "Rank")),
    Page("points:liability", MANAGE, ("Liability", "Expires in")),
    Page("points:settings", MANAGE, ("Settings of points", "css:#id_cost")),
    Page("points:approvals", STAFF, ("Points that wait for approval",)),
    Page(
        "points:member",
        ALL,
        ("Usable points", "History of points"),
        {"Give or take points": STAFF},
    ),
)
