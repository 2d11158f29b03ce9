"""`qunce campaigns`: what is planned, what it would do, and what it did."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import (
    approvals,
    comparisons,
    effects,
    fingerprints,
    launch,
    results,
)
from qunce.outreach.campaigns import campaigns as store
from qunce.outreach.campaigns import review as reviews
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.contact_budget import kept_places
from qunce.outreach.links import link_results

campaigns = base.Group("campaigns")


def _find(invocation: Invocation, key: str) -> Campaign:
    row = store.list_visible(invocation.query_args["by"]).filter(key=key).first()
    if row is None:
        raise store.CampaignNotFound(_("There is no such campaign."))
    return row


def _answer(invocation: Invocation, campaign: Campaign) -> None:
    record = {"key": campaign.key, "name": campaign.name, "state": campaign.state}
    text = f"{campaign.key}  {campaign.get_state_display()}"
    invocation.out.answer(record, text)


@campaigns.command("list", help=N_("List campaigns, the newest first"))
@options.pass_invocation
def list_all(invocation: Invocation) -> None:
    rows = list(store.list_visible(invocation.query_args["by"])[:200])
    invocation.out.answer(
        {
            "campaigns": [
                {"key": row.key, "name": row.name, "state": row.state, "size": row.size}
                for row in rows
            ]
        }
    )
    for row in rows:
        invocation.out.line(f"{row.key}  {row.get_state_display()}  {row.size:,}")


@campaigns.command("review", help=N_("Show who would get a campaign now and who not"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def review(invocation: Invocation, key: str) -> None:
    campaign = _find(invocation, key)
    by, at = invocation.query_args["by"], invocation.query_args["at"]
    found = reviews.build(campaign=campaign, by=by, at=at)
    record: dict[str, Any] = {
        "matched": found.matched,
        "size": found.size,
        "excluded": found.excluded,
        "variants": found.variants,
        "at_limit_after": found.at_limit_after,
        "sensitivities": [asdict(each) for each in found.sensitivities],
        "kept_for": [asdict(each) for each in found.kept_for],
        "zones": found.zones.sizes if found.zones else {},
        "time_passed": found.zones.passed if found.zones else 0,
        "needs_approval": found.needs_approval,
        "digest": fingerprints.digest(campaign),
    }
    invocation.out.answer(record)
    invocation.out.line(_("matched: %(n)s") % {"n": f"{found.matched:,}"})
    for reason, count in found.excluded.items():
        invocation.out.line(f"− {count:,}  {skip_reasons.label_of(reason)}")
    for each in found.kept_for:
        kept = skip_reasons.sentence(skip_reasons.KEPT_PLACE, kept_for=each.name)
        invocation.out.line(f"  {each.size:,}  {kept}")
    invocation.out.line(_("will get it: %(n)s") % {"n": f"{found.size:,}"})


@campaigns.command("start", help=N_("Start a campaign that was reviewed"))
@base.argument("key", help=N_("key of the campaign"))
@base.option(
    "--expected",
    type=int,
    required=True,
    metavar="N",
    help=N_("number of recipients in the review"),
)
@options.pass_invocation
def start(invocation: Invocation, key: str, expected: int) -> None:
    campaign = _find(invocation, key)
    by, at = invocation.query_args["by"], invocation.query_args["at"]
    launch.start(campaign=campaign, by=by, at=at, expected=expected)
    _answer(invocation, campaign)


@campaigns.command(
    "keep-place", help=N_("Keep a place in contact limits for a campaign, or stop it")
)
@base.argument("key", help=N_("key of the campaign"))
@base.argument("keeps", type=click.Choice(["on", "off"]), help=N_("on, or off"))
@options.pass_invocation
def keep_place(invocation: Invocation, key: str, keeps: str) -> None:
    campaign = _find(invocation, key)
    by, at = invocation.query_args["by"], invocation.query_args["at"]
    store.update(campaign=campaign, by=by, at=at, keeps_place=keeps == "on")
    count = kept_places.count(campaign, at)
    record = {"key": campaign.key, "keeps_place": campaign.keeps_place, "kept": count}
    invocation.out.answer(record, f"{campaign.key}  {keeps}  {count:,}")


@campaigns.command("pause", help=N_("Pause a campaign"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def pause(invocation: Invocation, key: str) -> None:
    _change(invocation, key, store.pause)


@campaigns.command("resume", help=N_("Continue a paused campaign"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def resume(invocation: Invocation, key: str) -> None:
    _change(invocation, key, store.resume)


@campaigns.command("cancel", help=N_("Cancel what is not sent yet"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def cancel(invocation: Invocation, key: str) -> None:
    _change(invocation, key, launch.cancel)


@campaigns.command("submit", help=N_("Ask a second person to approve a campaign"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def submit(invocation: Invocation, key: str) -> None:
    _change(invocation, key, approvals.submit)


@campaigns.command("approve", help=N_("Approve a campaign of somebody else"))
@base.argument("key", help=N_("key of the campaign"))
@base.option(
    "--digest", required=True, help=N_("what the review showed, so that it is the same")
)
@options.pass_invocation
def approve(invocation: Invocation, key: str, digest: str) -> None:
    _change(invocation, key, approvals.approve, digest=digest)


@campaigns.command("reject", help=N_("Send a campaign back with a note"))
@base.argument("key", help=N_("key of the campaign"))
@base.argument("note", help=N_("what has to change"))
@options.pass_invocation
def reject(invocation: Invocation, key: str, note: str) -> None:
    _change(invocation, key, approvals.reject, note=note)


def _change(invocation: Invocation, key: str, verb: Any, **details: str) -> None:
    campaign = _find(invocation, key)
    by, at = invocation.query_args["by"], invocation.query_args["at"]
    verb(campaign=campaign, by=by, at=at, **details)
    _answer(invocation, campaign)


@campaigns.command("results", help=N_("Show what a campaign did"))
@base.argument("key", help=N_("key of the campaign"))
@options.pass_invocation
def show_results(invocation: Invocation, key: str) -> None:
    campaign = _find(invocation, key)
    by, at = invocation.query_args["by"], invocation.query_args["at"]
    progress = results.progress(campaign)
    measured = effects.measure(campaign, at)
    record: dict[str, Any] = {
        "planned": progress.total,
        "left": progress.left,
        "states": progress.counts,
        "replied": measured.replied,
        "ordered": measured.ordered,
        "opted_out": measured.opted_out,
        "left_community": measured.left,
        "complained": measured.complained,
    }
    record["comparisons"] = [asdict(each) for each in comparisons.measure(campaign, at)]
    links = link_results.list_results(campaign=campaign, by=by, at=at)
    record["links"] = [asdict(each) for each in links]
    invocation.out.answer(record)
    for name, value in record.items():
        if isinstance(value, int):
            invocation.out.line(f"{name}: {value:,}")


@campaigns.command("approval", help=N_("Set which campaigns need an approval"))
@base.argument("size", help=N_("from how many recipients on, or off"))
@options.pass_invocation
def set_approval(invocation: Invocation, size: str) -> None:
    from_size = None if size == "off" else int(size) if size.isdecimal() else 0
    approvals.set_from_size(from_size=from_size, **invocation.query_args)
    invocation.out.answer({"from_size": from_size}, size)
