"""`qunce demo`: one year of a retailer's households as a community, and a server."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce import reactions
from qunce.cli import base, help_language, options
from qunce.cli.commands import serve
from qunce.cli.demo import data as demo_data
from qunce.cli.demo import plan, work
from qunce.cli.demo.data import Journey
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, community_days, errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs
from qunce.importing.plan.options import ImportOptions
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.sales import purchase_tags
from qunce.sets.mirror import deriver

if TYPE_CHECKING:
    from qunce.cli.output import Out

KEY = "demo"
SOURCE = "completejourney"
STORES_PER_TRANSACTION = 50
ABOUT = gettext_lazy(
    "The Complete Journey: a year of purchases that dunnhumby simulated "
    "from real households, shifted so that its last day is the day "
    "before this demo was created."
)
FILES: tuple[tuple[str, str, Callable[[Journey], pa.Table]], ...] = (
    ("members", "members", Journey.members),
    ("memberships", "memberships", Journey.memberships),
    ("orders", "orders", Journey.orders),
    ("sends", "facts", Journey.sends),
    ("redemptions", "facts", Journey.redemptions),
)
"""Name of the file, target of its import, and what makes its table."""


class NotTheDemo(errors.Refused):
    """This community has its own members. Choose another one with --community."""


@dataclass
class Build:
    """A demo while it is made: its community, its time, and how long each step took."""

    community: Community
    at: datetime
    out: Out
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def verb_args(self) -> dict[str, Any]:
        return {"by": staff_models.system(self.community), "at": self.at}

    @property
    def query_args(self) -> dict[str, Any]:
        return {"community": self.community, **self.verb_args}

    @contextmanager
    def step(self, name: str, label: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.steps[name] = round(time.perf_counter() - start, 2)
        self.out.line(f"{self.steps[name]:8.2f} s  {label}")


@base.command("demo")
@serve.server_options
@base.option("--no-serve", is_flag=True, help=N_("prepare the demo and exit"))
@base.option("--sample", type=int, metavar="N", help=N_("only the first N households"))
@options.pass_invocation
def demo(
    invocation: Invocation, no_serve: bool, sample: int | None, **server: Any
) -> None:
    start = time.perf_counter()
    # First, because without the data nothing may be created.
    folder = demo_data.folder()
    invocation.community_key = invocation.community_key or KEY
    invocation.timezone = demo_data.ZONE
    community = ensure_community(invocation.community_key, invocation.at)
    help_language.activate(invocation.language() or community.language)
    # All below happens at one time, so that a repetition finds the same days.
    build = Build(community, invocation.at, invocation.out)
    last_day = community_days.to_date(community.day(community.created_at) - 1)
    invocation.out.line(str(ABOUT))
    import_files(build, Journey(folder, last_day, sample))
    derive(build)
    answer = set_up(build)
    owner, password = work.set_owner_password(community, build.at)
    with build.step("work", _("yesterday's work prepared for Today")):
        work.prepare(community=community, owner=owner, at=build.at)
        catch_up(build.at)
    answer |= count(build)
    answer |= {"login": owner.login, "password": password, "steps": build.steps}
    answer["seconds"] = round(time.perf_counter() - start, 2)
    invocation.out.answer(answer, _("Ready after %(seconds).1f seconds.") % answer)
    invocation.out.line(
        _("Sign in as %(login)s with the password %(password)s") % answer
    )
    if no_serve:
        return
    # In this process but started again, because DuckDB's threads do not survive a fork.
    invocation.out.flush()
    words = ["serve", "--community", community.key]
    for name, value in server.items():
        words += [f"--{name}", str(value)]
    os.execv(sys.executable, [sys.executable, "-m", "qunce.cli", *words])  # noqa: S606


def ensure_community(key: str, at: datetime) -> Community:
    """Return the community; the day of its creation decides where the demo's days lie."""
    fields: dict[str, Any] = {
        "name": demo_data.SOURCE,
        "timezone": demo_data.ZONE,
        "currency": demo_data.CURRENCY,
        "region": demo_data.REGION,
        "language": help_language.requested_language([]) or "en",
    }
    try:
        community = communities.get(key)
    except communities.CommunityNotFound:
        community = communities.create(key=key, at=at, **fields)
    # The first command of a home may have created it with other settings.
    if community.timezone != demo_data.ZONE:
        if Account.objects.filter(community=community).exists():
            raise NotTheDemo(
                _(
                    "“%(key)s” already has its own members. Choose another community "
                    "with --community."
                )
                % {"key": community.key}
            )
        communities.set_clock(community=community, day_start=0, timezone=demo_data.ZONE)
        Community.objects.filter(pk=community.pk).update(**fields)
        community.refresh_from_db()
    return community


def import_files(build: Build, journey: Journey) -> None:
    """Import the data from files, as users do with their own."""
    labels = {
        "members": _("households imported as members, with their attributes"),
        "memberships": _(
            "stores imported as groups, each household in the store it visits most"
        ),
        "orders": _("baskets imported as orders"),
        "sends": _("campaign mailings imported as past sends"),
        "redemptions": _("redeemed coupons imported"),
    }
    sample = f"-first-{journey.sample}" if journey.sample else ""
    imported = jobs.ImportJob.objects.filter(community=build.community, state="done")
    for name, target, make_table in FILES:
        path = settings.HOME / "demo" / f"{name}-{journey.last_day}{sample}.csv"
        with build.step(name, labels[name]):
            if imported.filter(target=target, file_name=path.name).exists():
                continue
            if name == "members":
                define_attributes(build, journey)
            if name == "memberships":
                create_stores(build, journey)
            write_table(path, make_table, journey)
            planned = pipeline.plan(
                source=sources.inspect(path),
                options=ImportOptions(target=target, source=SOURCE),
                **build.query_args,
            )
            pipeline.run(planned)


def write_table(
    path: Path, make_table: Callable[[Journey], pa.Table], journey: Journey
) -> None:
    """Write a CSV file as a whole; one that exists is complete, also after a kill."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pyarrow.csv.write_csv(make_table(journey), unfinished)
    unfinished.replace(path)


def define_attributes(build: Build, journey: Journey) -> None:
    # The import would guess, and in a sample `kids_count` may look like a number.
    for name, choices in journey.choices().items():
        attributes.define(
            name=name,
            label=name.replace("_", " "),
            type=attributes.AttributeType.CHOICE,
            choices=choices,
            **build.query_args,
        )


def create_stores(build: Build, journey: Journey) -> None:
    numbers = {demo_data.store_key(number): number for number in journey.stores()}
    existing = groups.find(build.community, numbers)
    missing = [key for key in numbers if key not in existing]
    for keys in account_queries.chunks(missing, STORES_PER_TRANSACTION):
        with transaction.atomic():
            for key in keys:
                name = _("Store %(number)s") % {"number": numbers[key]}
                groups.create(key=key, name=name, kind="store", **build.query_args)


def derive(build: Build) -> None:
    """Do what `serve` does in its loops, and wait for it."""
    with build.step("derived", _("facts counted by day")):
        deriver.catch_up()
    with build.step("reactions", _("base tags applied")):
        reactions.CONSUMER.catch_up(at=build.at)
    with build.step("purchases", _("purchase tags applied, with depth")):
        purchase_tags.catch_up(at=build.at)


def catch_up(at: datetime) -> None:
    """Do the same for the little that was added since."""
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=at)
    purchase_tags.catch_up(at=at)


def count(build: Build) -> dict[str, Any]:
    """Return what there is, after everything was added, so that repetitions agree."""
    figures = plan.count_figures(**build.query_args)
    for name, value in figures.items():
        build.out.line(f"{value:>14,}  {plan.FIGURES[name]}")
    return {"figures": figures}


def set_up(build: Build) -> dict[str, Any]:
    """Create layerings and segments, and return their sizes."""
    with build.step(
        "layers", _("members sorted into layers by value and by lifecycle")
    ):
        runs = plan.run_layerings(**build.query_args)
    with build.step("segments", _("segments counted")):
        sizes = plan.create_segments(**build.query_args)
    for key, label, _spec, _default in plan.LAYERINGS:
        parts = [f"{layer} {size:,}" for layer, size in layers.sizes(runs[key]).items()]
        build.out.line(f"{label}: {' · '.join(parts)}")
    for segment in plan.SEGMENTS:
        build.out.line(f"{sizes[segment.key]:>14,}  {segment.name} ({segment.key})")
    return {
        "community": build.community.key,
        "data": str(ABOUT),
        "layers": {key: layers.sizes(run) for key, run in runs.items()},
        "bounds": {key: run.bounds for key, run in runs.items()},
        "segments": sizes,
    }
