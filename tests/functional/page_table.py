"""What each page of the console shows to whom.

Roles are letters: `v`iewer, `o`perator, `m`anager, `s`coped manager, o`w`ner. `opens` are
the roles that may open the page; for the others and for nobody it is not there. `shows`
must be visible to all of them: it is what the page is for. `only` maps what some of them
see to their roles; for the others it must not be visible.

Texts are English sentences of the console, and are looked up in the language of the user.
Those with `=` are data, `css:` is a selector.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ALL, STAFF, EDIT, MANAGE, HEADS = "vomsw", "omsw", "omw", "mw", "msw"
"""Everybody; who works with members; without those in a scope; who manages; also in a scope."""
SETTINGS_TABS = dict.fromkeys(
    "Staff|Entry links|Units|Identity|Exchange rates|API keys|Webhooks|Background jobs|Audit log".split(
        "|"
    ),
    MANAGE,
)


@dataclass(frozen=True)
class Page:
    view: str
    opens: str
    shows: tuple[str, ...]
    only: dict[str, str] = field(default_factory=dict)


PAGES = (
    Page(
        "today:queue",
        ALL,
        ("Today", "Yesterday compared with the same weekday last week"),
        {"All clear for today": "vs", "To decide": MANAGE},
    ),
    Page(
        "tags:list",
        ALL,
        ("Tags", "=等级", "=岩茶"),
        {"New tag": MANAGE},
    ),
    Page("tags:create", MANAGE, ("New tag", "Name", "Meaning", "css:#id_name")),
    Page("tags:people", STAFF, ("Tag members",)),
    Page("tags:template-list", MANAGE, ("Tag templates", "Education", "E-commerce")),
    Page("tags:report", MANAGE, ("Tags to clean up", "Merge", "Keep both", "=岩 茶")),
    Page("tags:batch-list", ALL, ("Tagging batches",), {"=岩茶": "vomw"}),
    Page("tags:group-list", ALL, ("Tag groups", "=口味"), {"New tag group": MANAGE}),
    Page("tags:group-create", MANAGE, ("New tag group", "css:#id_name")),
    Page("tags:group-update", MANAGE, ("Save", "css:#id_name")),
    Page(
        "tags:detail",
        ALL,
        ("=VIP", "Members with this tag", "Synonyms"),
        {"Edit": MANAGE, "More": MANAGE, "Add": MANAGE},
    ),
    Page("tags:update", MANAGE, ("Levels", "Deepened by", "Save", "css:#id_name")),
    Page("tags:merge", MANAGE, ("Merge into",)),
    Page(
        "tag_rules:list",
        EDIT,
        ("Tag rules", "=沉默三十天", "Last run"),
        {"New tag rule": MANAGE},
    ),
    Page("tag_rules:kinds", MANAGE, ("New tag rule", "A keyword in the chat")),
    Page("tag_rules:create", MANAGE, ("What happens with tags", "css:#id_words")),
    Page(
        "tag_rules:detail",
        EDIT,
        ("=VIP 不算沉默", "History", "Rules that contradict it"),
        {"Activate": MANAGE, "Change": MANAGE},
    ),
    Page("tag_rules:update", MANAGE, ("What happens with tags", "css:#id_name")),
    Page("tag_rules:dry-run", EDIT, ("Back to the rule", "Stay as they are")),
    Page("tag_rules:member-list", EDIT, ("Members with a tag by this rule",)),
    Page("tag_rules:run-detail", EDIT, ("Get the tag",), {"Undo": MANAGE}),
    Page(
        "segments:list",
        ALL,
        ("Segments", "Frozen segments", "=爱岩茶的VIP"),
        {"New segment": STAFF},
    ),
    Page("segments:overlap", ALL, ("Overlap of two segments", "css:select")),
    Page("segments:frozen-detail", ALL, ("=十一月名单", "Members on the list")),
    Page(
        "segments:new",
        ALL,
        (
            "New segment",
            "Add a condition",
            "Sample members",
            "Why is a member included or not?",
        ),
        {"Save segment": STAFF},
    ),
    Page(
        "segments:detail",
        ALL,
        ("=爱岩茶的VIP", "About this segment", "css:#total .value"),
        {"Save": STAFF, "Send a campaign": STAFF, "Tag members": STAFF},
    ),
    Page("segments:detail-options", ALL, ("=常客", "css:#total .value")),
    Page(
        "care:list",
        "vomw",
        ("Care", "Budget of this month"),
        {"New care rule": "omw", "Save the budget": MANAGE},
    ),
    Page(
        "welcomes:list",
        "vomw",
        ("Welcomes", "=欢迎新朋友", "The first that fits is sent"),
        {"New welcome": MANAGE, "Switch on": MANAGE},
    ),
    Page("welcomes:create", MANAGE, ("What newcomers read", "Recipients")),
    Page(
        "welcomes:detail",
        "vomw",
        ("=欢迎新朋友", "How it is sent"),
        {"Archive": MANAGE},
    ),
    Page("welcomes:update", MANAGE, ("What newcomers read", "css:textarea")),
    Page("welcomes:preview", "vomw", ("Preview of a join", "Nothing is sent.")),
    Page(
        "service_styles:list",
        MANAGE,
        ("Styles of service", "=精心照顾", "Members and their styles"),
    ),
    Page("service_styles:create", MANAGE, ("New style", "When and how")),
    Page("service_styles:update", MANAGE, ("When and how", "css:#id_name")),
    Page("care:kinds", "omw", ("New care rule", "Birthday", "Surprise")),
    Page("layers:list", ALL, ("Layers", "=价值", "Share"), {"New layering": MANAGE}),
    Page(
        "layers:create",
        MANAGE,
        ("Intent: high, medium, low", "RFM", "Lifecycle", "Preview and adjust"),
    ),
    Page(
        "layers:detail",
        ALL,
        ("=价值", "Layer changes"),
        {
            "Recompute now": MANAGE,
            "Add a layer": MANAGE,
            "Save and recompute": MANAGE,
            "Layer sizes over time": "vomw",
        },
    ),
    Page("layers:changes", ALL, ("=价值", "From layer to layer", "css:svg.layer-flow")),
    Page(
        "importing:list",
        MANAGE,
        ("Import", "Files waiting to be imported", "=十月新客.csv", "Import a file"),
    ),
    Page(
        "importing:create",
        MANAGE,
        ("Upload and preview", "What a file can contain", "css:input[type=file]"),
    ),
    Page("importing:file-detail", MANAGE, ("What each column means", "css:select")),
    Page(
        "importing:file-detail-questions",
        MANAGE,
        ("Questions about this file", "css:input[type=radio]"),
    ),
    Page("importing:job-detail", MANAGE, ("=十月新客.csv", "Import result")),
    Page("importing:job-detail-joins", MANAGE, ("=小程序会员.csv", "Import result")),
    Page("importing:job-detail-refunds", MANAGE, ("=海外订单.csv", "Import result")),
    Page("importing:job-detail-undone", MANAGE, ("=重复名单.csv", "Undo")),
    Page(
        "members:list",
        ALL,
        ("Members", "Columns", "css:#q", "css:[data-row] .person"),
        {"Add a member": EDIT, "Export": HEADS, "=茶友9号": "vomw"},
    ),
    Page("members:create", STAFF, ("Add a member", "Phone", "css:input[name$=name]")),
    Page(
        "members:attribute-list",
        ALL,
        ("Attributes", "=城市"),
        {"New attribute": MANAGE},
    ),
    Page("members:attribute-create", MANAGE, ("New attribute", "Value type")),
    Page("members:attribute-detail", MANAGE, ("=城市", "Display name", "Save")),
    Page("members:attribute-type", MANAGE, ("New value type", "Check")),
    Page("members:remark-names", MANAGE, ("Remark names", "Preview", "Pattern")),
    Page("members:identifier-correct", STAFF, ("Correct an identifier", "Save")),
    Page(
        "members:detail",
        ALL,
        (
            "=李梓萱",
            "Notes and follow-ups",
            "Tags",
            "Profile",
            "Timeline",
            "Staff in charge",
        ),
        {"Edit profile": STAFF, "Write a note": STAFF, "Record opt-out": STAFF},
    ),
    # Without htmx it leads to the page.
    Page("members:peek", ALL, ("=李梓萱", "Profile")),
    Page("members:timeline", ALL, ("=李梓萱",)),
    Page("members:segments", ALL, ("=李梓萱",)),
    Page("members:update", STAFF, ("Save", "css:form input")),
    Page("members:field", STAFF, ("Save", "Cancel", "css:form select")),
    Page("members:merge", STAFF, ("Search", "Compare")),
    Page("members:erase", HEADS, ("css:button.bad",)),
    Page(
        "outreach:campaign-list",
        ALL,
        ("Campaigns",),
        {"New campaign": STAFF, "=肉桂到店": "vomw", "No campaigns yet": "s"},
    ),
    Page(
        "outreach:campaign-create",
        STAFF,
        ("Send to", "Preview", "Continue to review", "css:textarea"),
    ),
    Page(
        "outreach:campaign-detail",
        "vomw",
        ("=肉桂到店", "Result", "Target audience"),
        {"Pause": EDIT},
    ),
    Page("outreach:campaign-update", EDIT, ("Text", "css:textarea")),
    Page("outreach:campaign-review", EDIT, ("Senders", "css:button.primary")),
    Page("outreach:recipient-list", "vomw", ("=肉桂到店",), {"Export CSV": MANAGE}),
    Page(
        "contact_budget:settings",
        MANAGE,
        ("Contact limits", "Hold-out", "css:#id_gap_hours"),
    ),
    Page(
        "content_calendar:week",
        ALL,
        ("Content calendar", "=晨间专栏"),
        {"Limits": MANAGE},
    ),
    Page("content_calendar:month", ALL, ("Content calendar", "css:.calendar-month")),
    Page(
        "content_calendar:limits",
        MANAGE,
        ("Target mix of content, in percent", "css:#id_max_per_day"),
    ),
    Page("care:create", "omw", ("css:#id_name", "css:textarea")),
    Page("ideas:list", ALL, ("Idea box",), {"New idea": STAFF}),
    Page("ideas:create", STAFF, ("New idea", "css:#id_title")),
    Page("ideas:paste", STAFF, ("Paste links", "Add ideas", "css:textarea")),
    Page("ideas:festival-list", ALL, ("Coming days",)),
    Page("ideas:feed-list", ALL, ("Feeds",), {"Add a feed": STAFF}),
    Page("ideas:feed-create", STAFF, ("Add a feed", "css:#id_url")),
    Page("series:list", ALL, ("=晨间专栏", "Episodes waiting"), {"New series": STAFF}),
    Page("series:create", STAFF, ("New series", "Posted by", "css:#id_name")),
    Page(
        "series:detail",
        ALL,
        ("=晨间专栏", "Planned against sent", "To come in 14 days"),
        {"Add an episode": EDIT},
    ),
    Page("series:update", EDIT, ("Posted by", "css:#id_name")),
    Page("series:episode-add", EDIT, ("css:#id_text", "Save and add another")),
    Page("series:episode", EDIT, ("css:#id_text", "Save")),
    Page("tasks:task-list", ALL, ("Staff tasks", "css:select")),
    Page("outreach:task-detail", MANAGE, ("=肉桂到店", "Hand over")),
    Page("tasks:request-list", STAFF, ("Requests", "New request")),
    Page("tasks:request-create", STAFF, ("New request", "Red packet")),
    Page(
        "tasks:request-detail",
        MANAGE,
        ("=桂花季", "What to do", "Results"),
        {"Cancel request": MANAGE},
    ),
    Page("tasks:task-detail", MANAGE, ("=桂花季", "What to do")),
    Page("sidebar:home", ALL, ("What is due",)),
    Page("sidebar:account", ALL, ("What is due",)),
    Page(
        "sidebar:member",
        ALL,
        ("=李梓萱", "What to offer now", "Tags"),
        {"Save note": STAFF},
    ),
    Page("outreach:opt-out-list", ALL, ("Opt-outs",), {"Record opt-out": STAFF}),
    Page("sales:order-list", ALL, ("Orders", "=CNY"), {"Export": HEADS}),
    Page("sales:order-totals", ALL, ("Total of all orders",)),
    Page("sales:order-detail", "vomw", ("Order items", "Payment", "=CNY")),
    Page("sales:order-detail-abroad", ALL, ("Order items", "=USD")),
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
        "insight:retention",
        ALL,
        ("Retention", "Came back when they", "By cohort", "Definition"),
    ),
    Page("insight:retained", ALL, ("Retained members", "At the end", "By source")),
    Page("insight:retained-people", ALL, ("Joined", "Retained members")),
    Page("insight:retention-people", ALL, ("Retention", "css:.fold tbody a")),
    Page(
        "insight:findings",
        ALL,
        ("Findings", "What became of them"),
        {"Count again": STAFF},
    ),
    Page(
        "insight:reports",
        ALL,
        ("Reports", "Net growth"),
        {"Create report": STAFF, "Subscribers of reports": MANAGE},
    ),
    Page("insight:report", "vomw", ("Copy for the boss", "Text to paste", "Numbers")),
    Page(
        "insight:funnels",
        ALL,
        ("Funnels", "=从加入到复购"),
        {"New funnel": STAFF, "Ready-made": STAFF},
    ),
    Page(
        "insight:funnel",
        ALL,
        ("=从加入到复购", "Of the first step", "Stopped here"),
        {"Edit": STAFF, "Archive": STAFF},
    ),
    Page("insight:funnel-people", ALL, ("=从加入到复购", "css:.fold tbody a")),
    Page("insight:funnel-new", STAFF, ("Order of the steps", "css:#id_name")),
    Page("insight:funnel-edit", STAFF, ("Order of the steps", "css:#id_name")),
    Page("insight:words", ALL, ("Words", "First day")),
    Page("insight:word-settings", MANAGE, ("Words and brands", "Brands")),
    Page("insight:touches", ALL, ("Touches before the first order",)),
    Page("insight:portrait", ALL, ("Portrait", "Choose a segment", "Show")),
    Page("insight:completeness", ALL, ("Completeness", "Members without")),
    Page("insight:lifetime-value", ALL, ("Lifetime value", "Orders of the next")),
    Page("insight:touches-people", ALL, ("Touches before the first order",)),
    Page("insight:metrics", ALL, ("Insight", "New members", "Definition", "css:svg")),
    Page("insight:groups", ALL, ("Groups compared", "Different people", "Net growth")),
    Page("insight:hours", ALL, ("Peak hours", "Weekday", "Show")),
    Page(
        "typed_numbers:grid",
        ALL,
        ("Typed numbers", "The day before"),
        {"Today asks for missing numbers from": MANAGE},
    ),
    Page("typed_numbers:history", ALL, ("To the grid", "Nothing was typed.")),
    Page(
        "notebook:list",
        ALL,
        ("Notebook", "=对面茶馆"),
        {"Industry benchmark": STAFF},
    ),
    Page("notebook:create", STAFF, ("What a competitor did", "css:#id_who")),
    Page(
        "notebook:update",
        ALL,
        ("Notebook",),
        {"Web link": STAFF, "=https://tea.invalid/a": "v"},
    ),
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
    Page("search:results", ALL, (), {"=林佳怡": "vomw"}),
)
