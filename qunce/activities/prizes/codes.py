"""Codes of prizes: uploaded by staff, each given to one winner and shown to them only."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.prizes import awards, prize_facts, prizes
from qunce.activities.prizes.kinds.code import CODE
from qunce.activities.prizes.models import Award, PrizeCode, PrizeStock, State
from qunce.core import permissions, text_validation
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_LENGTH, MAX_PER_UPLOAD = 200, 20_000
BATCH = 500


@dataclass(frozen=True)
class Upload:
    """`duplicates` are the numbers of the lines that were refused, from 1."""

    added: int
    duplicates: list[int]
    given: int


# Verbs


@transaction.atomic
def upload(*, prize: PrizeStock, text: str, by: Staff, at: datetime) -> Upload:
    """Add the codes in the lines of a text, and give them to winners who wait for one.

    A code that the prize has already, or that the text has twice, is refused.
    """
    permissions.check_may(by, prize_facts.MANAGE)
    prizes.check_visible(prize, by)
    if not has_codes(prize):
        raise prizes.InvalidPrize(_("This prize has no codes."))
    lines = list(_read(text))
    hashes = [_hash(prize, code) for _number, code in lines]
    known = set[str]()
    for start in range(0, len(hashes), BATCH):
        rows = prize.codes.filter(code_hash__in=hashes[start : start + BATCH])
        known.update(rows.values_list("code_hash", flat=True))
    added, duplicates = [], []
    for (number, code), code_hash in zip(lines, hashes, strict=True):
        if code_hash in known:
            duplicates.append(number)
            continue
        known.add(code_hash)
        added.append(
            PrizeCode(stock=prize, code=code, code_hash=code_hash, added_at=at)
        )
    PrizeCode.objects.bulk_create(added, batch_size=BATCH)
    if added:
        fact = prize_facts.PrizeCodesAdded(
            prize=prize.pk, name=prize.name, added=len(added)
        )
        facts.record(fact, community=prize.community, by=by, at=at)
    return Upload(len(added), duplicates, _give_to_waiting(prize, by, at))


def _read(text: str) -> Iterable[tuple[int, str]]:
    lines = text.splitlines()
    if len(lines) > MAX_PER_UPLOAD:
        raise prizes.InvalidPrize(
            _("Upload at most %(n)s codes at once.") % {"n": f"{MAX_PER_UPLOAD:,}"}
        )
    for number, line in enumerate(lines, start=1):
        code = line.strip()
        if len(code) > MAX_LENGTH or not text_validation.is_valid(code):
            raise prizes.InvalidPrize(
                _("Line %(line)s: a code has at most %(n)s characters.")
                % {"line": number, "n": MAX_LENGTH}
            )
        if code:
            yield number, code


def _hash(prize: PrizeStock, code: str) -> str:
    # Keyed, so that a short code cannot be guessed from a copy of the database.
    key = settings.SECRET_KEY.encode()
    return hmac.digest(key, f"{prize.pk}\0{code}".encode(), sha256).hex()


def _give_to_waiting(prize: PrizeStock, by: Staff, at: datetime) -> int:
    waiting = Award.objects.filter(stock=prize, state=State.CLAIMED)
    waiting = waiting.filter(prize_code__isnull=True).select_related(
        "stock__community", "community"
    )
    given = 0
    for award in waiting.order_by("claimed_at", "pk"):
        if not give(award=award, by=by, at=at):
            break
        given += 1
    return given


def give(*, award: Award, by: Staff | None, at: datetime) -> bool:
    """Give a code to a claimed award and deliver it; False if no code is left.

    It is called in the transaction of the claim or the upload.
    """
    if not take(award):
        return False
    awards.deliver(award, by=by, at=at)
    return True


def take(award: Award) -> bool:
    """Link the first free code to the award by a conditional UPDATE."""
    while True:
        free = PrizeCode.objects.filter(stock=award.stock_id, award__isnull=True)
        pk = free.order_by("pk").values_list("pk", flat=True).first()
        if pk is None:
            return False
        # Again the condition: another winner may have taken it since.
        if free.filter(pk=pk).update(award=award):
            return True


# Reads


def has_codes(prize: PrizeStock) -> bool:
    """Whether winners of this prize get codes."""
    return prize.kind == CODE.key


def count_free(prize: PrizeStock) -> int:
    return prize.codes.filter(award__isnull=True).count()


def count_missing(prize: PrizeStock) -> int:
    """How many winners have claimed a code and wait for one."""
    waiting = Award.objects.filter(stock=prize, state=State.CLAIMED)
    return waiting.filter(prize_code__isnull=True).count()


def shown_to_winner(award: Award) -> str:
    """The code of an award, for the member who won it and nobody else."""
    found = PrizeCode.objects.filter(award=award).first()  # unique
    return found.code if found is not None else ""
