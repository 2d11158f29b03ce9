"""`qunce demo`: a simulated community, one with real purchases, and a server."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, help_language, options
from qunce.cli.commands import serve
from qunce.cli.commands.staff import random_password
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.demo import build
from qunce.demo.shop import data as shop_data
from qunce.demo.shop import load as shop


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
    folder = shop_data.folder()
    invocation.community_key = invocation.community_key or shop.KEY
    invocation.timezone = shop_data.ZONE
    language = invocation.language() or "en"
    community = shop.ensure_community(
        invocation.community_key, language=language, at=invocation.at
    )
    help_language.activate(invocation.language() or community.language)
    # All below happens at one time, so that a repetition finds the same days.
    making = build.Build(community, invocation.at, invocation.out.line)
    password = random_password()
    owner = build.ensure_owner(
        community=community,
        login=community.key,
        name=_("Demo owner"),
        password=password,
        at=invocation.at,
    )
    answer = shop.load(making, owner=owner, folder=folder, sample=sample)
    answer |= {"login": owner.login, "password": password, "steps": making.steps}
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
