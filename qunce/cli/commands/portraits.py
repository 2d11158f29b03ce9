"""`qunce portrait` and `qunce completeness`: what is typical, and what is not known."""

from __future__ import annotations

from dataclasses import asdict

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.portraits import completeness, portraits


@base.command("portrait")
@base.argument(
    "subject", help=N_("of whom: segment:key, layer:layering:key or group:key")
)
@options.pass_invocation
def portrait(invocation: Invocation, subject: str) -> None:
    invocation.derive()
    found = portraits.load(
        subject=portraits.parse_subject(subject, by=invocation.by),
        by=invocation.by,
        at=invocation.at,
    )
    invocation.out.answer(portraits.to_json(found))
    for row in found.rows:
        one = row.difference
        invocation.out.line(
            f"{one.counts.inside:>8,}  {one.share_inside:>6.1%} {one.share_rest:>6.1%}"
            f"  {one.points:+6.1f} ({one.low:+.1f} … {one.high:+.1f})"
            f"  h {one.effect:+.2f}  {row.trait.heading}: {row.trait.label}"
        )


@base.command("completeness")
@options.pass_invocation
def completeness_(invocation: Invocation) -> None:
    invocation.derive()
    found = completeness.load(by=invocation.by, at=invocation.at)
    invocation.out.answer(asdict(found))
    for gap in found.gaps:
        share = "-" if gap.percent is None else f"{gap.percent:.1f} %"
        mark = "*" if gap in found.ask else " "
        invocation.out.line(f"{gap.people:>8,}  {share:>7} {mark} {gap.label}")
