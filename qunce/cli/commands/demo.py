"""`qunce demo`: a simulated community, a shop's real purchases, and a server."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.cli import base, help_language, options
from qunce.cli.commands import serve
from qunce.cli.commands.staff import random_password
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import linked_accounts
from qunce.core.staff import models as staff_models
from qunce.demo import build, personal_link
from qunce.demo.build import Build
from qunce.demo.coffee import load as simulated
from qunce.demo.shop import data as shop_data
from qunce.demo.shop import load as shop
from qunce.members.personal_links import links, portal_settings

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass
class Demo:
    """The communities that were loaded, each with its owner, and what they contain."""

    invocation: Invocation
    password: str
    language: str
    owners: list[Staff] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)

    def start(self, community: Community) -> Build:
        owner = build.ensure_owner(
            community=community,
            login=community.key,
            name=_("Demo owner"),
            password=self.password,
            at=self.invocation.at,
        )
        self.owners.append(owner)
        return Build(
            community, self.invocation.at, self.invocation.out.line, self.steps
        )


@base.command("demo")
@serve.server_options
@base.option("--no-serve", is_flag=True, help=N_("prepare the demo and exit"))
@base.option(
    "--sample",
    type=int,
    metavar="N",
    help=N_("only the first N households of the shop, 0 without the shop"),
)
@base.option(
    "--members",
    type=int,
    metavar="N",
    default=3_000,
    help=N_("members of the simulated community, 0 without it"),
)
@options.pass_invocation
def demo(
    invocation: Invocation,
    no_serve: bool,
    sample: int | None,
    members: int,
    **server: Any,
) -> None:
    start = time.perf_counter()
    # First, because without the data nothing may be created.
    folder = shop_data.folder() if sample != 0 else None
    # All happens at one time, so that a repetition finds the same days.
    invocation.timezone = shop_data.ZONE
    language = invocation.language() or "en"
    help_language.activate(language)
    password = build.password_of_home(random_password)
    demo = Demo(invocation, password, language)
    answer: dict[str, Any] = {}
    if folder is not None:
        making = demo.start(
            shop.ensure_community(
                invocation.community_key or shop.KEY,
                language=language,
                at=invocation.at,
            )
        )
        answer |= shop.load(making, owner=demo.owners[-1], folder=folder, sample=sample)
    if members:
        load_simulated(demo, members)
    # The simulated community has more to look at, so it is the first to sign in to.
    login = demo.owners[-1].login if demo.owners else ""
    answer |= {"login": login, "password": demo.password, "steps": demo.steps}
    answer["seconds"] = round(time.perf_counter() - start, 2)
    invocation.out.answer(answer, _("Ready after %(seconds).1f seconds.") % answer)
    invocation.out.line(
        _("Sign in as %(login)s with the password %(password)s") % answer
    )
    if demo.owners and (path := make_link(demo)):
        invocation.out.line(
            _("One member’s personal link: %(address)s")
            % {"address": address_of(path, server)}
        )
    if not no_serve:
        invocation.out.flush()
        serve_home(server)


def make_link(demo: Demo) -> str | None:
    """The path of the link of a member of the community that is signed in to first."""
    # Now, as whoever opens it does so after the demo's last day has begun.
    return personal_link.make(demo.owners[-1].community, at=demo.invocation.at)


def address_of(path: str, server: dict[str, Any]) -> str:
    """A whole address of the demo, as the browser on this machine opens it."""
    if portal_settings.has_address():
        return links.address(path)
    return f"http://localhost:{server['port']}{path}"


def serve_home(options: dict[str, Any]) -> None:
    """Serve in this process but started again: DuckDB's threads survive no fork."""
    words = ["serve"]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    os.execv(sys.executable, [sys.executable, "-m", "qunce.cli", *words])  # noqa: S606


def load_simulated(demo: Demo, members: int) -> None:
    """Load the simulated community; its owner is the same person as the shop's."""
    at = demo.invocation.at
    language = "zh" if demo.language.startswith("zh") else "en"
    request = simulated.Request(language, members)
    making = demo.start(simulated.ensure_community(request, at=at))
    simulated.load(making, owner=demo.owners[-1], request=request)
    for other in demo.owners[:-1]:
        # So that the console offers to switch.
        linked_accounts.link(
            first=demo.owners[-1],
            second=other,
            by=(
                staff_models.system(making.community),
                staff_models.system(other.community),
            ),
            at=at,
        )
