"""Loads the simulated community through verbs and imports, as its staff would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings as django_settings
from django.utils.translation import gettext as _

from qunce import reactions
from qunce.core import communities
from qunce.core.communities import Community
from qunce.demo import service
from qunce.demo.build import Build
from qunce.demo.coffee import (
    answers,
    care,
    chat_texts,
    check_ins,
    draw,
    evening_numbers,
    feedback,
    findings,
    funnels,
    games,
    group_people,
    group_templates,
    homework,
    instant,
    levels,
    library,
    live_sessions,
    mall,
    meetups,
    moderation,
    persona_cards,
    plan,
    playbook,
    points,
    polls,
    positioning,
    posts,
    reports,
    scores,
    staff_members,
    surveys,
    tag_rules,
    tiered_tasks,
    topics,
    work,
)
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.files import FILES, SimulatedFile
from qunce.demo.simulation.settings import Settings
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs
from qunce.importing.plan.options import ImportOptions
from qunce.sales import purchase_tags
from qunce.sets.mirror import deriver

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KEY = "coffee"
ZONE = "Asia/Shanghai"
YEAR = timedelta(days=365)
SOURCES = {"shop_members": "mini-program", "orders": "till"}
"""Sources of files that are not from the chat tool."""
CHAT_TOOL = "wecom"


@dataclass(frozen=True)
class Request:
    """What is asked for: `members` and `seed` decide, besides language and clock."""

    language: str
    members: int = 3_000
    seed: int = 1


def ensure_community(request: Request, *, at: datetime) -> Community:
    """Return the community, which began a year before the clock of its first load."""
    try:
        return communities.get(KEY)
    except communities.CommunityNotFound:
        return communities.create(
            key=KEY,
            name=Settings(at, request.language).words.brand,
            timezone=ZONE,
            language="zh-hans" if request.language == "zh" else "en",
            is_simulated=True,
            at=at - YEAR,
        )


def load(making: Build, *, owner: Staff, request: Request) -> SimulatedCommunity:
    """Load what is missing; a second load adds nothing, also after a kill."""
    community = making.community
    # A later load ends at the clock of the first one, too.
    now = community.created_at + YEAR
    local = now.astimezone(communities.zone(community)).replace(tzinfo=None)
    language = "zh" if community.language == "zh-hans" else "en"
    simulation = SimulatedCommunity(
        Settings(local, language, request.seed, request.members)
    )
    context = Context.prepare(community, simulation, owner=owner, at=now)
    making.report(_("A simulated coffee brand: nobody in it exists."))
    with making.step("coffee-groups", _("staff, tags and groups of the coffee brand")):
        library.create(context)
    for file in FILES:
        with making.step(
            f"coffee-{file.name}", simulation.settings.words.files[file.name]
        ):
            import_file(context, file)
    with making.step(
        "coffee-crew", _("accounts of people who work at the coffee brand")
    ):
        staff_members.create(context)
    with making.step("coffee-answers", _("answers of its staff in groups")):
        answers.report(context)
    with making.step("coffee-derived", _("facts of the coffee brand counted")):
        catch_up(at=now)
    for key, label, create in _steps():
        with making.step(f"coffee-{key}", label):
            create(context)
    # What follows from the last steps, so that a second load finds nothing to do.
    catch_up(at=now)
    return simulation


def _steps() -> list[tuple[str, str, Callable[[Context], object]]]:
    """What follows the facts: a key, what the progress says, and what creates it."""
    return [
        ("layers", _("its members sorted into layers and segments"), plan.create),
        ("persona-cards", _("cards of its typical members"), persona_cards.create),
        ("tag-rules", _("its tag rules"), tag_rules.create),
        ("playbook", _("its playbook for new members"), playbook.create),
        ("group-template", _("a template of its groups"), group_templates.create),
        ("care", _("its birthday wishes and other care"), care.create),
        ("work", _("its campaigns, follow-ups and files"), _prepare_work),
        ("findings", _("its findings"), findings.create),
        ("funnels", _("its funnels"), funnels.create),
        ("scores", _("the weights of its scores"), scores.change),
        ("service", _("its welcomes and styles of service"), _create_service),
        ("talk", _("what its members write"), chat_texts.create),
        (
            "evenings",
            _("numbers of its WeChat groups, and its notebook"),
            evening_numbers.create,
        ),
        ("positioning", _("its positioning sheet and its goals"), positioning.create),
        ("feedback", _("its inbox, complaints and wishes"), feedback.create),
        ("group-people", _("its lists and entry gates"), group_people.create),
        ("moderation", _("its rules, cases and an appeal"), moderation.create),
        ("points", _("points of a year of orders"), points.create),
        ("levels", _("levels, badges and a membership"), levels.create),
        ("draw", _("a draw and its prizes"), draw.create),
        ("check-ins", _("its check-ins with streaks"), _create_activities),
        ("poll", _("a poll whose votes tag"), polls.create),
        ("surveys", _("a survey with answers, and an anonymous one"), surveys.create),
        ("quiz", _("a quiz about coffee"), games.create),
        ("posts", _("posts and reviews of members"), posts.create),
        ("topics", _("topics with a hot list"), topics.create),
        ("wheel", _("a wheel and a red packet"), instant.create),
        ("tiered-task", _("a task in tiers"), tiered_tasks.create),
        ("meetup", _("a meet-up with a waitlist"), meetups.create),
        ("live-session", _("a live session and a replay"), live_sessions.create),
        ("homework", _("homework that members review"), homework.create),
        ("mall", _("a points mall, an auction and a flash sale"), mall.create),
        ("reports", _("its last reports"), reports.create),
    ]


def import_file(context: Context, file: SimulatedFile) -> None:
    name = context.words.files[file.name]
    done = jobs.ImportJob.objects.filter(community=context.community, state="done")
    if done.filter(file_name=name).exists():
        return
    content = file.write(context.simulation)
    # A file with headings only has nothing to import.
    if content.count(b"\n") < 2:
        return
    path = django_settings.HOME / "demo" / context.community.key / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    pipeline.run(
        pipeline.plan(
            community=context.community,
            source=sources.inspect(path),
            options=options_of(context, file),
            by=context.staff["manager"],
            at=context.at,
        )
    )


def options_of(context: Context, file: SimulatedFile) -> ImportOptions:
    return ImportOptions(
        target=file.target,
        mapping=file.mapping(context.simulation),
        # Names of tags have spaces, and a cell has one of them.
        separator="none" if file.target == "tags" else "",
        source=SOURCES.get(file.name, CHAT_TOOL),
    )


def catch_up(*, at: datetime) -> None:
    """Do what `serve` does in its loops, and wait for it."""
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=at)
    purchase_tags.catch_up(at=at)


def _prepare_work(context: Context) -> None:
    work.prepare(context)
    catch_up(at=context.at)


def _create_activities(context: Context) -> None:
    check_ins.create(context)
    # Claims of the draw become tasks of staff.
    catch_up(at=context.at)


def _create_service(context: Context) -> None:
    service.create(context.community, by=context.owner, at=context.at)
