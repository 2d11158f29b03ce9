from __future__ import annotations

from qunce.outreach.campaigns import Campaign
from qunce.outreach.optouts import OptOut
from qunce.outreach.recipients import Recipient
from qunce.outreach.tasks import Task

__all__ = ["Campaign", "OptOut", "Recipient", "Task"]
