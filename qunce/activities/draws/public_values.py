"""The public value of a draw: a drand round that is verified, or a figure typed twice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.draws import drand, draw_facts, draws, results
from qunce.activities.draws.models import Draw, FigureEntry, Source
from qunce.core import errors, permissions
from qunce.core.jobs import job_queue

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

VERIFY_JOB = "draws.verify"
"""The job that verifies a signature; its key is the number of the draw."""


class ValueNotWanted(errors.Refused):
    """The draw is not waiting for this public value now."""


class InvalidValue(errors.Invalid):
    """A signature or a figure is not written as it has to be."""


# Checks


def _check_waiting(draw: Draw, source: Source, by: Staff) -> None:
    permissions.check_may(by, draw_facts.CLOSE)
    activities.check_visible(draw.activity, by)
    draw.refresh_from_db()
    if draw.closed_at is None or draw.value or not draw.tickets_count:
        raise ValueNotWanted(_("This draw is not waiting for a public value."))
    if draw.source != source:
        raise ValueNotWanted(_("Another public value was published for this draw."))


# Verbs


@transaction.atomic
def paste_signature(*, draw: Draw, signature: str, by: Staff, at: datetime) -> None:
    """Take the signature of the round for verification in the background."""
    _check_waiting(draw, Source.DRAND, by)
    text = signature.strip().lower()
    if not drand.SIGNATURE.fullmatch(text):
        raise InvalidValue(
            _("A signature of drand has 96 digits from 0 to 9 and a to f.")
        )
    if draw.drand_round is None or at < drand.due_at(draw.drand_round):
        raise ValueNotWanted(_("The round is not due yet."))
    keep_signature(draw, text)
    draws.record(draw_facts.SignaturePasted, draw, by=by, at=at)
    schedule_verification(draw, at)


def keep_signature(draw: Draw, signature: str) -> None:
    """Keep a signature until it is verified."""
    rows = Draw.objects.filter(pk=draw.pk, value="")
    rows.update(
        signature=signature,
        signature_refused_at=None,
        fetch_problem="",
        fetch_failed_at=None,
    )


def schedule_verification(draw: Draw, at: datetime) -> None:
    """Have the kept signature verified in the background."""
    community = draw.activity.community
    job_queue.schedule(job=VERIFY_JOB, key=str(draw.pk), due_at=at, community=community)


def verify(key: str, *, at: datetime) -> None:
    """Verify the signature of a draw, and draw with it or refuse it; takes seconds.

    It is the job VERIFY_JOB. The computation is outside of the transaction.
    """
    draw = Draw.objects.select_related("activity__community").get(pk=int(key))
    if draw.value or not draw.signature or draw.drand_round is None:
        return
    signature = draw.signature
    if not drand.is_valid(number=draw.drand_round, signature=signature):
        rows = Draw.objects.filter(pk=draw.pk, value="", signature=signature)
        rows.update(signature="", signature_refused_at=at)
        return
    value = drand.value_of(signature)
    results.complete(
        draw=draw,
        public_value=value,
        public_bytes=bytes.fromhex(value),
        signature=signature,
        at=at,
    )


@transaction.atomic
def type_figure(*, draw: Draw, figure: str, by: Staff, at: datetime) -> bool:
    """Type the published figure; returns whether two people agree, so that it is drawn.

    Nobody sees what the other has typed. If two differ, both look again.
    """
    _check_waiting(draw, Source.FIGURE, by)
    digits = draw.figure_digits or 0
    text = figure.strip()
    if not (text.isascii() and text.isdigit() and len(text) == digits):
        raise InvalidValue(
            _("The figure has exactly %(n)s digits from 0 to 9, without signs.")
            % {"n": digits}
        )
    if draw.figure_at is None or at < draw.figure_at:
        raise ValueNotWanted(_("The figure is not published yet."))
    results.lock(draw)
    FigureEntry.objects.create(draw=draw, figure=text, by=by, typed_at=at)
    draws.record(draw_facts.FigureTyped, draw, by=by, at=at)
    others = _last_figures(draw)
    others.pop(by.pk, None)
    if text not in others.values():
        return False
    return results.complete(
        draw=draw, public_value=text, public_bytes=text.encode(), signature="", at=at
    )


def _last_figures(draw: Draw) -> dict[int, str]:
    """What each person typed last."""
    rows = FigureEntry.objects.filter(draw=draw).order_by("pk")
    return dict(rows.values_list("by_id", "figure"))


# Reads


def has_typed(draw: Draw, by: Staff) -> bool:
    """Whether this person has typed the figure, whatever it was."""
    return by.pk in _last_figures(draw)


def differ(draw: Draw) -> bool:
    """Whether people typed different figures, so that all have to look again."""
    return len(set(_last_figures(draw).values())) > 1


def list_due(at: datetime) -> models.QuerySet[Draw]:
    """The draws whose round is due and has no signature yet."""
    rows = Draw.objects.filter(
        source=Source.DRAND,
        closed_at__isnull=False,
        value="",
        signature="",
        tickets_count__gt=0,
    )
    latest = drand.round_after(at - drand.MARGIN) - 1
    return rows.filter(drand_round__lte=latest).select_related("activity__community")
