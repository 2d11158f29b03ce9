"""The command line: `qunce NOUN VERB …`."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import click
import django
from django.apps import apps

from qunce.cli import base, help_language
from qunce.cli.help_language import N_

PROGRAM = "qunce"
COMPLETION_VARIABLE = "_QUNCE_COMPLETE"
INTERRUPTED = 130


def start_django() -> None:
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
        django.setup()
        help_language.activate_in_django()


def print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"{PROGRAM} {metadata.version(PROGRAM)}")
        ctx.exit()


cli = base.Group(
    PROGRAM,
    help=N_("Know, reach and grow communities."),
    params=[
        base.Option(
            ["-V", "--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=print_version,
            help=N_("show the version and exit"),
        )
    ],
)


def _add(
    name: str, path: str, summary: str, prepare: Callable[[], None] = start_django
) -> None:
    path = f"qunce.cli.{path}"
    cli.add_command(base.LazyCommand(name, path, summary, prepare=prepare))


def _prepare_nothing() -> None:
    """`restore` chooses its home before the settings are read; completion is quick."""


_add(
    "demo",
    "commands.demo.demo",
    N_("Create and serve two demo communities: a simulated one, and a retailer's year"),
)
_add(
    "serve",
    "commands.serve.serve",
    N_("Serve Qunce on a port and do the background work"),
)
_add(
    "web",
    "commands.serve.web",
    N_("Serve Qunce on a port and leave the background work to `qunce worker`"),
)
_add(
    "worker",
    "commands.serve.worker",
    N_("Do the background work: counting, imports, sending and scheduled jobs"),
)
_add(
    "status",
    "commands.status.status",
    N_("Show how many members, orders and facts there are, and what is pending"),
)
_add(
    "import",
    "commands.importing.import_file",
    N_("Import members, memberships, tags, orders or facts from a file"),
)
_add(
    "audience",
    "commands.audience.audience",
    N_("Count, list or explain the members of an audience, or compare two"),
)
_add(
    "members",
    "commands.members.members",
    N_("List and show members, merge and unmerge accounts, erase a member"),
)
_add(
    "tags",
    "commands.tags.tags",
    N_("Manage the tag library, apply and remove tags, undo batches"),
)
_add(
    "tag-rules",
    "commands.tag_rules.tag_rules",
    N_("Write, try and run tag rules, and undo their runs"),
)
_add(
    "notes",
    "commands.notes.notes",
    N_("List and write notes about members, complete follow-ups"),
)
_add(
    "consents",
    "commands.consents.consents",
    N_("List and record what members agreed to, and what they withdrew"),
)
_add(
    "remark-names",
    "commands.remark_names.remark_names",
    N_("Show remark names of members, set their pattern"),
)
_add(
    "saved-views",
    "commands.saved_views.saved_views",
    N_("List, save and delete views of the member list"),
)
_add(
    "attributes",
    "commands.attributes.attributes",
    N_("List and define attributes of members, change the type of one"),
)
_add(
    "tasks",
    "commands.tasks.tasks",
    N_("List staff tasks, and who has not finished theirs"),
)
_add(
    "opt-outs",
    "commands.opt_outs.opt_outs",
    N_("Opt members out of messages, or in again"),
)
_add(
    "campaigns",
    "commands.campaigns.campaigns",
    N_("Review, approve, start and stop campaigns, and show their results"),
)
_add(
    "calendar",
    "commands.calendar.calendar",
    N_("Show what groups get by day, and move an entry"),
)
_add(
    "series",
    "commands.series.series",
    N_("Create, fill, start and pause series, and show planned against sent"),
)
_add(
    "playbooks",
    "commands.playbooks.playbooks",
    N_("Create, rehearse, switch on, pause and stop playbooks"),
)
_add(
    "care",
    "commands.care.care",
    N_("Show and switch care rules, what comes, and the budget of care"),
)
_add(
    "contact-budget",
    "commands.contact_budget.contact_budget",
    N_("Show and set how often and when members get messages"),
)
_add(
    "hold-out",
    "commands.contact_budget.hold_out",
    N_("Show and set how many members get no marketing, for comparison"),
)
_add(
    "materials",
    "commands.materials.materials",
    N_("List, add, archive and restore materials, set the stock of products"),
)
_add(
    "channels",
    "commands.channels.channels",
    N_("List, connect, check and disconnect channels such as Matrix"),
)
_add(
    "ideas",
    "commands.ideas.ideas",
    N_("List, add, paste and move ideas, ask for pictures, make materials"),
)
_add(
    "idea-feeds",
    "commands.idea_feeds.idea_feeds",
    N_("List, add, pause and remove feeds that bring ideas"),
)
_add(
    "message-templates",
    "commands.message_templates.group",
    N_("List, write and archive message templates"),
)
_add(
    "welcomes",
    "commands.welcomes.group",
    N_("List, add and switch welcomes, and see who would get what and why"),
)
_add(
    "service-styles",
    "commands.service_styles.group",
    N_("List styles of service and set who has which"),
)
_add("tag-groups", "commands.tag_groups.tag_groups", N_("List and add tag groups"))
_add(
    "placeholders",
    "commands.identity.placeholders",
    N_("List and add placeholders in keys and identifiers"),
)
_add(
    "shared-identifiers",
    "commands.identity.shared",
    N_("List identifiers that merge nobody, and let them merge again"),
)
_add(
    "exchange-rates",
    "commands.exchange_rates.rates",
    N_("List and set exchange rates"),
)
_add(
    "segments",
    "commands.segments.segments",
    N_("List, save, freeze, archive and restore segments"),
)
_add(
    "layerings",
    "commands.layerings.layerings",
    N_("List, create, run, archive and restore layerings"),
)
_add("groups", "commands.groups.groups", N_("List, show, create and edit groups"))
_add(
    "moderation",
    "commands.moderation.moderation",
    N_("Judge pasted messages, decide cases, try rules and set what they may do"),
)
_add(
    "lists",
    "commands.lists.lists",
    N_("List, add and remove people on the whitelist and the blacklist"),
)
_add(
    "gates",
    "commands.gates.gates",
    N_("Show and set what groups ask of newcomers, let them in"),
)
_add(
    "overlaps",
    "commands.overlaps.overlaps",
    N_("Show who is in several groups of a set, and clean up"),
)
_add(
    "complaints",
    "commands.complaints.complaints",
    N_("List, answer and close complaints and after-sales cases"),
)
_add(
    "inbox",
    "commands.inbox.inbox",
    N_("List, assign and answer conversations that wait"),
)
_add(
    "wishes",
    "commands.wishes.wishes",
    N_("List wishes, and draft the answer to those who asked"),
)
_add(
    "group-templates",
    "commands.group_templates.group_templates",
    N_("Copy the setup of a group to others, and show which differ"),
)
_add(
    "staff-accounts",
    "commands.staff_accounts.staff_accounts",
    N_("List and mark the accounts of people who work here, whom no number counts"),
)
_add(
    "activities",
    "commands.activities.activities",
    N_("List activities, move them on, and enter what members say or write"),
)
_add(
    "points",
    "commands.points.points",
    N_("Show points of members, earn, spend and take them back, and recount"),
)
_add("levels", "commands.levels.levels", N_("Show, define and recount levels"))
_add("badges", "commands.badges.badges", N_("List badges, award and revoke them"))
_add("metrics", "commands.metrics.metrics", N_("List metrics and show their numbers"))
_add(
    "retention",
    "commands.retention.retention",
    N_("Show who comes back: cohorts by day, week or month"),
)
_add(
    "retained-members",
    "commands.retention.account",
    N_("Account for members: at the start, joined, left, at the end"),
)
_add(
    "touches",
    "commands.retention.touches",
    N_("Show how many messages came before first orders"),
)
_add(
    "funnels",
    "commands.funnels.funnels",
    N_("List, show, create, change and archive funnels"),
)
_add(
    "findings",
    "commands.findings.findings",
    N_("Show what left its weekly rhythm, and decide about it"),
)
_add(
    "reports",
    "commands.reports.reports_group",
    N_("Print, list and show reports of days, weeks and months"),
)
_add(
    "lifetime-value",
    "commands.lifetime_value.lifetime_value",
    N_("Estimate what buyers will still buy"),
)
_add(
    "staff-performance",
    "commands.staff_performance.staff_performance",
    N_("Show tasks, first answers and members in charge by staff member"),
)
_add(
    "scores",
    "commands.scores.scores",
    N_("List, show, create, change and preview scores of members"),
)
_add(
    "portrait",
    "commands.portraits.portrait",
    N_("Show what sets a segment, layer or group apart from all others"),
)
_add(
    "persona-card",
    "commands.portraits.persona_card",
    N_("Show, write and remove the persona card of a segment"),
)
_add(
    "completeness",
    "commands.portraits.completeness_",
    N_("Show what is not known of how many members"),
)
_add(
    "words",
    "commands.words.words",
    N_("Show what groups talk about, and change stop words and brands"),
)
_add(
    "typed-numbers",
    "commands.typed_numbers.typed_numbers",
    N_("List and save numbers of groups that staff count by hand"),
)
_add(
    "notebook",
    "commands.notebook.notebook",
    N_("List and write notes on competitors, the industry and platforms"),
)
_add(
    "goals",
    "commands.goals.goals",
    N_("List goals with how they stand, set and change them"),
)
_add(
    "positioning",
    "commands.positioning.positioning",
    N_("Show and save the positioning sheet, count its hooks"),
)
_add("orders", "commands.orders.orders", N_("List and show orders"))
_add("imports", "commands.imports.imports", N_("List and show imports, undo one"))
_add(
    "communities",
    "commands.communities.communities",
    N_("List and add communities, change their time zone and start of day"),
)
_add(
    "staff",
    "commands.staff.staff",
    N_("List, add and change staff accounts, set a new password"),
)
_add("surveys", "commands.surveys.surveys", N_("List surveys, show and export results"))
_add(
    "draws",
    "commands.draws.draws",
    N_("Prepare draws, enter their public value, verify their certificates"),
)
_add(
    "prizes",
    "commands.prizes.prizes",
    N_("Add prizes and codes, and hand prizes over to winners"),
)
_add(
    "games",
    "commands.games.games",
    N_("List who is ahead in quizzes, riddles and idiom chains"),
)
_add(
    "meet-ups",
    "commands.meetups.meetups",
    N_("List sign-ups of meet-ups, and check in those who came"),
)
_add(
    "malls",
    "commands.malls.malls",
    N_("List what members redeemed for points, and undo it"),
)
_add(
    "jobs",
    "commands.jobs.jobs",
    N_("List background jobs that failed, and run one again"),
)
_add(
    "backup",
    "commands.backup.backup",
    N_("Back up the primary database to one file while Qunce keeps running"),
)
_add(
    "restore",
    "commands.restore.restore",
    N_("Replace the current data with a backup, and verify that the result matches it"),
    _prepare_nothing,
)
_add(
    "rebuild",
    "commands.rebuild.rebuild",
    N_("Rebuild all derived data from the primary database"),
)
_add(
    "doctor",
    "commands.doctor.doctor",
    N_("Compare all derived data with the primary database, and repair differences"),
)
_add(
    "completion",
    "commands.completion.completion",
    N_("Print the script with which a shell completes commands and options"),
    _prepare_nothing,
)


def _use_temporary_home_if_new() -> None:
    """Work in a temporary home if there is none yet, as a preview leaves nothing behind.

    Before the settings are read: they create the home and its secret key.
    """
    home = Path(os.environ.get("QUNCE_HOME") or Path.home() / ".qunce")
    if (
        apps.ready
        or os.environ.get("DATABASE_URL")
        or (home / "truth.sqlite3").exists()
    ):
        return
    temporary = tempfile.mkdtemp(prefix="qunce-dry-run-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    os.environ["QUNCE_HOME"] = temporary


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    # What Qunce writes is for its own user only: members, keys, backups.
    os.umask(0o077)
    # Before parsing, because parsing may print help or an error.
    help_language.activate(help_language.requested_language(words) or "en")
    if "--dry-run" in words:
        _use_temporary_home_if_new()
    common = base.CommonOptions()
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        # Imported here, because every other call does without it.
        from click import shell_completion

        return shell_completion.shell_complete(
            cli, {"obj": common}, PROGRAM, COMPLETION_VARIABLE, instruction
        )
    try:
        with cli.make_context(PROGRAM, words or ["--help"], obj=common) as ctx:
            return cli.invoke(ctx) or 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe. Python would report that when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # It loads parts of Django that `--help` does not need.
        from qunce.cli import output

        # When parsing fails, it may not have reached --json.
        return output.Out(as_json=common.json or "--json" in words).fail(error)
