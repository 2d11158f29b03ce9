from __future__ import annotations

from qunce.core.communities import Community
from qunce.core.exchange_rates import ExchangeRate
from qunce.core.facts.audit import AuditEntry
from qunce.core.facts.fact_consumers import ConsumerPosition
from qunce.core.facts.fact_effects import ReportedKey
from qunce.core.facts.facts import Fact, FactKey, FactKeyOverflow
from qunce.core.facts.interned_names import InternedName
from qunce.core.facts.reported_kinds import ReportedKind
from qunce.core.facts.withdrawals import WithdrawnFact
from qunce.core.jobs.clock_watch import ClockReading
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.revisions import Revision
from qunce.core.staff.api_keys import ApiKey
from qunce.core.staff.entry_links import EntryLink
from qunce.core.staff.login_attempts import LoginAttempt
from qunce.core.staff.models import Staff
from qunce.core.staff.provider_accounts import ProviderAccount
from qunce.core.staff.roles import CustomRole
from qunce.core.staff.sessions import Session
from qunce.core.staff.two_factor import AuthenticatorApp
from qunce.core.staff.units import Unit

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuthenticatorApp",
    "ClockReading",
    "Community",
    "ConsumerPosition",
    "CustomRole",
    "EntryLink",
    "ExchangeRate",
    "Fact",
    "FactKey",
    "FactKeyOverflow",
    "InternedName",
    "LoginAttempt",
    "ProviderAccount",
    "QueuedJob",
    "ReportedKey",
    "ReportedKind",
    "Revision",
    "Session",
    "Staff",
    "Unit",
    "WithdrawnFact",
]
