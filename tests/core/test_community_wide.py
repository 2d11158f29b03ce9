"""What concerns the whole community needs staff who see all of it, whatever their role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from qunce.activities.levels import badges
from qunce.activities.levels import schemes as level_schemes
from qunce.activities.points import liability, point_settings
from qunce.activities.points import rules as point_rules
from qunce.activities.prizes import prizes
from qunce.channels.accounts import accounts as channel_accounts
from qunce.channels.webhooks import endpoints
from qunce.core import exchange_rates, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import api_keys, staff, units
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_settings
from qunce.groups.moderation import moderation_settings
from qunce.importing.jobs import access
from qunce.insight.positioning import sheets
from qunce.insight.reports import consequences, report_settings, subscribers
from qunce.insight.typed_numbers import reminders
from qunce.insight.words import word_settings
from qunce.members.accounts import identity_settings, placeholders, suppression
from qunce.members.accounts.models import SharedIdentifier
from qunce.members.attributes import attributes, type_changes
from qunce.members.layers import layers
from qunce.members.message_texts import message_texts
from qunce.members.people import people, remark_names, shared_identifiers
from qunce.members.personal_links import links, page_views, portal_settings
from qunce.members.surveys import surveys
from qunce.members.tag_rules import tag_rules
from qunce.members.tags import duplicates, library, merges
from qunce.members.tags import groups as tag_groups
from qunce.outreach.campaigns import approvals
from qunce.outreach.care import budgets
from qunce.outreach.care import rules as care_rules
from qunce.outreach.contact_budget import limits, policies
from qunce.outreach.content_calendar import limits as calendar_limits
from qunce.outreach.group_templates import templates
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.playbooks import playbooks
from qunce.outreach.replies import reply_settings
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.service_styles import styles
from tests import factories
from tests.activities.levels import builders as level_builders
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db
VIP = {"tag": {"any": ["vip"]}}
SPEC = {"by": "rules", "layers": [{"key": "a", "rule": VIP}, {"key": "b"}]}
PLAYBOOK = {"entry": {"on": "fact", "fact": "member.joined"}, "steps": []}
Verb = Callable[[Any], Any]


def set_rate(c: Any) -> Any:
    usd = {"community": c.shop, "currency": "USD", "since": date(2026, 1, 1)}
    return exchange_rates.set_rate(**usd, rate=Decimal(7), **c.who)


def remove_rate(c: Any) -> Any:
    return exchange_rates.remove(
        community=c.shop, currency="EUR", since=date(2026, 1, 1), **c.who
    )


def update_identity(c: Any) -> Any:
    given: dict[str, Any] = {"region": c.shop.region, "shared_identifier_limit": 9}
    return identity_settings.update(community=c.shop, **given, **c.who)


def update_attribute(c: Any) -> Any:
    given: dict[str, Any] = {"label": "L", "section": "basic", "choices": []}
    return attributes.update(attribute=c.attribute, **given, **c.who)


def update_layering(c: Any) -> Any:
    return layers.update(layering=c.layering, spec=SPEC, default="b", **c.who)


def create_webhook(c: Any) -> Any:
    given: dict[str, Any] = {
        "name": "w",
        "url": "https://example.com/x",
        "kinds": ["order.paid"],
    }
    return endpoints.create(community=c.shop, **given, **c.who)


def create_key(c: Any) -> Any:
    given: dict[str, Any] = {"name": "k", "scopes": ["tags:read"]}
    return api_keys.create(staff=c.by, **given, **c.who)


def add_staff(c: Any) -> Any:
    return staff.add(
        login="new",
        name="New",
        role="viewer",
        password="correct horse battery",
        **c.who,
    )


def lift(c: Any) -> Any:
    return suppression.lift(community=c.shop, kind="key", value="gone", **c.who)


def update_group_template(c: Any) -> Any:
    content = {"card": {"whom": "all"}}
    return templates.update(template=c.group_template, content=content, **c.who)


def create_group_template(c: Any) -> Any:
    content = {"card": {"whom": "all"}}
    return templates.create(community=c.shop, name="x", content=content, **c.who)


VERBS: dict[str, list[Verb]] = {
    "group_templates.manage": [
        create_group_template,
        update_group_template,
        lambda c: templates.copy_setup(group=c.group, **c.who),
        lambda c: templates.archive(template=c.group_template, **c.who),
        lambda c: templates.restore(template=c.group_template, **c.who),
    ],
    "positioning.edit": [
        lambda c: sheets.save(community=c.shop, content={"reason": "New"}, **c.who)
    ],
    "reports.change_settings": [
        lambda c: report_settings.change(community=c.shop, keep_days=60, **c.who),
        lambda c: consequences.list_all(community=c.shop, keep_days=60, **c.who),
    ],
    "reports.set_subscribers": [
        lambda c: deliveries.list_latest(**c.who),
        lambda c: subscribers.list_all(by=c.by),
        lambda c: subscribers.list_choices(by=c.by),
        lambda c: subscribers.set_subscribers(
            community=c.shop, kind="weekly", roles=["owner"], staff=[], **c.who
        ),
    ],
    "typed_numbers.remind": [
        lambda c: reminders.set_hour(community=c.shop, hour=7, **c.who)
    ],
    "content_calendar.manage": [
        lambda c: calendar_limits.update(
            community=c.shop, limits=calendar_limits.Limits(2, 2), **c.who
        )
    ],
    "messages.set_retention": [
        lambda c: message_texts.set_retention(community=c.shop, days=30, **c.who)
    ],
    "words.edit": [
        lambda c: word_settings.change(community=c.shop, stop_words=["x"], **c.who)
    ],
    "jobs.manage": [
        lambda c: job_queue.retry(job=QueuedJob(pk=0, community_id=c.shop.pk), **c.who)
    ],
    "settings.exchange_rates": [set_rate, remove_rate],
    "members.edit_identity": [
        update_identity,
        lambda c: placeholders.add(community=c.shop, text="nix", **c.who),
        lambda c: placeholders.delete(placeholder=c.placeholder, **c.who),
        lambda c: shared_identifiers.unmark(shared=c.shared, **c.who),
    ],
    "members.lift_suppression": [lift],
    "attributes.manage": [
        lambda c: attributes.define(community=c.shop, name="x", type="text", **c.who),
        update_attribute,
        lambda c: type_changes.preview(attribute=c.attribute, type="text", **c.who),
        lambda c: type_changes.change_type(attribute=c.attribute, type="text", **c.who),
    ],
    "layers.manage": [
        lambda c: layers.create(community=c.shop, key="x", spec=SPEC, **c.who),
        update_layering,
        lambda c: layers.recompute(layering=c.layering, **c.who),
        lambda c: layers.archive(layering=c.layering, **c.who),
        lambda c: layers.restore(layering=c.archived_layering, **c.who),
    ],
    "tags.manage": [
        lambda c: library.create(community=c.shop, key="x", **c.who),
        lambda c: library.update(tag=c.tag, name="X", **c.who),
        lambda c: library.move(tag=c.tag, group=c.tag_group, **c.who),
        lambda c: library.set_owner(tag=c.tag, owner=c.boss, **c.who),
        lambda c: library.set_levels(tag=c.tag, levels=[], **c.who),
        lambda c: library.archive(tag=c.tag, **c.who),
        lambda c: library.restore(tag=c.archived_tag, **c.who),
        lambda c: library.add_synonym(tag=c.tag, key="y", **c.who),
        lambda c: merges.merge(tag=c.other_tag, into=c.tag, **c.who),
        lambda c: duplicates.dismiss(tag=c.tag, other=c.other_tag, **c.who),
        lambda c: tag_groups.create(community=c.shop, key="x", **c.who),
        lambda c: tag_groups.update(group=c.tag_group, name="X", **c.who),
    ],
    "remark_names.manage": [
        lambda c: remark_names.set_pattern(community=c.shop, text="{name}", **c.who)
    ],
    "service_styles.manage": [
        lambda c: styles.create(community=c.shop, name="x", **c.who),
        lambda c: styles.create_usual(community=c.shop, **c.who),
    ],
    "contact_budget.manage": [
        lambda c: policies.update(
            community=c.shop, budget=limits.DEFAULT, counts_assisted=True, **c.who
        )
    ],
    "hold_outs.manage": [
        lambda c: hold_outs.update(community=c.shop, per_mille=20, **c.who)
    ],
    "campaigns.manage_approval": [
        lambda c: approvals.set_from_size(community=c.shop, from_size=100, **c.who)
    ],
    "tag_rules.manage": [
        lambda c: tag_rules.create(
            community=c.shop,
            name="R",
            condition={"rule": {"all": []}},
            effects=[{"do": "add", "tag": c.tag.key}],
            mode="daily",
            **c.who,
        )
    ],
    "tag_rules.view": [lambda c: tag_rules.list_all(c.by)],
    "care.manage": [
        lambda c: care_rules.create(
            community=c.shop,
            name="C",
            occasion={"on": "joined"},
            text="Hi",
            staff=c.by,
            **c.who,
        )
    ],
    "care.manage_budget": [
        lambda c: budgets.set_amount(community=c.shop, amount=1, **c.who)
    ],
    "playbooks.manage": [
        lambda c: playbooks.create(
            community=c.shop, name="P", definition=PLAYBOOK, **c.who
        )
    ],
    "channels.manage": [lambda c: channel_accounts.list_accounts(c.by)],
    "complaints.settings": [
        lambda c: complaint_settings.change(
            community=c.shop, complaint_hours=3, **c.who
        )
    ],
    "moderation.manage": [
        lambda c: moderation_settings.update(community=c.shop, mode="propose", **c.who),
    ],
    "replies.settings": [
        lambda c: reply_settings.change(community=c.shop, answer_minutes=9, **c.who)
    ],
    "points.manage": [
        lambda c: point_rules.create(
            community=c.shop, name="P", event="review", points=5, **c.who
        ),
        lambda c: point_rules.list_all(c.by),
        lambda c: point_settings.update(community=c.shop, **c.who),
        lambda c: liability.load(**c.who),
    ],
    "portal.manage": [
        lambda c: portal_settings.configure(community=c.shop, is_open=True, **c.who),
        lambda c: page_views.list_results(**c.who),
        lambda c: links.revoke_purpose(community=c.shop, purpose="home", **c.who),
    ],
    "levels.manage": [
        lambda c: level_schemes.define(
            community=c.shop,
            wanted=level_schemes.SchemeInput(levels=(level_builders.SILVER,)),
            **c.who,
        ),
        lambda c: level_schemes.switch_off(community=c.shop, **c.who),
        lambda c: badges.create(community=c.shop, name="B", letters="B", **c.who),
    ],
    "surveys.manage": [
        lambda c: surveys.create(community=c.shop, name="S", **c.who),
        lambda c: surveys.publish(
            survey=surveys.create(
                community=c.shop,
                name="S",
                draft=[{"kind": "text", "text": "Q"}],
                by=c.by,
                at=AT,
            ),
            **c.who,
        ),
    ],
    "prizes.manage": [
        lambda c: prizes.create(
            community=c.shop, name="Pot", kind="goods", total=9, **c.who
        )
    ],
    "webhooks.manage": [create_webhook, lambda c: endpoints.list_endpoints(c.by)],
    "audit_log.view": [lambda c: audit.check_view(c.by)],
    "members.import": [lambda c: access.check_may_import(c.by)],
    "staff.manage": [
        add_staff,
        lambda c: units.create(community=c.shop, name="U", kind="front", **c.who),
        create_key,
    ],
}
"""Permission → verbs that need it."""
COMMAND_LINE = {"communities.manage", "settings.backup"}
"""Permissions that commands check, and that only owners have."""
OF_VIEWERS = {"care.view", "playbooks.view", "welcomes.view"}
"""Permissions of viewers, who are among LIMITED; staff with a scope see no playbook."""
LIMITED: dict[str, dict[str, Any]] = {
    "manager with a scope": {"role": "manager", "scope": {"all": []}},
    "manager of some groups": {"role": "manager", "groups": ["north"]},
    "operator with a scope": {"role": "operator", "scope": VIP},
    "viewer": {"role": "viewer"},
}


class Case:
    """A community with one object of each kind, and who acts."""

    def __init__(self, shop: Community, boss: Staff, by: Staff) -> None:
        self.shop, self.boss, self.by = shop, boss, by
        self.who = {"by": by, "at": LATER}
        owner: dict[str, Any] = {"by": boss, "at": AT}
        self.tag = factories.tag(shop, "vip")
        self.group = factories.group(shop, "setup", kind="vip")
        self.group_template = templates.create(
            community=shop, name="t", content={"details": {"kind": "vip"}}, **owner
        )
        self.other_tag = factories.tag(shop, "vap")
        self.tag_group = factories.tag_group(shop, "g")
        self.attribute = attributes.define(
            community=shop, name="n", type="number", **owner
        )
        self.layering = layers.create(community=shop, key="steps", spec=SPEC, **owner)
        self.archived_tag = factories.tag(shop, "old")
        library.archive(tag=self.archived_tag, **owner)
        self.archived_layering = layers.create(
            community=shop, key="old", spec=SPEC, **owner
        )
        layers.archive(layering=self.archived_layering, **owner)
        exchange_rates.set_rate(
            community=shop,
            currency="EUR",
            since=date(2026, 1, 1),
            rate=Decimal(8),
            **owner,
        )
        self.placeholder = placeholders.add(community=shop, text="nought", **owner)
        self.shared = SharedIdentifier.objects.create(
            community=shop,
            kind="phone",
            value="13800138000",
            account_count=7,
            found_at=AT,
        )
        people.erase(account=factories.member(shop, "gone"), **owner)


CASES = [
    pytest.param(verb, id=f"{permission}-{index}")
    for permission, verbs in VERBS.items()
    for index, verb in enumerate(verbs)
]


@pytest.mark.parametrize("verb", CASES)
def test_only_staff_who_see_the_whole_community_may(
    shop: Community, verb: Verb
) -> None:
    boss = factories.staff(shop, "owner", "boss")
    manager = factories.staff(shop, "manager", "max")
    case = Case(shop, boss, manager)
    for name, fields in LIMITED.items():
        case.by = factories.staff(shop, login=name, **fields)
        case.who["by"] = case.by
        with pytest.raises(permissions.NotAllowed):
            verb(case)
    case.by = case.who["by"] = manager
    verb(case)


def test_the_table_has_every_permission_of_the_whole_community() -> None:
    listed = set(permissions.list_community_wide())
    assert {*VERBS, *COMMAND_LINE, *OF_VIEWERS} == listed


def test_pages_ask_what_verbs_check(shop: Community) -> None:
    scoped = factories.staff(shop, "manager", "eve", scope={"all": []})
    manager = factories.staff(shop, "manager", "max")
    for permission in VERBS:
        assert permissions.may(manager, permission)
        assert not permissions.may(scoped, permission)
