"""A demo community: one year of a retailer's households, imported and served"""

from __future__ import annotations

import argparse
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
from django.utils.translation import activate, gettext_lazy
from django.utils.translation import gettext as _

from qunce import reactions
from qunce.cli import options
from qunce.cli.demo import data as demo_data
from qunce.cli.demo import plan, work
from qunce.cli.demo.data import Journey
from qunce.core import communities, community_days, errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.importing import jobs, pipeline
from qunce.importing.files import sources
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.sales import purchase_tags
from qunce.sets.mirror import deriver

if TYPE_CHECKING:
    from qunce.cli.output import Out
    from qunce.core.staff.models import Staff

KEY = "demo"
SOURCE = "completejourney"
BATCH = 50
"""Stores made in one transaction."""
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


class NotTheDemo(errors.Refused):
    """This community is somebody's own; the demo goes into another."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(community=KEY, timezone=demo_data.ZONE)
    parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on"))
    parser.add_argument("--port", type=int, default=8000, help=_("port to listen on"))
    parser.add_argument("--threads", type=int, default=8, help=_("concurrent requests"))
    parser.add_argument(
        "--no-serve", action="store_true", help=_("prepare the demo and exit")
    )
    parser.add_argument(
        "--sample", type=int, metavar="N", help=_("only the first N households")
    )


def run(args: argparse.Namespace, out: Out) -> int:
    start = time.perf_counter()
    data = demo_data.folder()
    community = _community(args.community, args.at)
    activate(options.language(["--lang", args.lang or ""]) or community.language)
    day = community_days.to_date(community.day(community.created_at) - 1)
    out.line(str(ABOUT))
    show = Show(community, staff_models.system(community), args.at, out)
    _fill(show, Journey(data, day, args.sample))
    _follow(show)
    answer = _answer(show)
    owner, word = work.login(community, args.at)
    with show.step("work", _("yesterday's work prepared for Today")):
        work.begin(community=community, owner=owner, at=args.at)
    answer["login"], answer["password"] = owner.login, word
    answer["steps"] = show.steps
    answer["seconds"] = round(time.perf_counter() - start, 2)
    out.answer(answer, _("Ready after %(seconds).1f seconds.") % answer)
    out.line(_("Sign in as %(login)s with the password %(password)s") % answer)
    if not args.no_serve:
        _serve(args, out)
    return 0


def _community(key: str, at: datetime) -> Community:
    """Made on the first day of the demo, which tells for good where its days lie."""
    about: dict[str, Any] = {
        "name": demo_data.SOURCE,
        "timezone": demo_data.ZONE,
        "currency": demo_data.CURRENCY,
        "language": options.language([]) or "en",
    }
    try:
        community = communities.get(key)
    except communities.UnknownCommunity:
        community = communities.create(key=key, at=at, **about)
    if community.timezone != demo_data.ZONE:
        _check_empty(community)
        communities.set_clock(community=community, day_start=0, timezone=demo_data.ZONE)
        Community.objects.filter(pk=community.pk).update(**about)
        community.refresh_from_db()
    return community


def _check_empty(community: Community) -> None:
    if account_models.Account.objects.filter(community=community).exists():
        raise NotTheDemo(
            _(
                "“%(key)s” already has its own members. Choose another community "
                "with --community."
            )
            % {"key": community.key}
        )


@dataclass
class Show:
    """The demo being made: whose, as of when, and how long each step took."""

    community: Community
    by: Staff
    at: datetime
    out: Out
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, said: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.steps[name] = round(time.perf_counter() - start, 2)
        self.out.line(f"{self.steps[name]:8.2f} s  {said}")


def _fill(show: Show, journey: Journey) -> None:
    """Through the files and the import that anybody's own data would take."""
    said = {
        "members": _("households imported as members, with their attributes"),
        "memberships": _(
            "stores imported as groups, each household in the store it visits most"
        ),
        "orders": _("baskets imported as orders"),
        "sends": _("campaign mailings imported as past sends"),
        "redemptions": _("redeemed coupons imported"),
    }
    for name, target, make in FILES:
        path = _path(journey, name)
        with show.step(name, said[name]):
            if _is_done(show.community, target, path):
                continue
            if name == "members":
                _define_attributes(show, journey)
            if name == "memberships":
                _make_stores(show, journey)
            _write(path, make, journey)
            _import(show, target, path)


def _path(journey: Journey, name: str) -> Path:
    some = f"-first-{journey.sample}" if journey.sample else ""
    folder = Path(settings.HOME) / "demo"
    return folder / f"{name}-{journey.last_day}{some}.csv"


def _is_done(community: Community, target: str, path: Path) -> bool:
    done = jobs.ImportJob.objects.filter(community=community, state="done")
    return done.filter(target=target, file=path.name).exists()


def _write(path: Path, make: Callable[[Journey], pa.Table], journey: Journey) -> None:
    """As a whole or not at all: a killed demo goes on with the same file."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_suffix(".growing")
    pyarrow.csv.write_csv(make(journey), growing)
    growing.replace(path)


def _import(show: Show, target: str, path: Path) -> None:
    planned = pipeline.plan(
        community=show.community,
        source=sources.examine(path),
        target=target,
        by=show.by,
        at=show.at,
        options=pipeline.Options(source=SOURCE),
    )
    pipeline.run(planned)


def _define_attributes(show: Show, journey: Journey) -> None:
    """Not left to be guessed: of a sample, `kids_count` may look like a number."""
    for name, choices in journey.choices().items():
        attributes.define(
            community=show.community,
            name=name,
            label=name.replace("_", " "),
            type=attributes.AttributeType.CHOICE,
            choices=choices,
            by=show.by,
            at=show.at,
        )


def _make_stores(show: Show, journey: Journey) -> None:
    numbers = {demo_data.store_key(number): number for number in journey.stores()}
    known = groups.find(show.community, numbers)
    for keys in account_queries.chunks(
        [key for key in numbers if key not in known], BATCH
    ):
        with transaction.atomic():
            for key in keys:
                groups.create(
                    community=show.community,
                    key=key,
                    name=_("Store %(number)s") % {"number": numbers[key]},
                    kind="store",
                    by=show.by,
                    at=show.at,
                )


def _follow(show: Show) -> None:
    """What `serve` does on every beat, waited for."""
    with show.step("derived", _("facts counted by day")):
        deriver.catch_up()
    with show.step("reactions", _("base tags applied")):
        reactions.CONSUMER.catch_up(at=show.at)
    with show.step("purchases", _("purchase tags applied, with depth")):
        purchase_tags.catch_up(at=show.at)


def _answer(show: Show) -> dict[str, Any]:
    """What there is now, by asking the community; told to people on the way."""
    asked: dict[str, Any] = {"community": show.community, "by": show.by, "at": show.at}
    with show.step("layers", _("members sorted into layers by value and by lifecycle")):
        runs = plan.lay_out(**asked)
    with show.step("segments", _("segments counted")):
        sizes = plan.segment(**asked)
    figures = plan.figures(**asked)
    for name, value in figures.items():
        show.out.line(f"{value:>14,}  {plan.FIGURES[name]}")
    for key, said, _spec, _default in plan.LAYERINGS:
        show.out.line(f"{said}: {_sizes(runs[key])}")
    for planned in plan.SEGMENTS:
        show.out.line(f"{sizes[planned.key]:>14,}  {planned.name} ({planned.key})")
    return {
        "community": show.community.key,
        "data": str(ABOUT),
        "figures": figures,
        "layers": {key: layers.sizes(run) for key, run in runs.items()},
        "bounds": {key: run.bounds for key, run in runs.items()},
        "segments": sizes,
    }


def _sizes(run: layers.LayerRun) -> str:
    return " · ".join(f"{key} {size:,}" for key, size in layers.sizes(run).items())


def _serve(args: argparse.Namespace, out: Out) -> None:
    """In this process, but begun anew: DuckDB's threads would not survive a fork."""
    out.flush()
    words = ["serve", "--community", args.community, "--host", args.host]
    words += ["--port", str(args.port), "--threads", str(args.threads)]
    os.execv(sys.executable, [sys.executable, "-m", "qunce.cli", *words])  # noqa: S606
