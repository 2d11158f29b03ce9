from __future__ import annotations

from qunce.core.apikeys import ApiKey
from qunce.core.attempts import Attempt
from qunce.core.audit import Act
from qunce.core.communities import Community
from qunce.core.facts import Fact, FactKey, FactKeyOverflow
from qunce.core.ledger import Entry
from qunce.core.names import Name
from qunce.core.operators import Operator
from qunce.core.reacting import Reached
from qunce.core.revisions import Revision
from qunce.core.sessions import Session
from qunce.core.units import Unit
from qunce.core.work import Work

__all__ = [
    "Act",
    "ApiKey",
    "Attempt",
    "Community",
    "Entry",
    "Fact",
    "FactKey",
    "FactKeyOverflow",
    "Name",
    "Operator",
    "Reached",
    "Revision",
    "Session",
    "Unit",
    "Work",
]
