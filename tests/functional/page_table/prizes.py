"""Pages of prizes and draws."""

from __future__ import annotations

from tests.functional.page_table.page import EDIT, HEADS, STAFF, Page

PAGES = (
    Page("prizes:list", STAFF, ("Prizes", "=紫砂壶"), {"New prize": EDIT}),
    Page("prizes:create", EDIT, ("New prize", "css:#id_kind")),
    Page("prizes:detail", STAFF, ("=紫砂壶", "Member who won it"), {"Add stock": EDIT}),
    Page("prizes:update", EDIT, ("Change the prize", "css:#id_name")),
    Page(
        "prizes:award-list",
        STAFF,
        ("Hand over prizes", "Parcel numbers", "css:#lines"),
        {"Addresses to pack (CSV)": HEADS},
    ),
    Page(
        "prizes:award-detail",
        STAFF,
        ("=紫砂壶", "What happened", "Mark as sent"),
        {"Read the address": HEADS},
    ),
    Page("draws:detail", STAFF, ("=茶壶抽奖", "Winners", "Legal notices")),
)
