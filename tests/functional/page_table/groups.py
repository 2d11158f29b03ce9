"""Pages of groups: gates, lists, feedback, moderation."""

from __future__ import annotations

from tests.functional.page_table.page import ALL, HEADS, MANAGE, STAFF, Page

PAGES = (
    Page(
        "moderation:queue",
        STAFF,
        ("Moderation", "=广告", "Messages around it", "css:.evidence mark"),
    ),
    Page("moderation:case-list", STAFF, ("Cases of moderation", "=广告")),
    Page("moderation:case", STAFF, ("What was done", "=广告", "css:.evidence mark")),
    Page("moderation:paste", STAFF, ("Paste messages", "Judge", "css:textarea")),
    Page("moderation:appeal-list", STAFF, ("Appeals",)),
    Page("moderation:mass-list", STAFF, ("Mass actions", "Act on many members")),
    Page(
        "moderation:rule-list",
        STAFF,
        ("Rules of moderation", "=广告"),
        {"New rule": MANAGE},
    ),
    Page(
        "moderation:rule",
        STAFF,
        ("=广告", "Checks", "What it may do"),
        {"Try on past messages": MANAGE, "Archive": MANAGE},
    ),
    Page("moderation:rule-create", MANAGE, ("New rule", "Try it", "css:#id_name")),
    Page("moderation:rule-update", MANAGE, ("=广告", "Try it", "css:#id_name")),
    Page("moderation:settings", MANAGE, ("Limits of moderation", "Ladders", "=严格")),
    Page("moderation:ladder-create", MANAGE, ("New ladder", "css:#id_name")),
    Page("moderation:ladder", MANAGE, ("=严格", "Remove", "css:#id_name")),
    Page(
        "groups:list",
        ALL,
        ("=茶友一群", "Active, 7 days"),
        {"New group": MANAGE, "=茶友二群": "vomw", "Staff accounts": HEADS},
    ),
    Page("groups:create", MANAGE, ("New group", "Positioning card", "css:#id_name")),
    Page(
        "groups:staff-list",
        HEADS,
        ("Mark members as working here", "css:textarea"),
    ),
    Page(
        "groups:detail",
        ALL,
        ("=茶友一群", "People in this group", "Positioning card"),
        {
            "css:.page-head a[href$='/edit/']": HEADS,
            "Tag members": STAFF,
            "Mark as stable": HEADS,
            "=罗雨桐": "vomw",
        },
    ),
    Page("groups:update", HEADS, ("Positioning card", "Save", "css:#id_name")),
    Page("lists:list", STAFF, ("Lists", "Import candidates")),
    Page("lists:create", STAFF, ("Add somebody to a list", "css:#id_reason")),
    Page("lists:candidates", STAFF, ("Import candidates", "css:#id_text")),
    Page("lists:detail", "omw", ("Change the entry", "=进群即发广告")),
    Page("entry:list", STAFF, ("Waiting at the gate", "=茶友一群")),
    Page(
        "entry:gate",
        STAFF,
        ("Group rules", "=茶友一群"),
        {"What newcomers are asked": HEADS},
    ),
    Page("entry:detail", "omw", ("Check the answer", "=茶友一群")),
    Page("overlaps:list", STAFF, ("Several groups",), {"New set of groups": HEADS}),
    Page("overlaps:create", HEADS, ("New set of groups", "css:#id_groups")),
    Page("overlaps:exposed", STAFF, ("None in the last four weeks.",)),
    Page("overlaps:board", "omw", ("Shared by two groups", "=同城茶友群")),
    Page("overlaps:update", "mw", ("css:#id_may_overlap", "css:#id_name")),
    Page("overlaps:likely", "omw", ("Likely the same person",)),
    Page("overlaps:preview", "omw", ("People with a role stay where they have it.",)),
    Page("overlaps:run", "omw", ("=同城茶友群",)),
    Page("patrol:list", STAFF, ("Patrol", "css:table.list")),
    Page("patrol:group", STAFF, ("Messages", "=茶友一群", "css:.patrol-bar")),
    Page(
        "group_templates:list",
        ALL,
        ("=茶友群标准配置", "Basic information"),
        {"New group template": MANAGE},
    ),
    Page(
        "group_templates:create", MANAGE, ("Copy the setup of a group", "css:#id_name")
    ),
    Page(
        "group_templates:detail",
        ALL,
        ("Groups that follow it", "It was changed in the group.", "=茶友一群"),
        {"Apply to groups": HEADS, "New groups": MANAGE, "Archive": MANAGE},
    ),
    Page(
        "group_templates:update", MANAGE, ("Positioning card", "Save", "css:#id_name")
    ),
    Page(
        "group_templates:choose-groups",
        HEADS,
        ("Show what would change", "=茶友一群"),
        {"=茶友二群": MANAGE},
    ),
    Page("group_templates:new-groups", MANAGE, ("Each group gets", "css:#id_pattern")),
    Page(
        "group_templates:application", ALL, ("=茶友一群",), {"Undo in 1 group": HEADS}
    ),
    Page(
        "group_templates:group",
        ALL,
        ("Template", "It was changed in the group."),
        {"Keep own values of": HEADS, "Copy this setup into a template": MANAGE},
    ),
    Page(
        "complaints:list",
        STAFF,
        ("Complaints", "=茶杯碎了"),
        {"Words and times": MANAGE},
    ),
    Page("complaints:create", STAFF, ("New case", "css:#id_title")),
    Page("complaints:settings", MANAGE, ("Words by topic", "css:#id_topics")),
    Page("complaints:detail", STAFF, ("=茶杯碎了", "Next step", "Note the answer")),
    Page("complaints:update", STAFF, ("Save", "css:#id_title")),
    Page("wishes:list", ALL, ("Wishes", "=想要小包装"), {"New wish": STAFF}),
    Page("wishes:create", STAFF, ("New wish", "css:#id_title")),
    Page("wishes:detail", ALL, ("=想要小包装", "Members who asked")),
    Page("wishes:update", STAFF, ("Change the wish", "css:#id_title")),
    Page("digests:list", STAFF, ("Digests", "Day", "css:#day")),
    Page("digests:detail", STAFF, ("To the group", "The day before", "css:#day")),
    Page("digests:message", STAFF, ("To the digest", "=茶杯碎了")),
)
