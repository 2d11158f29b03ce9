"""What verbs of channels and webhooks answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Managers who see everything; the server calls no address of this machine.
    "rrrxxrrnr": """
        channels.accounts.accounts.connect
        channels.accounts.invitations.accept
        channels.accounts.invitations.refuse
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        channels.accounts.accounts.list_accounts
        channels.accounts.missed_messages.list_open
        channels.webhooks.endpoints.list_endpoints
    """,
    # Managers who see everything.
    "rrraarrnr": """
        channels.webhooks.deliveries.retry
        channels.webhooks.deliveries.send_test
        channels.accounts.accounts.change_limit
        channels.accounts.accounts.disconnect
        channels.accounts.accounts.get
        channels.accounts.invitations.ask_first
        channels.accounts.invitations.list_of
        channels.accounts.member_sign_in.allow_frames
        channels.accounts.missed_messages.get
        channels.accounts.missed_messages.note
        channels.webhooks.endpoints.create
        channels.webhooks.endpoints.delete
        channels.webhooks.endpoints.get
        channels.webhooks.endpoints.pause
        channels.webhooks.endpoints.renew_secret
        channels.webhooks.endpoints.resume
        channels.webhooks.endpoints.update
        channels.inbox.retry
    """,
}
