"""`qunce demo`: a simulated community, one with real purchases, and a server."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.cli import base, help_language, options
from qunce.cli.commands import serve
from qunce.cli.commands.staff import random_password
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import linked_accounts
from qunce.core.staff import models as staff_models
from qunce.demo import build
from qunce.demo.build import Build
from qunce.demo.shop import data as shop_data
from qunce.demo.shop import load as shop
from qunce.demo.simulated import load as simulated

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@base.command("demo")
@serve.server_options
@base.option("--no-serve", is_flag=True, help=N_("prepare the demo and exit"))
@base.option("--sample", type=int, metavar="N", help=N_("only the first N households"))
@base.option(
    "--members",
    type=int,
    metavar="N",
    default=3_000,
    help=N_("members of the simulated community"),
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
    folder = shop_data.folder()
    invocation.community_key = invocation.community_key or shop.KEY
    invocation.timezone = shop_data.ZONE
    language = invocation.language() or "en"
    community = shop.ensure_community(
        invocation.community_key, language=language, at=invocation.at
    )
    help_language.activate(invocation.language() or community.language)
    # All below happens at one time, so that a repetition finds the same days.
    password = random_password()
    making = Build(community, invocation.at, invocation.out.line)
    owner = ensure_owner(community, password, invocation)
    answer = shop.load(making, owner=owner, folder=folder, sample=sample)
    login, steps = load_simulated(invocation, owner, password, members)
    answer |= {"login": login, "password": password, "steps": making.steps | steps}
    answer["seconds"] = round(time.perf_counter() - start, 2)
    invocation.out.answer(answer, _("Ready after %(seconds).1f seconds.") % answer)
    invocation.out.line(
        _("Sign in as %(login)s with the password %(password)s") % answer
    )
    if no_serve:
        return
    # In this process but started again, because DuckDB's threads do not survive a fork.
    invocation.out.flush()
    words = ["serve"]
    for name, value in server.items():
        words += [f"--{name}", str(value)]
    os.execv(sys.executable, [sys.executable, "-m", "qunce.cli", *words])  # noqa: S606


def ensure_owner(community: Community, password: str, invocation: Invocation) -> Staff:
    return build.ensure_owner(
        community=community,
        login=community.key,
        name=_("Demo owner"),
        password=password,
        at=invocation.at,
    )


def load_simulated(
    invocation: Invocation, shop_owner: Staff, password: str, members: int
) -> tuple[str, dict[str, float]]:
    """Load the simulated community; return the login of its owner and the steps."""
    is_chinese = help_language.requested_language([]) or shop_owner.language
    request = simulated.Request("zh" if is_chinese.startswith("zh") else "en", members)
    community = simulated.ensure_community(request, at=invocation.at)
    making = Build(community, invocation.at, invocation.out.line)
    owner = ensure_owner(community, password, invocation)
    simulated.load(making, owner=owner, request=request)
    # One person has both, so that the console offers to switch.
    linked_accounts.link(
        first=owner,
        second=shop_owner,
        by=(staff_models.system(community), staff_models.system(shop_owner.community)),
        at=invocation.at,
    )
    return owner.login, making.steps
