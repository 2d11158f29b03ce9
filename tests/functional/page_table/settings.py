"""Pages of sales and settings."""

from __future__ import annotations

from tests.functional.page_table.page import ALL, HEADS, MANAGE, SETTINGS_TABS, Page

PAGES = (
    Page("sales:order-list", ALL, ("Orders", "=CNY"), {"Export": HEADS}),
    Page("sales:order-totals", ALL, ("Total of all orders",)),
    Page("sales:order-detail", "vomw", ("Order items", "Payment", "=CNY")),
    Page("sales:order-detail-abroad", ALL, ("Order items", "=USD")),
    Page("channels:list", MANAGE, ("Channels", "Matrix", "css:.chip.bad")),
    Page("channels:connect", MANAGE, ("How to get there", "Access token")),
    Page("channels:detail", MANAGE, ("Check now", "mute members", "Speed")),
    Page("webhooks:list", MANAGE, ("Webhooks", "=仓库", "New webhook")),
    Page("webhooks:create", MANAGE, ("Notify when", "Create webhook")),
    Page("webhooks:detail", MANAGE, ("=仓库", "Deliveries", "Edit")),
    Page("webhooks:update", MANAGE, ("Notify when", "Save")),
    Page(
        "settings:account",
        ALL,
        ("My account", "Language", "Appearance", "Where you are signed in"),
        SETTINGS_TABS | {"Community": "w"},
    ),
    Page(
        "member_pages:settings",
        MANAGE,
        ("Member pages", "Contact for questions", "Revoke all links for one purpose"),
    ),
    Page("settings:password", ALL, ("Current password", "css:input[type=password]")),
    Page("settings:account-link", ALL, ("Link an account", "css:input[type=password]")),
    Page("settings:two-factor-enable", ALL, ("css:.qr", "css:input")),
    Page("settings:staff-list", MANAGE, ("Staff", "=Ann Lee", "Add staff", "Role")),
    Page("settings:staff-create", MANAGE, ("Add staff", "Visible members", "Login")),
    Page("settings:staff-detail", MANAGE, ("=陈立", "Signed-in devices", "Save")),
    Page("settings:community", "w", ("Time zone", "Currency", "Save")),
    Page("settings:entry-link-list", MANAGE, ("Entry links", "New entry link")),
    Page("settings:unit-list", MANAGE, ("Units", "=杭州一店", "New unit")),
    Page("settings:unit-create", MANAGE, ("New unit", "Parent unit")),
    Page("settings:unit-update", MANAGE, ("=杭州一店", "Staff in this unit")),
    Page("settings:role-list", ALL, ("Roles", "Permissions"), {"Copy role": MANAGE}),
    Page("settings:role-create", MANAGE, ("New role",)),
    Page("settings:role-update", MANAGE, ("=店长", "Staff with this role")),
    Page(
        "settings:identity", MANAGE, ("Identity", "Placeholders", "Shared identifiers")
    ),
    Page("settings:api-key-list", MANAGE, ("API keys", "Scopes"), {"Revoke": "w"}),
    Page("settings:api-key-create", MANAGE, ("Create key", "Acts as", "Valid for")),
    Page("settings:rate-list", MANAGE, ("Exchange rates", "=USD", "Save the rate")),
    Page("settings:job-list", MANAGE, ("Background jobs",)),
    Page("settings:audit-log", MANAGE, ("Audit log", "What happened", "Export")),
)
