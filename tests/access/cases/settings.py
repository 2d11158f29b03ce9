"""How the sweep calls verbs: settings and staff."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from qunce.channels.webhooks import endpoints
from qunce.core import exchange_rates
from tests.access.cases.base import after, both, case, ids, just, one, using
from tests.two_communities import PASSWORD

RATE_KEY = using(
    lambda w: {
        "community": w.community,
        "currency": "USD",
        "since": w.at.date(),
    }
)
RATE = both(RATE_KEY, just(rate=Decimal(7)))

case(
    "core.exchange_rates",
    set_rate=RATE,
    remove=after(exchange_rates.set_rate, RATE, RATE_KEY),
    remove_all=after(exchange_rates.set_rate, RATE, just()),
)
case(
    "core.staff.api_keys",
    create=one("staff", name="Key", scopes=["members:read"]),
    revoke=one("key"),
)
case(
    "core.staff.entry_links",
    create=one("staff", role="operator", purpose="tasks", valid_for=timedelta(hours=1)),
    revoke=one("link=entry"),
    get=ids("pk", "entry"),
    list_all=just(),
)
case("core.jobs.job_queue", retry=one("job=queued"))
case("channels.inbox", retry=one("event"))
case("core.staff.linked_accounts", unlink=one("staff=linked"))
case("core.staff.passwords", set_temporary=one("staff", password=PASSWORD))
case("core.staff.provider_accounts", unlink=one("staff"))
case("core.staff.two_factor", disable=one("staff"))
case(
    "core.staff.roles",
    create=just(name="New", base="operator", chosen=["tags.apply"]),
    update=one("role", name="Newer", chosen=[]),
    delete=one("role"),
    get=ids("pk", "role"),
)
case(
    "core.staff.staff",
    add=just(login="new-one", name="New", role="operator", password=PASSWORD),
    update=one("staff", name="Newer"),
    deactivate=one("staff"),
    reactivate=one("staff"),
    require_two_factor=just(required=True),
    get_by_login=just(login="hired"),
    get=ids("pk", "staff"),
)
case(
    "core.staff.units",
    create=just(name="New", kind="local"),
    update=one("unit", name="Newer", kind="local", parent=None),
    close=one("unit"),
    reopen=one("unit"),
)
case(
    "channels.accounts.accounts",
    connect=just(channel="matrix", address="https://127.0.0.1:9", secret="new"),
    change_limit=one("account=channel account", per_minute=5),
    disconnect=one("account=channel account"),
    list_accounts=just(),
    get=just(channel="matrix"),
)
case(
    "channels.accounts.invitations",
    accept=one("account=channel account", key="!homely:homely.example"),
    refuse=one("account=channel account", key="!homely:homely.example"),
    ask_first=one("account=channel account", asks_first=True),
    list_of=one("account=channel account"),
)
case(
    "channels.accounts.member_sign_in",
    allow_frames=one("account=channel account", origins=["https://app.example.org"]),
)
case(
    "channels.accounts.missed_messages",
    list_open=just(),
    get=ids("pk", "missed"),
    note=one("missed"),
)
case(
    "channels.webhooks.deliveries",
    send_test=one("endpoint"),
    retry=one("delivery"),
)
case(
    "channels.webhooks.endpoints",
    create=just(name="New", url="https://hooks.example.com/new", kinds=["order.paid"]),
    update=one("endpoint", name="Newer"),
    renew_secret=one("endpoint"),
    pause=one("endpoint"),
    resume=after(endpoints.pause, one("endpoint")),
    delete=one("endpoint"),
    list_endpoints=just(),
    get=ids("pk", "endpoint"),
)
