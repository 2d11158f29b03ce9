"""`qunce portrait`, `persona-card` and `completeness`: what is typical or not known."""

from __future__ import annotations

from dataclasses import asdict

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.portraits import completeness, persona_cards, portraits
from qunce.members.segments import segments


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


persona_card = base.Group("persona-card")
SEGMENT_HELP = N_("key of the segment")


@persona_card.command("show", help=N_("Show the persona card of a segment"))
@base.argument("segment", help=SEGMENT_HELP)
@options.pass_invocation
def show_card(invocation: Invocation, segment: str) -> None:
    found = segments.get(invocation.community, segment)
    card = persona_cards.find(segment=found, by=invocation.by)
    if card is None:
        raise persona_cards.PersonaCardNotFound(_("This segment has no persona card."))
    texts = {field: getattr(card, field) for field in persona_cards.LENGTHS}
    invocation.out.answer({"segment": segment, **texts, "by": card.by.login})
    for field, text in texts.items():
        invocation.out.line(f"{persona_cards.LABELS[field]}: {text}")


@persona_card.command("save", help=N_("Write the persona card of a segment"))
@base.argument("segment", help=SEGMENT_HELP)
@base.option("--name", required=True, help=N_("name of the persona"))
@base.option("--sentence", default="", help=N_("the persona in one sentence"))
@base.option("--wants", default="", help=N_("what they want"))
@base.option("--avoid", default="", help=N_("what to avoid"))
@options.pass_invocation
def save_card(invocation: Invocation, segment: str, **texts: str) -> None:
    card = persona_cards.save(
        segment=segments.get(invocation.community, segment),
        by=invocation.by,
        at=invocation.at,
        **texts,
    )
    invocation.out.answer({"segment": segment, "name": card.name}, card.name)


@persona_card.command("remove", help=N_("Remove the persona card of a segment"))
@base.argument("segment", help=SEGMENT_HELP)
@options.pass_invocation
def remove_card(invocation: Invocation, segment: str) -> None:
    found = segments.get(invocation.community, segment)
    persona_cards.remove(segment=found, by=invocation.by, at=invocation.at)
    invocation.out.answer({"segment": segment}, _("Removed."))
