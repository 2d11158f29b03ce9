"""A check of the doctor: the seats that are taken are those of the sign-ups."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models
from django.utils.translation import gettext as _

from qunce.activities.meetups.models import HOLDING, Slot
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding


@doctor.register_check("meet_ups")
def check_seats() -> Iterator[Finding]:
    """Slots whose number of taken seats is not that of their sign-ups."""
    held = models.Count("sign_ups", filter=models.Q(sign_ups__state__in=HOLDING))
    rows = Slot.objects.annotate(held=held).exclude(taken=models.F("held"))
    for slot in rows.select_related("activity__community").order_by("pk"):
        text = _(
            "“%(name)s”, time %(number)s: %(taken)s seats are taken, and %(held)s "
            "sign-ups have one."
        )
        values = {
            "name": slot.activity.name,
            "number": slot.number,
            "taken": f"{slot.taken:,}",
            "held": f"{slot.held:,}",
        }
        yield Finding("meet_ups", slot.activity.community.key, text % values)
