from __future__ import annotations

from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.opt_outs import OptOut
from qunce.outreach.sending.recipients import Recipient
from qunce.outreach.sending.tasks import Task

__all__ = ["Campaign", "OptOut", "Recipient", "Task"]
