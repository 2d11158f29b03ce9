"""`qunce opt-outs`: who does not want messages of campaigns."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import ngettext

from qunce.cli import base, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.outreach import opt_outs as store

opt_outs = base.Group("opt-outs")
PURPOSES = click.Choice([store.MARKETING, store.SERVICE])
PURPOSE_HELP = N_("marketing, or service for service messages as well")


@opt_outs.command("add", help=N_("Opt members out of messages"))
@member_selection.selection_options
@base.option("--purpose", type=PURPOSES, default=store.MARKETING, help=PURPOSE_HELP)
@options.pass_invocation
def add(invocation: Invocation, purpose: str, **selection: Any) -> None:
    accounts = member_selection.select(invocation, **selection)
    changed = store.opt_out(
        accounts=accounts, source="cli", purpose=purpose, **invocation.query_args
    )
    text = ngettext(
        "%(n)s account has opted out.", "%(n)s accounts have opted out.", changed
    )
    invocation.out.answer({"opted_out": changed}, text % {"n": f"{changed:,}"})


@opt_outs.command("remove", help=N_("Let members get messages again, if they wish"))
@member_selection.selection_options
@base.option("--purpose", type=PURPOSES, default=store.MARKETING, help=PURPOSE_HELP)
@options.pass_invocation
def remove(invocation: Invocation, purpose: str, **selection: Any) -> None:
    accounts = member_selection.select(invocation, **selection)
    changed = store.opt_in(
        accounts=accounts, source="cli", purpose=purpose, **invocation.query_args
    )
    text = ngettext(
        "%(n)s account gets messages again.",
        "%(n)s accounts get messages again.",
        changed,
    )
    invocation.out.answer({"opted_in": changed}, text % {"n": f"{changed:,}"})


@opt_outs.command("count", help=N_("Count opt-outs by source or reason and purpose"))
@options.pass_invocation
def count(invocation: Invocation) -> None:
    found = store.count_by_source(**invocation.verb_args)
    names = ("source", "purpose", "members")
    rows = [dict(zip(names, row, strict=True)) for row in found]
    invocation.out.answer({"opt_outs": rows})
    for source, purpose, members in found:
        invocation.out.line(f"{members:>8,} {purpose:<10} {source}")
