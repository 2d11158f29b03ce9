"""The Complete Journey as a community: a year of a retailer's households."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce import reactions
from qunce.core import communities, community_days
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.demo import service
from qunce.demo.build import Build, NotTheDemo
from qunce.demo.shop import data as demo_data
from qunce.demo.shop import plan, positioning, work
from qunce.demo.shop.data import Journey
from qunce.groups import groups
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs
from qunce.importing.plan.options import ImportOptions
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.layers import layering_specs, layers
from qunce.sales import purchase_tags
from qunce.sets.mirror import deriver

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


def ensure_community(key: str, *, language: str, at: datetime) -> Community:
    """Return the community; the day of its creation decides where the demo's days lie."""
    fields: dict[str, Any] = {
        "name": demo_data.SOURCE,
        "timezone": demo_data.ZONE,
        "currency": demo_data.CURRENCY,
        "region": demo_data.REGION,
        "language": language,
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


def load(
    build: Build, *, owner: Staff, folder: Path, sample: int | None
) -> dict[str, Any]:
    """Import the data, derive what follows, and return what there is."""
    last_day = build.community.day(build.community.created_at) - 1
    build.report(str(ABOUT))
    import_files(build, Journey(folder, community_days.to_date(last_day), sample))
    derive(build)
    answer = set_up(build)
    with build.step("work", _("yesterday's work prepared for Today")):
        work.prepare(community=build.community, owner=owner, at=build.at)
        catch_up(build.at)
    with build.step("service", _("welcomes and styles of service")):
        service.create(build.community, by=owner, at=build.at)
    with build.step("positioning", _("the positioning sheet and goals")):
        positioning.create(build.community, by=owner, at=build.at)
    return answer | count(build)


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
        build.report(f"{value:>14,}  {plan.FIGURES[name]}")
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
        names = layering_specs.names_of(runs[key].layering.spec)
        shown = layers.sizes(runs[key]).items()
        parts = [f"{names.get(layer, layer)} {size:,}" for layer, size in shown]
        build.report(f"{label}: {' · '.join(parts)}")
    for segment in plan.SEGMENTS:
        build.report(f"{sizes[segment.key]:>14,}  {segment.name}")
    return {
        "community": build.community.key,
        "data": str(ABOUT),
        "layers": {key: layers.sizes(run) for key, run in runs.items()},
        "bounds": {key: run.bounds for key, run in runs.items()},
        "segments": sizes,
    }
