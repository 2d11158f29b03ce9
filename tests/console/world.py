"""Two communities, and one object of every kind that an address can name.

What only the one community holds is called Homely, what its scoped operator must not
see is called Hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from qunce.channels.webhooks import deliveries, endpoints
from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import api_keys, sessions, staff, units
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.importing import background_imports, uploads
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.layers import specs as layer_specs
from qunce.members.people import notes, people
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import groups as tag_groups
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.sending import assisted_sending, recipients, tasks
from qunce.sales import orders
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver

BACKEND = "django.contrib.auth.backends.ModelBackend"
PASSWORD = "correct horse battery"
SCOPE = {"tag": {"any": ["seen"]}}


@dataclass
class World:
    home: Community
    boss: Staff
    viewer: Staff
    scoped: Staff
    stranger: Staff
    at: datetime
    numbers: dict[str, int] = field(default_factory=dict)


def made(hidden: str = "Hidden", **given: Any) -> World:
    """`hidden` is how the hidden member and everything around her is called."""
    at = datetime.now(UTC) - timedelta(minutes=5)
    home = communities.create(key="home", at=at, language="en")
    other = communities.create(key="other", at=at, language="en")
    boss = _operator(home, "boss", "owner", at)
    world = World(
        home=home,
        boss=boss,
        viewer=_operator(home, "viewer", "viewer", at),
        scoped=_operator(home, "scoped", "manager", at, scope=SCOPE, groups=["open"]),
        stranger=_operator(other, "stranger", "owner", at),
        at=at,
    )
    _people(world, hidden)
    _around(world, hidden)
    _house(world)
    _sending(world)
    deriver.catch_up()
    _webhook(world)
    return world


def _operator(of: Community, login: str, role: str, at: datetime, **more: Any) -> Staff:
    made = staff_models.create(community=of, login=login, role=role, at=at, name=login)
    for name, value in more.items():
        setattr(made, name, value)
    made.save()
    return made


def _people(world: World, hidden: str) -> None:
    how: dict[str, Any] = {"by": world.boss, "at": world.at}
    shop = world.home
    seen = accounts.create(community=shop, key="seen", name="Homely Seen", **how)
    gone = accounts.create(
        community=shop,
        key="hidden-key",
        name=f"Homely {hidden} Member",
        identifiers={"phone": "13800009999"},
        **how,
    )
    twin = accounts.create(
        community=shop, key="hidden-twin", name=f"{hidden} Twin", **how
    )
    joined = people.merge(left=gone, right=twin, **how)
    group = tag_groups.create(community=shop, key="homely-group", **how)
    tag = library.create(
        community=shop, key="seen", name="Homely Tag", group=group, **how
    )
    other = library.create(community=shop, key="homely-other", **how)
    batch = assignments.apply(tag=tag, accounts=[seen.pk], **how)
    assignments.apply(tag=other, accounts=[gone.pk], **how)
    job = bulk_tagging.start(
        tag=other, action=bulk_tagging.APPLY, people=bitmaps.of([gone.pk]), **how
    )
    library.add_synonym(tag=tag, key="homely-synonym", **how)
    note = notes.create(
        account=gone,
        text=f"{hidden} Note",
        next_step=f"{hidden} Step",
        due_at=world.at + timedelta(1),
        **how,
    )
    world.numbers |= {
        "seen": seen.pk,
        "member": gone.pk,
        "twin": twin.pk,
        "join": joined.pk,
        "tag": tag.pk,
        "tag group": group.pk,
        "other tag": other.pk,
        "batch": batch.pk,
        "tag job": job.pk,
        "synonym": tag.synonyms.get().pk,
        "note": note.pk,
    }


def _around(world: World, hidden: str) -> None:
    how: dict[str, Any] = {"by": world.boss, "at": world.at}
    shop, gone = world.home, account_queries.get(world.home, "hidden-key")
    attribute = attributes.define(
        community=shop, name="homely", type="text", label="Homely Attribute", **how
    )
    attributes.set_values(
        attribute=attribute, values={gone.pk: f"{hidden} Value"}, **how
    )
    segment = segments.create(
        community=shop, key="homely", name="Homely Segment", rule=SCOPE, **how
    )
    frozen = frozen_segments.freeze(
        community=shop, key="homely-list", rule=SCOPE, **how
    )
    layering = layers.create(
        community=shop,
        key="homely",
        name="Homely Layering",
        spec=layer_specs.VALUE,
        **how,
    )
    layers.recompute(layering=layering, **how)
    open_one = groups.create(community=shop, key="open", name="Homely Open", **how)
    closed = groups.create(
        community=shop, key="closed", name=f"Homely {hidden} Group", **how
    )
    groups.add_members(group=closed, accounts=[gone.pk], **how)
    orders.record_payment(
        community=shop,
        key=f"{hidden}-Order",
        account=gone.pk,
        amount=9900,
        currency="CNY",
        paid_at=world.at,
        **how,
    )
    world.numbers |= {
        "attribute": attribute.pk,
        "segment": segment.pk,
        "frozen": frozen.pk,
        "layering": layering.pk,
        "open group": open_one.pk,
        "group": closed.pk,
        "order": orders.get(shop, f"{hidden}-Order").pk,
    }


def _house(world: World) -> None:
    how: dict[str, Any] = {"by": world.boss, "at": world.at}
    unit = units.create(community=world.home, name="Homely Unit", kind="local", **how)
    hired = staff.add(
        login="hired", name="Homely Hired", role="operator", password=PASSWORD, **how
    )
    key, _token = api_keys.create(
        name="Homely Key", scopes=["members:read"], staff=world.boss, **how
    )
    path = uploads.new_upload_path(world.home)
    path.write_text("key,name\nupl-1,Homely Upload\n")
    upload = uploads.accept(path=path, name="Homely.csv", **how)
    job = background_imports.start(upload=upload, **how)
    hook = endpoints.create(
        community=world.home,
        name="Homely Hook",
        url="https://hooks.example.com/homely",
        kinds=["order.paid"],
        **how,
    )
    delivery = deliveries.send_test(endpoint=hook, **how)
    world.numbers |= {
        "endpoint": hook.pk,
        "delivery": delivery.pk,
        "upload": upload.pk,
        "unit": unit.pk,
        "staff": hired.pk,
        "key": key.pk,
        "import": job.pk,
    }


def _sending(world: World) -> None:
    how: dict[str, Any] = {"by": world.boss, "at": world.at}
    deriver.catch_up()
    draft = campaigns.create(community=world.home, name="Homely Draft", **how)
    sent = campaigns.create(
        community=world.home,
        name="Homely Campaign",
        text="Hello {name}",
        rule={"all": []},
        staff=[world.boss.pk],
        skip_recently_contacted=False,
        **how,
    )
    launch.start(campaign=sent, **how)
    task = tasks.Task.objects.get(campaign=sent)
    assisted_sending.open_next(task=task, **how)
    hidden = world.numbers["member"]
    opt_outs.opt_out(community=world.home, accounts=[hidden], **how)
    assert recipients.Recipient.objects.filter(campaign=sent, target_id=hidden)
    world.numbers |= {"draft": draft.pk, "campaign": sent.pk, "task": task.pk}


def _webhook(world: World) -> None:
    how: dict[str, Any] = {"by": world.boss, "at": world.at}
    endpoint = endpoints.create(
        community=world.home,
        name="Homely Webhook",
        url="https://homely.example/hook",
        kinds=["coupon.redeemed"],
        **how,
    )
    delivery = deliveries.send_test(endpoint=endpoint, **how)
    world.numbers |= {"endpoint": endpoint.pk, "delivery": delivery.pk}


def browser(staff: Staff | None) -> Client:
    """Signed in the short way: the door has tests of its own."""
    client = Client(headers={"accept-language": "en"})
    if staff is not None:
        client.force_login(staff, backend=BACKEND)
        session = client.session
        now = datetime.now(UTC)
        sessions.start(session, address="192.0.2.1", agent="Tester", at=now)
        session.save()
    return client
