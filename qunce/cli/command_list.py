"""The commands in the order in which `qunce --help` lists them."""

from __future__ import annotations

from dataclasses import dataclass

from qunce.cli.help_language import N_


@dataclass(frozen=True)
class Command:
    """`path` is its module in `qunce.cli.commands` and the name there."""

    name: str
    path: str
    summary: str
    needs_django: bool = True


COMMANDS = (
    Command(
        "demo",
        "demo.demo",
        N_(
            "Create and serve two demo communities: a simulated one, and a retailer's year"
        ),
    ),
    Command(
        "serve",
        "serve.serve",
        N_("Serve Qunce on a port and do the background work"),
    ),
    Command(
        "web",
        "serve.web",
        N_("Serve Qunce on a port and leave the background work to `qunce worker`"),
    ),
    Command(
        "worker",
        "serve.worker",
        N_("Do the background work: counting, imports, sending and scheduled jobs"),
    ),
    Command(
        "status",
        "status.status",
        N_("Show how many members, orders and facts there are, and what is pending"),
    ),
    Command(
        "import",
        "importing.import_file",
        N_("Import members, memberships, tags, orders or facts from a file"),
    ),
    Command(
        "audience",
        "audience.audience",
        N_("Count, list or explain the members of an audience, or compare two"),
    ),
    Command(
        "members",
        "members.members",
        N_("List and show members, merge and unmerge accounts, erase a member"),
    ),
    Command(
        "tags",
        "tags.tags",
        N_("Manage the tag library, apply and remove tags, undo batches"),
    ),
    Command(
        "tag-rules",
        "tag_rules.tag_rules",
        N_("Write, try and run tag rules, and undo their runs"),
    ),
    Command(
        "notes",
        "notes.notes",
        N_("List and write notes about members, complete follow-ups"),
    ),
    Command(
        "consents",
        "consents.consents",
        N_("List and record what members agreed to, and what they withdrew"),
    ),
    Command(
        "remark-names",
        "remark_names.remark_names",
        N_("Show remark names of members, set their pattern"),
    ),
    Command(
        "saved-views",
        "saved_views.saved_views",
        N_("List, save and delete views of the member list"),
    ),
    Command(
        "attributes",
        "attributes.attributes",
        N_("List and define attributes of members, change the type of one"),
    ),
    Command(
        "tasks",
        "tasks.tasks",
        N_("List staff tasks, and who has not finished theirs"),
    ),
    Command(
        "opt-outs",
        "opt_outs.opt_outs",
        N_("Opt members out of messages, or in again"),
    ),
    Command(
        "campaigns",
        "campaigns.campaigns",
        N_("Review, approve, start and stop campaigns, and show their results"),
    ),
    Command(
        "calendar",
        "calendar.calendar",
        N_("Show what groups get by day, and move an entry"),
    ),
    Command(
        "series",
        "series.series",
        N_("Create, fill, start and pause series, and show planned against sent"),
    ),
    Command(
        "playbooks",
        "playbooks.playbooks",
        N_("Create, rehearse, switch on, pause and stop playbooks"),
    ),
    Command(
        "care",
        "care.care",
        N_("Show and switch care rules, what comes, and the budget of care"),
    ),
    Command(
        "contact-budget",
        "contact_budget.contact_budget",
        N_("Show and set how often and when members get messages"),
    ),
    Command(
        "hold-out",
        "contact_budget.hold_out",
        N_("Show and set how many members get no marketing, for comparison"),
    ),
    Command(
        "materials",
        "materials.materials",
        N_("List, add, archive and restore materials, set the stock of products"),
    ),
    Command(
        "channels",
        "channels.channels",
        N_("List, connect, check and disconnect channels such as Matrix"),
    ),
    Command(
        "ideas",
        "ideas.ideas",
        N_("List, add, paste and move ideas, ask for pictures, make materials"),
    ),
    Command(
        "idea-feeds",
        "idea_feeds.idea_feeds",
        N_("List, add, pause and remove feeds that bring ideas"),
    ),
    Command(
        "message-templates",
        "message_templates.group",
        N_("List, write and archive message templates"),
    ),
    Command(
        "welcomes",
        "welcomes.group",
        N_("List, add and switch welcomes, and see who would get what and why"),
    ),
    Command(
        "service-styles",
        "service_styles.group",
        N_("List styles of service and set who has which"),
    ),
    Command("tag-groups", "tag_groups.tag_groups", N_("List and add tag groups")),
    Command(
        "placeholders",
        "identity.placeholders",
        N_("List and add placeholders in keys and identifiers"),
    ),
    Command(
        "shared-identifiers",
        "identity.shared",
        N_("List identifiers that merge nobody, and let them merge again"),
    ),
    Command(
        "exchange-rates",
        "exchange_rates.rates",
        N_("List and set exchange rates"),
    ),
    Command(
        "segments",
        "segments.segments",
        N_("List, save, freeze, archive and restore segments"),
    ),
    Command(
        "layerings",
        "layerings.layerings",
        N_("List, create, run, archive and restore layerings"),
    ),
    Command("groups", "groups.groups", N_("List, show, create and edit groups")),
    Command(
        "moderation",
        "moderation.moderation",
        N_("Judge pasted messages, decide cases, try rules and set what they may do"),
    ),
    Command(
        "lists",
        "lists.lists",
        N_("List, add and remove people on the whitelist and the blacklist"),
    ),
    Command(
        "gates",
        "gates.gates",
        N_("Show and set what groups ask of newcomers, let them in"),
    ),
    Command(
        "overlaps",
        "overlaps.overlaps",
        N_("Show who is in several groups of a set, and clean up"),
    ),
    Command(
        "complaints",
        "complaints.complaints",
        N_("List, answer and close complaints and after-sales cases"),
    ),
    Command(
        "inbox",
        "inbox.inbox",
        N_("List, assign and answer conversations that wait"),
    ),
    Command(
        "wishes",
        "wishes.wishes",
        N_("List wishes, and draft the answer to those who asked"),
    ),
    Command(
        "group-templates",
        "group_templates.group_templates",
        N_("Copy the setup of a group to others, and show which differ"),
    ),
    Command(
        "staff-accounts",
        "staff_accounts.staff_accounts",
        N_("List and mark the accounts of people who work here, whom no number counts"),
    ),
    Command(
        "activities",
        "activities.activities",
        N_("List activities, move them on, and enter what members say or write"),
    ),
    Command(
        "points",
        "points.points",
        N_("Show points of members, earn, spend and take them back, and recount"),
    ),
    Command("levels", "levels.levels", N_("Show, define and recount levels")),
    Command("badges", "badges.badges", N_("List badges, award and revoke them")),
    Command("metrics", "metrics.metrics", N_("List metrics and show their numbers")),
    Command(
        "retention",
        "retention.retention",
        N_("Show who comes back: cohorts by day, week or month"),
    ),
    Command(
        "retained-members",
        "retention.account",
        N_("Account for members: at the start, joined, left, at the end"),
    ),
    Command(
        "touches",
        "retention.touches",
        N_("Show how many messages came before first orders"),
    ),
    Command(
        "funnels",
        "funnels.funnels",
        N_("List, show, create, change and archive funnels"),
    ),
    Command(
        "findings",
        "findings.findings",
        N_("Show what left its weekly rhythm, and decide about it"),
    ),
    Command(
        "reports",
        "reports.reports_group",
        N_("Print, list and show reports of days, weeks and months"),
    ),
    Command(
        "lifetime-value",
        "lifetime_value.lifetime_value",
        N_("Estimate what buyers will still buy"),
    ),
    Command(
        "staff-performance",
        "staff_performance.staff_performance",
        N_("Show tasks, first answers and members in charge by staff member"),
    ),
    Command(
        "scores",
        "scores.scores",
        N_("List, show, create, change and preview scores of members"),
    ),
    Command(
        "portrait",
        "portraits.portrait",
        N_("Show what sets a segment, layer or group apart from all others"),
    ),
    Command(
        "persona-card",
        "portraits.persona_card",
        N_("Show, write and remove the persona card of a segment"),
    ),
    Command(
        "completeness",
        "portraits.completeness_",
        N_("Show what is not known of how many members"),
    ),
    Command(
        "words",
        "words.words",
        N_("Show what groups talk about, and change stop words and brands"),
    ),
    Command(
        "typed-numbers",
        "typed_numbers.typed_numbers",
        N_("List and save numbers of groups that staff count by hand"),
    ),
    Command(
        "notebook",
        "notebook.notebook",
        N_("List and write notes on competitors, the industry and platforms"),
    ),
    Command(
        "goals",
        "goals.goals",
        N_("List goals with how they stand, set and change them"),
    ),
    Command(
        "positioning",
        "positioning.positioning",
        N_("Show and save the positioning sheet, count its hooks"),
    ),
    Command("orders", "orders.orders", N_("List and show orders")),
    Command("imports", "imports.imports", N_("List and show imports, undo one")),
    Command(
        "communities",
        "communities.communities",
        N_("List and add communities, change their time zone and start of day"),
    ),
    Command(
        "staff",
        "staff.staff",
        N_("List, add and change staff accounts, set a new password"),
    ),
    Command("surveys", "surveys.surveys", N_("List surveys, show and export results")),
    Command(
        "draws",
        "draws.draws",
        N_("Prepare draws, enter their public value, verify their certificates"),
    ),
    Command(
        "prizes",
        "prizes.prizes",
        N_("Add prizes and codes, and hand prizes over to winners"),
    ),
    Command(
        "games",
        "games.games",
        N_("List the standings of quizzes, riddles and idiom chains"),
    ),
    Command(
        "meet-ups",
        "meetups.meetups",
        N_("List sign-ups of meet-ups, and check in those who came"),
    ),
    Command(
        "malls",
        "malls.malls",
        N_("List what members redeemed for points, and undo it"),
    ),
    Command(
        "jobs",
        "jobs.jobs",
        N_("List background jobs that failed, and run one again"),
    ),
    Command(
        "backup",
        "backup.backup",
        N_("Back up the primary database to one file while Qunce keeps running"),
    ),
    Command(
        "restore",
        "restore.restore",
        N_(
            "Replace the current data with a backup, and verify that the result matches it"
        ),
        needs_django=False,
    ),
    Command(
        "rebuild",
        "rebuild.rebuild",
        N_("Rebuild all derived data from the primary database"),
    ),
    Command(
        "doctor",
        "doctor.doctor",
        N_(
            "Compare all derived data with the primary database, and repair differences"
        ),
    ),
    Command(
        "completion",
        "completion.completion",
        N_("Print the script with which a shell completes commands and options"),
        needs_django=False,
    ),
)
