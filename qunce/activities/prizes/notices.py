"""Messages to winners about their prizes, in the active language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.activities.prizes import sources
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, State
from qunce.core import money
from qunce.members.personal_links import portal_settings


def awarded(award: Award) -> str:
    """That they have won, and how to claim it until when; "" if it waits for review."""
    if award.is_held:
        return ""
    name = {"prize": award.stock.name}
    lines = [sources.awarded_text(award.source) % name]
    kind = base.get(award.stock.kind)
    if kind.hand_over == base.HandOver.AUTOMATIC:
        lines.append(_("You have it already."))
    elif award.state == State.TO_CLAIM:
        lines.append(_how_to_claim(award, kind))
    if award.stock.instructions:
        lines.append(award.stock.instructions)
    return "\n".join(lines)


def reminded(award: Award) -> str:
    """That a prize waits; "" if it was claimed since."""
    if award.state != State.TO_CLAIM:
        return ""
    name = {"prize": award.stock.name}
    text = _("Your prize waits for you: %(prize)s.") % name
    return f"{text}\n{_how_to_claim(award, base.get(award.stock.kind))}"


def _how_to_claim(award: Award, kind: base.PrizeKind) -> str:
    zone = ZoneInfo(award.community.timezone)
    day = {"day": award.claim_until.astimezone(zone).date().isoformat()}
    has_page = bool(portal_settings.find_address(award.community))
    if kind.needs_address and not has_page:
        text = _(
            "Write “claim” in a direct message, then your name, phone number and address "
            "with spaces between them, until %(day)s."
        )
        return text % day
    if not has_page:
        return _("Write “claim” until %(day)s.") % day
    if kind.needs_address:
        text = _(
            "Write “claim” in a direct message, then your name, phone number and address "
            "with spaces between them, or claim it on your page, until %(day)s."
        )
        return text % day
    return _("Write “claim”, or claim it on your page, until %(day)s.") % day


def task(award: Award) -> tuple[str, str]:
    """Title and text of the staff task to hand a prize over."""
    kind, prize = base.get(award.stock.kind), award.stock
    values = {"step": kind.staff_step, "prize": prize.name, "award": award.pk}
    lines = [_("Prize #%(award)s: %(prize)s") % values]
    if kind.needs_cost:
        amount = money.format_with_currency(prize.cost, award.community.currency)
        lines.append(_("Amount of the red packet: %(amount)s") % {"amount": amount})
    if prize.instructions:
        lines.append(prize.instructions)
    return _("%(step)s: %(prize)s") % values, "\n".join(lines)


def code_given(award: Award, code: str) -> str:
    """The code, for the winner only."""
    values = {"prize": award.stock.name, "code": code}
    return _("Your code for %(prize)s: %(code)s") % values


def sent(award: Award) -> str:
    """That the parcel is on its way, with its number."""
    values = {
        "prize": award.stock.name,
        "carrier": award.carrier,
        "number": award.parcel_number,
    }
    return _("%(prize)s is on its way: %(carrier)s %(number)s.") % values
