"""The people of the rule of a welcome, which may name something that is gone since."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.outreach.welcomes.models import Welcome
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

log = logging.getLogger(__name__)


def find(welcome: Welcome, at: datetime) -> BitMap | None:
    """The people of the rule; None if it cannot be evaluated, and then fits nobody.

    The other welcomes, and everything else that follows from facts, go on without it.
    """
    by = staff_models.system(welcome.community)
    try:
        return audiences.people(
            community=welcome.community, rule=welcome.rule, by=by, at=at
        )
    except errors.Invalid:
        log.warning("the rule of welcome %s cannot be evaluated", welcome.pk)
        return None


def is_broken(welcome: Welcome, at: datetime) -> bool:
    return welcome.rule is not None and find(welcome, at) is None
