"""Builders of state for tests, through the verbs.

A builder takes the community (or the staff member who acts) first and has a default for
everything else. Members are named by account id or by key.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.importing import background_imports
from qunce.importing.jobs import uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import models as tag_models
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending, campaign_tasks, ledger
from qunce.sales import orders
from qunce.sales.models import Order
from qunce.sets import audiences

HOUR = timedelta(hours=1)
AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = AT + timedelta(days=1)
EVERYONE: dict[str, Any] = {"all": []}


def community(key: str = "shop", **fields: Any) -> Community:
    return communities.create(key=key, **{"at": AT, **fields})


def staff(
    of: Community,
    role: str = "owner",
    login: str = "ann",
    *,
    groups: list[str] | None = None,
    **fields: Any,
) -> Staff:
    created = staff_models.create(
        community=of, login=login, role=role, **{"at": AT, **fields}
    )
    if groups is not None:
        created.groups = created.own_groups = groups
        created.save(update_fields=["groups", "own_groups"])
    return created


def member(of: Community, key: str, **fields: Any) -> account_models.Account:
    by = staff_models.system(of)
    return accounts.create(
        **{"community": of, "key": key, "by": by, "at": AT, **fields}
    )


def members(of: Community, *keys: str, **fields: Any) -> list[int]:
    """Create a member per key and return the ids of their accounts."""
    return [member(of, key, **fields).pk for key in keys]


def named_members(of: Community, *keys: str) -> list[int]:
    """Create members whose names are their keys in title case."""
    return [member(of, key, name=key.title()).pk for key in keys]


def account_ids(of: Community, chosen: tuple[int | str, ...]) -> list[int]:
    return [
        one if isinstance(one, int) else account_queries.get(of, one).pk
        for one in chosen
    ]


def leave(of: Community, *keys: str, at: datetime = AT) -> None:
    for key in keys:
        account = account_queries.get(of, key)
        accounts.leave(account=account, by=staff_models.system(of), at=at)


def merge(of: Community, left: str, right: str, at: datetime = AT) -> None:
    left_account, right_account = (
        account_queries.get(of, key) for key in (left, right)
    )
    by = staff_models.system(of)
    people.merge(left=left_account, right=right_account, by=by, at=at)


def unmerge(of: Community, left: str, right: str, at: datetime = AT) -> None:
    """Undo the newest merge of two accounts."""
    left_account, right_account = (
        account_queries.get(of, key) for key in (left, right)
    )
    by = staff_models.system(of)
    people.unmerge(left=left_account, right=right_account, by=by, at=at)


def tag(
    of: Community, key: str, group: tag_models.TagGroup | None = None, **fields: Any
) -> tag_models.Tag:
    by = staff_models.system(of)
    return library.create(
        **{"community": of, "key": key, "group": group, "by": by, "at": AT, **fields}
    )


def tag_group(of: Community, key: str, **fields: Any) -> tag_models.TagGroup:
    by = staff_models.system(of)
    return tag_groups.create(community=of, key=key, by=by, at=AT, **fields)


def apply_tag(
    of: Community, key: str, *chosen: int | str, **fields: Any
) -> tag_models.TagBatch:
    """Apply a tag, which is created if it does not exist, to members."""
    by = staff_models.system(of)
    ensured = library.ensure(community=of, keys=[key], by=by, at=AT)
    return assignments.apply(
        tag=ensured[key],
        accounts=account_ids(of, chosen),
        **{"by": by, "at": AT, **fields},
    )


def group(
    of: Community, key: str = "north", *chosen: int | str, **fields: Any
) -> groups.Group:
    """Create a group with members."""
    by = staff_models.system(of)
    created = groups.create(
        **{"community": of, "key": key, "by": by, "at": AT, **fields}
    )
    if chosen:
        accounts = account_ids(of, chosen)
        groups.add_members(group=created, accounts=accounts, by=by, at=AT)
    return created


def segment(of: Community, key: str, rule: Any, **fields: Any) -> segments.Segment:
    by = staff_models.system(of)
    return segments.create(
        **{"community": of, "key": key, "rule": rule, "by": by, "at": AT, **fields}
    )


def order(
    of: Community,
    member: int | str | None,
    amount: int = 100,
    paid_at: datetime = AT,
    **fields: Any,
) -> Order:
    """Record a payment in the community's currency; orders get the keys o1, o2 …"""
    defaults: dict[str, Any] = {
        "key": f"o{Order.objects.count() + 1}",
        "currency": of.currency,
        "by": None,
        "at": paid_at,
    }
    (account,) = (None,) if member is None else account_ids(of, (member,))
    return orders.record_payment(
        community=of,
        account=account,
        amount=amount,
        paid_at=paid_at,
        **{**defaults, **fields},
    )


def refund(
    of: Community, key: str, amount: int | None = None, at: datetime = LATER
) -> Order:
    """Refund a part of an order, or all that is left of it."""
    return orders.refund(
        community=of, key=key, amount=amount, refunded_at=at, by=None, at=at
    )


def campaign(by: Staff, **fields: Any) -> Campaign:
    """Create a draft for everyone, whose only sender is `by`."""
    defaults: dict[str, Any] = {
        "name": "News",
        "text": "Hello {name|friend}",
        "rule": EVERYONE,
        "staff": [by.pk],
    }
    return campaigns.create(
        community=by.community, by=by, at=AT, **{**defaults, **fields}
    )


def started_campaign(by: Staff, **fields: Any) -> Campaign:
    created = campaign(by, **fields)
    launch.start(campaign=created, by=by, at=AT)
    return created


def task(of: Campaign, by: Staff) -> campaign_tasks.CampaignTask:
    """The task of a staff member in a started campaign."""
    found = campaign_tasks.CampaignTask.objects.select_related(
        "campaign__community", "staff"
    )
    return found.get(campaign=of, staff=by)


def open_recipients(of: Campaign, by: Staff, **fields: Any) -> list[str]:
    """Open the next recipients of a task and return the keys of all open ones."""
    rows = assisted_sending.open_next(task=task(of, by), by=by, at=AT, **fields)
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return [keys[row.target_id] for row in rows]


def recipient_states(of: Campaign) -> dict[str, str]:
    """State of each recipient by key, with the reason of skipped and failed ones."""
    rows = ledger.list_of(ledger.Origin.CAMPAIGN, of.pk)
    keys = account_queries.keys_by_id(of.community, [row.target_id for row in rows])
    return {
        keys[row.target_id]: f"{row.state}: {row.reason}" if row.reason else row.state
        for row in rows
    }


def upload(by: Staff, content: str | bytes, name: str = "members.csv") -> Upload:
    path = uploads.new_upload_path(by.community)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return uploads.accept(path=path, name=name, by=by, at=AT)


def import_job(by: Staff, content: str | bytes, **options: Any) -> ImportJob:
    """Start an import of a file with these changes of its options."""
    accepted = upload(by, content)
    uploads.change_options(upload=accepted, by=by, **options)
    return background_imports.start(upload=accepted, by=by, at=AT)


def matching_keys(
    of: Community, rule: Any, at: datetime = LATER, by: Staff | None = None
) -> list[str]:
    """Keys of the people who match a rule, in the order of their accounts."""
    asked: dict[str, Any] = {
        "community": of,
        "rule": rule,
        "by": by or staff_models.system(of),
        "at": at,
    }
    ids = audiences.list_ids(**asked)
    assert audiences.count(**asked) == len(ids)
    keys = account_queries.keys_by_id(of, ids)
    return [keys[account] for account in ids]


def recorded_fact(of: Community, kind: str, account: int | None) -> facts.RecordedFact:
    """A fact as reactions get it, of the moment `AT`."""
    return facts.RecordedFact(
        id=1,
        community=of.pk,
        kind=kind,
        account=account,
        group=None,
        happened_at=AT,
        recorded_at=AT,
        actor=None,
        source=None,
        payload={},
    )


def recorded_facts(of: Community, kind: str) -> list[tuple[int | None, dict[str, Any]]]:
    """Account and payload of each fact of a kind, in the order they were recorded."""
    ids = facts.ensure_kinds([kind])
    rows = facts.Fact.objects.filter(community_id=of.pk, kind_id=ids[kind])
    return [(row.account_id, facts.load(row.payload)) for row in rows.order_by("pk")]
