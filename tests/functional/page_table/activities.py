"""Pages of activities and check-ins."""

from __future__ import annotations

from tests.functional.page_table.page import EDIT, STAFF, Page

PAGES = (
    Page(
        "activities:list", STAFF, ("Activities", "=茶壶抽奖"), {"New activity": STAFF}
    ),
    Page("activities:choose-kind", STAFF, ("New activity", "Draft it")),
    Page(
        "activities:create",
        STAFF,
        ("People who may join", "Continue to review", "css:#id_setting_proof"),
    ),
    Page(
        "activities:detail",
        STAFF,
        (
            "=茶壶抽奖",
            "People who may join",
            "Highest possible cost",
            "css:.activity-figures",
        ),
    ),
    Page(
        "activities:detail-live",
        STAFF,
        (
            "=今晚抽茶券",
            "Orders per minute",
            "Left in the stock",
            "Groups not yet posted",
        ),
    ),
    Page(
        "activities:detail-waiting",
        STAFF,
        ("=早茶打卡", "People who may join", "Legal notices", "Why it is not approved"),
    ),
    Page(
        "activities:results-lesson",
        STAFF,
        ("=读茶书打卡", "Goal", "Cost", "One line for the next time"),
    ),
    Page("activities:update", STAFF, ("Goal and budget", "Save", "css:#id_text")),
    Page("activities:results", STAFF, ("How it went", "What did you learn?")),
    Page("activities:entries", STAFF, ("Somebody said it to you", "css:#member")),
    Page(
        "activities:check-ins",
        STAFF,
        ("The activity", "css:#day"),
        {"Give a make-up card": EDIT},
    ),
    Page("activities:paste", STAFF, ("Lines of the chat", "css:#id_text")),
)
