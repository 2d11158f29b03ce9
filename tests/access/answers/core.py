"""What verbs of staff, communities, jobs and what the core has answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # About a thing that everybody in the community sees.
    "aaaaaaana": """
        core.staff.roles.get
        core.staff.staff.get
        core.staff.staff.get_by_login
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        core.staff.entry_links.list_all
        core.staff.roles.create
        core.staff.staff.add
        core.staff.staff.require_two_factor
    """,
    # Managers who see everything.
    "rrraarrnr": """
        core.exchange_rates.remove
        core.exchange_rates.remove_all
        core.exchange_rates.set_rate
        core.jobs.job_queue.retry
        core.staff.api_keys.create
        core.staff.entry_links.create
        core.staff.entry_links.get
        core.staff.entry_links.revoke
        core.staff.passwords.set_temporary
        core.staff.provider_accounts.unlink
        core.staff.roles.delete
        core.staff.roles.update
        core.staff.staff.deactivate
        core.staff.staff.reactivate
        core.staff.staff.update
        core.staff.two_factor.disable
        core.staff.units.close
        core.staff.units.create
        core.staff.units.reopen
        core.staff.units.update
    """,
    # An account that is linked with the owner.
    "rrrnarrnr": """
        core.staff.linked_accounts.unlink
    """,
    # A key of the owner.
    "rrrrarrnr": """
        core.staff.api_keys.revoke
    """,
}
