"""The export of a person's data has what every table holds about them."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from qunce import reactions
from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.groups import groups
from qunce.members.accounts.models import Account
from qunce.members.people import person_export
from qunce.outreach.care import budgets, days, rules
from qunce.outreach.playbooks import advancing, lifecycle, playbooks, run_entries
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.outreach.welcomes import welcomes
from tests import factories, two_communities
from tests.factories import AT, HOUR

SECTIONS = {
    "activities.Answer": "activity_answers",
    "activities.Entry": "activities",
    "activities.PastedLine": "pasted_lines",
    "check_ins.CheckIn": "check_ins",
    "check_ins.MakeUpCard": "make_up_cards",
    "complaints.Complaint": "complaints",
    "complaints.ComplaintMessage": "complaints",
    "core.Fact": "facts",
    "draws.Ticket": "draw_tickets",
    "draws.TicketGrant": "further_tickets",
    "entry.EntryRequest": "entry_requests",
    "entry.RulesAcceptance": "accepted_rules",
    "games.GameAnswer": "game_answers",
    "games.GameResult": "game_results",
    "groups.Membership": "groups",
    "groups.Stay": "groups",
    "lists.ListEntry": "list_entries",
    "members.Account": "accounts",
    "members.AttributeValue": "attributes",
    "members.Consent": "consents",
    "members.Identifier": "identifiers",
    "members.InCharge": "staff_in_charge",
    "members.MessageText": "written_messages",
    "members.Note": "notes",
    "members.PastIdentifier": "identifiers",
    "members.PastValue": "attributes",
    "members.Tagging": "tags",
    "polls.Ballot": "votes",
    "tiered_tasks.ReachedTier": "reached_tiers",
    "posts.Post": "posts",
    "posts.PostDraft": "post_drafts",
    "topics.TopicReply": "topic_replies",
    "topics.TopicReward": "topic_rewards",
    "moderation.Action": "moderation_actions",
    "moderation.Appeal": "appeals",
    "moderation.Case": "moderation_cases",
    "moderation.MemberReport": "reported_messages",
    "moderation.Strike": "strikes",
    "outreach.CareOccasion": "care",
    "outreach.Message": "messages",
    "outreach.OptOut": "opt_outs",
    "outreach.Run": "playbook_runs",
    "outreach.TaskTarget": "staff_tasks",
    "outreach.WelcomeDecision": "welcomes",
    "overlaps.CleanUpItem": "clean_ups",
    "personal_links.ErasureRequest": "erasure_requests",
    "personal_links.LinkBinding": "personal_links",
    "personal_links.PageView": "page_views",
    "personal_links.SharedPage": "shared_pages",
    "personal_links.SignIn": "sign_ins",
    "points.LeaderboardOptOut": "leaderboard_opt_outs",
    "points.PointAccount": "points_owed",
    "points.PointAdjustment": "points_by_hand",
    "points.PointEntry": "points",
    "points.PointLot": "points",
    "prizes.Award": "prizes",
    "replies.AutomaticReply": "automatic_replies",
    "replies.Conversation": "conversations",
    "sales.Order": "orders",
    "wishes.WishVoice": "wishes",
    "auctions.Bid": "bids",
    "flash_sales.Reservation": "flash_sale_reservations",
    "flash_sales.Waiter": "flash_sale_waitlists",
    "instant_draws.InstantTicket": "instant_tickets",
    "levels.BadgeAward": "badges",
    "levels.LevelGift": "level_gifts",
    "levels.MembershipTerm": "memberships",
    "mall.Redemption": "redemptions",
    "homework.Submission": "homework",
    "homework.PeerReview": "homework_reviews",
    "homework.Comment": "homework_comments",
    "meetups.SignUp": "meet_ups",
    "live_sessions.LiveReservation": "live_reservations",
    "live_sessions.LiveAttendance": "live_attendances",
    "live_sessions.ReplayView": "replay_views",
    "red_packets.RedPacketShare": "red_packets",
    "surveys.SurveyAnswered": "anonymous_surveys",
    "surveys.SurveyConflict": "survey_conflicts",
    "surveys.SurveyDraft": "survey_drafts",
    "surveys.SurveyPicture": "survey_pictures",
    "surveys.SurveyResponse": "survey_answers",
}
"""Table → the file that has its rows of a person."""
ELSEWHERE = {
    "channels_accounts.MissedMessages": "of an account of ours, not of a member",
    "channels_matrix.Room": "of the account; its direct chats and mutes are exported",
    "channels_webhooks.Delivery": "copies of facts on their way",
    "core.AuditEntry": "what staff did; the facts about the person are in the export",
    "members.HandOverChange": "kept to undo a hand-over, whose facts are in the export",
    "members.StaffAccount": "says which staff the person is, who see it themselves",
    "moderation_notices.Notice": "says what a message is about, which is in the export",
    "personal_links.ChannelProof": "digests of tokens; the sign-ins are in the export",
    "personal_links.LinkRevocation": "what staff did; the links in the export say it",
    "personal_links.SignInCode": "hashes of digits, kept for a day",
    "points.ExpiryNotice": "that points.expiring was recorded, which is in the export",
    "points.PointScore": "sums by period of the entries in the export",
    "members.TagChange": "kept to undo a batch, whose facts are in the export",
}
DERIVED = "sets"
"""Computed from the other tables."""


def names_a_person(model: type[models.Model]) -> bool:
    names = {field.attname for field in model._meta.concrete_fields}
    return model is Account or bool(names & {"account_id", "target_id"})


def test_every_table_about_people_has_its_file() -> None:
    found = {
        model._meta.label
        for model in apps.get_models()
        if names_a_person(model) and model._meta.app_label != DERIVED
    }
    assert found == set(SECTIONS) | set(ELSEWHERE)
    assert set(SECTIONS.values()) <= set(person_export._sections)


def export(shop: Community, account: int) -> dict[str, Any]:
    owner = factories.staff(shop, "owner", "olga")
    data = person_export.export(account=account, by=owner, at=AT + HOUR)
    with zipfile.ZipFile(io.BytesIO(data.to_zip())) as archive:
        return {
            name.removesuffix(".json"): json.loads(archive.read(name))
            for name in archive.namelist()
        }


@pytest.mark.django_db(transaction=True)
def test_care_welcomes_and_playbooks_are_in_the_archive(shop: Community) -> None:
    by = factories.staff(shop, "manager", "ann", name="Ann")
    channel_contract.register(FakeChannel())
    budgets.set_amount(community=shop, amount=1_000, by=by, at=AT)
    joined = {"on": "joined", "unit": "days", "numbers": [1]}
    values: dict[str, Any] = {"occasion": joined, "staff": by, "by": by, "at": AT}
    wish = {"name": "One day", "text": "For {name|you}"}
    gift = {"name": "Tea", "text": "A cup", "action": "task", "amount": 100}
    for fields in (wish, gift):
        rule = rules.create(community=shop, **values, **fields)
        rules.start(rule=rule, by=by, at=AT)
    welcome = welcomes.create(
        community=shop,
        name="Hello",
        text="Hello",
        is_for_others=True,
        staff=by,
        by=by,
        at=AT,
    )
    welcomes.switch_on(welcome=welcome, by=by, at=AT)
    step = {"id": "a", "kind": "send", "text": "Hi", "channel": "fake"}
    definition = {
        "entry": {"on": "fact", "fact": "order.paid"},
        "steps": [{**step, "purpose": "service"}],
    }
    playbook = playbooks.create(
        community=shop, name="First days", definition=definition, by=by, at=AT
    )
    lifecycle.switch_on(playbook=playbook, choice=Choice(), by=by, at=AT)
    account = factories.member(shop, "bob", channel="fake", at=AT).pk
    factories.member(shop, "eve", channel="fake", at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    run_entries.add_pending(playbook, [NewRun(account, "fact:1", AT)], AT)
    advancing.advance_all(at=AT)
    days.poll_all(at=AT + timedelta(days=1))
    found = export(shop, account)
    channel_contract.unregister("fake")
    care = [
        (row["name"], row["message"], row["gift"], row["amount"])
        for row in found["care"]
    ]
    assert sorted(care) == [("One day", "For you", "", 0), ("Tea", "", "A cup", 100)]
    assert {row["state"] for row in found["care"]} == {"planned"}
    (decision,) = found["welcomes"]
    assert (decision["name"], decision["account_id"]) == ("Hello", account)
    (run,) = found["playbook_runs"]
    assert (run["name"], run["ending"]) == ("First days", "done")
    assert [step["step"] for step in run["steps"]] == ["a"]


@pytest.mark.django_db
def test_each_stay_in_a_group_is_in_the_archive(shop: Community) -> None:
    by = factories.staff(shop, "manager", "ann")
    account = factories.member(shop, "bob").pk
    north = factories.group(shop, "north", account)
    changes: dict[str, Any] = {"group": north, "accounts": [account], "by": by}
    groups.remove_members(**changes, at=AT + HOUR)
    groups.add_members(**changes, at=AT + 2 * HOUR)
    stays = export(shop, account)["groups"]
    assert [(stay["present"], stay["left_at"]) for stay in stays] == [
        (True, None),
        (False, (AT + HOUR).isoformat()),
    ]


@pytest.mark.django_db
def test_moderation_lists_and_entry_are_in_the_archive() -> None:
    data = two_communities.build()
    member = data.ids["member"]
    exported = person_export.export(account=member, by=data.owner, at=data.at + HOUR)
    sections = exported.sections

    (case,) = sections["moderation_cases"]
    assert (case["text"], case["rung"]) == ("Homely xyzzy", "warn")
    assert sections["appeals"][0]["text"] == "appeal: Homely"
    (entry,) = sections["list_entries"]
    assert (entry["list_name"], entry["groups"]) == ("black", ["Homely Hidden Group"])
    assert entry["reason"] == "Homely reason"
    assert sections["entry_requests"][0]["group__name"] == "Homely Hidden Group"
    assert sections["complaints"][0]["title"] == "Homely case"
    assert sections["wishes"][0]["wish__title"] == "Homely wish"

    other = person_export.export(
        account=data.ids["seen"], by=data.owner, at=data.at + HOUR
    )
    names = ("moderation_cases", "appeals", "list_entries", "entry_requests")
    assert [other.sections[name] for name in names] == [[], [], [], []]
