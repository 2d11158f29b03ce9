from __future__ import annotations

from qunce.core.communities import Community
from qunce.core.facts import Fact, FactKey, FactKeyOverflow
from qunce.core.ledger import Entry
from qunce.core.names import Name
from qunce.core.operators import Operator
from qunce.core.reacting import Reached
from qunce.core.revisions import Revision
from qunce.core.work import Work

__all__ = [
    "Community",
    "Entry",
    "Fact",
    "FactKey",
    "FactKeyOverflow",
    "Name",
    "Operator",
    "Reached",
    "Revision",
    "Work",
]
