"""Takes back that orders are closed.

An entry is `[key, source_id, was_unknown]`, the last true if no payment was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.importing.undo.step_registry import Step, Undoing
from qunce.sales import closed_orders, order_undo

KIND = "closed_orders"


class ClosedOrderStep(Step):
    kind = KIND
    # After the orders themselves.
    position = 11
    label = gettext_lazy("closings of orders taken back")

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        unknown = [(key, source) for key, source, was_unknown in entries if was_unknown]
        # Their payment was reported since, and was refunded because they are closed.
        paid_since = order_undo.lock(undoing.community, unknown)
        for key, _source in paid_since:
            undoing.keep(key, _("This order has been changed since."))
        reopened = [(key, source) for key, source, _was_unknown in entries]
        return closed_orders.reopen(
            undoing.community, [each for each in reopened if each not in paid_since]
        )


STEP = ClosedOrderStep
