"""S3: whatever text of whatever table quotes an erased person, nothing of it is left.

Every text field of every table is listed here: erased with the person's own rows, searched
for texts about them, or exempt for a reason.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from pyarrow import parquet
from pyroaring import BitMap

from qunce import ingest, reactions
from qunce.activities.draws.models import Draw
from qunce.core import personal_texts, timestamps
from qunce.core.backup import backups
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.personal_texts import ErasedPerson
from qunce.core.staff.models import Staff
from qunce.ingest import incoming_facts
from qunce.members.accounts import erased_texts, erasure
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.members.people.notes import Note
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, LATER

NAME, PHONE, ADDRESS = "欧阳测试甲", "13912345678", "幸福路8号3单元"
QUOTE = f"给{NAME}（{PHONE}）寄到{ADDRESS}"

OWN_ROWS = {
    "activities.Answer",
    "activities.Entry",
    "check_ins.CheckIn",
    "instant_draws.InstantTicket",
    "red_packets.RedPacketShare",
    "check_ins.MakeUpCard",
    "complaints.ComplaintMessage",
    "replies.AutomaticReply",
    "surveys.SurveyDraft",
    "replies.Conversation",
    "wishes.WishVoice",
    "members.Account",
    "prizes.PrizeAddress",
    "members.Identifier",
    "members.PastIdentifier",
    "members.ErasedText",
    "members.InCharge",
    "members.Tagging",
    "members.TagChange",
    "outreach.CareOccasion",
    "points.PointEntry",
    "outreach.OptOut",
    "outreach.Run",
    "outreach.RunEvent",
    "outreach.RunStep",
}
"""Tables whose rows about the person are cleared or deleted, and that quote nobody else."""
OWN_ERASERS = {
    "core.Fact": "mirror_erasure",
    "members.AttributeValue": "personal_values",
    "members.PastValue": "personal_values",
    "members.MessageText": "message_texts",
    "insight.WordDay": "word_days",
    "members.TypeChangeJob": "type_change_jobs",
    "sales.Order": "orders",
    "surveys.SurveyAnswer": "personal_sections",
    "surveys.SurveyConflict": "personal_sections",
    "importing.ImportProblem": "erased_people",
    "importing.ImportChange": "erased_people",
    "importing.ImportUndo": "erased_people",
    "api.StoredResponse": "idempotency",
}
"""Tables with erasers of their own, which have tests of their own as well."""
EXEMPT = {
    "activities.BudgetEntry": "keys of rows and states",
    "prizes.PrizeCode": "codes that staff upload, encrypted",
    "levels.LevelScheme": "periods and numbers",
    "polls.Ballot": "numbers of options",
    "instant_draws.InstantDraw": "terms that were published, and their hash",
    "instant_draws.DaySeed": "seeds and their hashes",
    "red_packets.RedPacket": "seeds and their hashes",
    "draws.FigureEntry": "digits of a published figure",
    "core.InternedName": "names of kinds, fields and sources",
    "core.FactKeyOverflow": "goes with its fact",
    "core.ReportedKind": "names of kinds and fields",
    "core.QueuedJob": "names of jobs, numbers of rows, errors of programs",
    "core.ApiKey": "staff and programs",
    "core.EntryLink": "staff",
    "core.CustomRole": "staff",
    "core.LoginAttempt": "staff",
    "core.ProviderAccount": "staff",
    "core.Session": "staff",
    "core.AuthenticatorApp": "staff",
    "core.Community": "the community itself",
    "channels_webhooks.Endpoint": "programs",
    "members.SharedIdentifier": "a hotline is nobody's own",
    "members.Suppression": "salted hashes",
    "members.SuppressionSecret": "salted hashes",
    "insight.ReportSubscribers": "roles and ids of staff",
    "outreach.CampaignTask": "ids only",
    "outreach.CareDay": "days and digests",
    "outreach.FollowedTemplate": "names of fields",
    "outreach.CalendarLimits": "numbers by content type",
    "outreach.ContactPolicy": "numbers and names of channels",
    "sales.ClosedOrder": "numbers of orders",
    "moderation.ShadowRun": "ids of messages",
    "moderation.LearnedModel": "hashes of parts of words, trained again each hour",
}
TEXTS = (models.CharField, models.TextField, models.JSONField)
SHORT = 30
"""Shorter fields have codes, digests and states; the quote would not fit either."""


def quotable(model: type[models.Model]) -> set[str]:
    return {
        field.name
        for field in model._meta.fields
        if isinstance(field, TEXTS)
        and not field.choices
        and not (field.max_length and field.max_length <= SHORT)
    }


def own_models() -> list[type[models.Model]]:
    found = [m for m in apps.get_models() if m.__module__.startswith("qunce.")]
    return sorted(found, key=lambda model: model._meta.label)


def test_every_table_with_texts_says_how_people_are_erased_from_it() -> None:
    said = {*OWN_ROWS, *OWN_ERASERS, *EXEMPT}
    searched = {model._meta.label for model in personal_texts.FIELDS}
    assert not said & searched
    with_texts = {model._meta.label for model in own_models() if quotable(model)}
    assert with_texts - searched - said - MACHINE_ONLY == set()
    assert searched <= with_texts


def test_every_text_of_a_searched_table_is_searched() -> None:
    for model, fields in personal_texts.FIELDS.items():
        exempt = EXEMPT_FIELDS.get(model._meta.label, "").split()
        assert quotable(model) == {*fields, *exempt} & quotable(model), model


MACHINE_ONLY = {
    "homework.Homework",
    "core.Revision",
    "core.ConsumerPosition",
    "core.ReportedKey",
    "core.ExchangeRate",
    "insight.ReportSettings",
    "sets.Position",
    "sets.Lineage",
    "sets.PersistedSet",
    "members.LayerRun",
    "members.LayerSet",
    "members.TagMerge",
    "members.ListLayout",
    "groups.Membership",
    "groups.Stay",
}
"""Tables that only programs write, with names of columns, states and counts."""


EXEMPT_FIELDS = {
    # The numbers of facts.
    "activities.Announcement": "fact_ids",
    "meetups.Meetup": "secret",
    # Names of uses that a member consents to.
    "posts.PostDraft": "uses",
    "levels.Badge": "key",
    "levels.Level": "key steps",
    "levels.MembershipPlan": "key",
    # Ids, and what goes with the address of an erased member.
    "prizes.Award": "public_id source_key carrier parcel_number",
    "prizes.PrizeStock": "kind",
    # Hashes and numbers, and what was published before anybody took part. It is never
    # changed, as the certificate would be wrong.
    "draws.Draw": (
        "seed figure_name terms terms_hash closing root removed signature public_value"
        " value revealed_seed"
    ),
    # The key of a topic of the community's own.
    "complaints.Complaint": "topic",
    # The key of a campaign.
    "wishes.Wish": "campaign",
    # Ids of groups.
    "replies.ReplyRule": "groups",
    "moderation.Ladder": "rungs",
    "moderation.MassAction": "accounts cases",
    "moderation.Action": "result lease",
    # Of our own accounts, and where the platform is read.
    "channels_accounts.ChannelAccount": "address cursor lease secret settings state user",
    "channels_accounts.MissedMessages": "group_key",
    # An eraser of its own keeps digests of muted members until they are unmuted.
    "channels_matrix.Room": "room_id writer open_rule muted",
    "insight.FindingReport": "view",
    "insight.FindingDecision": "action cell group_key outcome view",
    "outreach.ApplicationResult": "kept previous",
    "outreach.CareRule": "materials occasion",
    "core.Staff": "email login name password",
    "channels.IncomingEvent": "kind",
    "channels_webhooks.Delivery": "kind lease",
    "members.Attribute": "name",
    "members.TagGroup": "creator_roles pattern prefix",
    "members.Tag": "deepened_by",
    "members.TagBatch": "tags",
    "members.TagRuleRun": "causes",
    "members.TagJob": "depth",
    "members.Merge": "value",
    "members.LayerRun": "bounds unrated",
    "members.SavedView": "columns sort_by",
    "groups.Group": "kind",
    "entry.GroupRules": "accept_words",
    "overlaps.GroupSet": "may_overlap",
    "outreach.StoredFile": "digest media_type",
    "outreach.MaterialVersion": "app_id",
    "outreach.Idea": "source_key url_key",
    "outreach.Feed": "etag last_modified lease seen url_key",
    "outreach.LinkReading": "lease",
    "outreach.ServiceStyle": "limits playbooks",
    "outreach.Welcome": "groups materials",
    "outreach.Series": "groups",
    "outreach.Episode": "materials",
    "outreach.Campaign": "approved_digest excluded groups materials staff",
    "outreach.Message": "channel_message_id content lease",
    "importing.ImportJob": "counts digest key_scopes",
    "importing.Upload": "file",
    "importing.UndoRemainder": "subject",
    "insight.Report": "view",
}
"""Texts of searched tables: ids, codes, states, and names of staff and of columns.

The value of a merge and the subject of a remainder are cleared with the person's rows.
"""


class Rows:
    """Makes a row of any table, with a number where a text has to be unique."""

    def __init__(self, shop: Community, by: Staff) -> None:
        self.made: dict[type[models.Model], models.Model] = {Community: shop, Staff: by}
        self.numbers = itertools.count(1)

    def ensure(self, model: type[models.Model]) -> models.Model:
        if model not in self.made:
            values = {
                field.name: self.value(field)
                for field in model._meta.fields
                if field.is_relation or not field.primary_key
                if not field.has_default() and not field.null
            }
            self.made[model] = model._default_manager.create(**values)
        return self.made[model]

    def value(self, field: models.Field[Any, Any]) -> Any:
        if isinstance(field, models.ForeignKey):
            return self.ensure(field.related_model)
        if field.name == "community_id":
            return self.made[Community].pk
        if field.choices:
            return field.choices[0][0]
        if isinstance(field, models.JSONField):
            return {}
        if isinstance(field, models.BinaryField):
            return BitMap().serialize()
        if isinstance(field, models.BooleanField):
            return False
        if isinstance(field, timestamps.TimestampField):
            return AT
        if isinstance(field, models.DateField):
            return AT.date()
        if field.name == "left":
            return 0
        is_number = isinstance(field, models.IntegerField | models.DecimalField)
        return next(self.numbers) if is_number else f"t{next(self.numbers)}"


def plant(
    model: type[models.Model], row: models.Model, fields: tuple[str, ...]
) -> None:
    for name in fields:
        field = model._meta.get_field(name)
        quote: Any = QUOTE
        if isinstance(field, models.JSONField):
            quote = {"keys": [PHONE, "other"], "note": QUOTE, NAME: [{"at": ADDRESS}]}
        model._default_manager.filter(pk=row.pk).update(**{name: quote})


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_erased_person_is_left_in_any_byte(
    shop: Community, by: Staff
) -> None:
    person = factories.member(shop, "k-1", name=NAME, identifiers={"phone": PHONE})
    other = factories.member(shop, "k-2", name="Bob")
    for name, account, text in (("地址", person, ADDRESS), ("邀请人", other, QUOTE)):
        attribute = attributes.define(
            community=shop, name=name, type="text", by=by, at=AT
        )
        values = {account.pk: text}
        attributes.set_values(attribute=attribute, values=values, by=by, at=AT)
    report(shop, by, member="k-2", note=QUOTE, phone=int(PHONE), price="1.50")
    factories.order(shop, other.pk, key="gift", items=[{"name": QUOTE}])
    rows = Rows(shop, by)
    for model, fields in personal_texts.FIELDS.items():
        row = by if model is Staff else rows.ensure(model)
        plant(model, row, fields)
    deriver.catch_up()
    assert {PHONE, NAME, ADDRESS} <= found_in_home()

    people.erase(account=person, by=by, at=LATER)
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=LATER)
    for due in job_queue.claim(at=LATER + timedelta(minutes=1)):
        if due.job == people.SCRUB_JOB:
            erasure.scrub(due.key, at=LATER)
    backups.create(settings.HOME / "after.zip", at=LATER)
    assert found_in_home() == set()
    # The rest of each text stays.
    assert Note.objects.get().text == "给…（…）寄到…"
    assert Order.objects.get(key="gift").items == '[{"name":"给…（…）寄到…"}]'


def report(shop: Community, by: Staff, *, member: str, **payload: Any) -> None:
    fact = incoming_facts.IncomingFact(
        kind="card.sent", happened_at=AT, member=member, payload=payload
    )
    ingest.record_facts(community=shop, incoming=[fact], by=by, at=LATER)


def found_in_home() -> set[str]:
    """Which of the three texts any file of the home has, however it is packed."""
    return {
        text
        for content in contents_of_home()
        for text in (NAME, PHONE, ADDRESS)
        if text.encode() in content or json.dumps(text)[1:-1].encode() in content
    }


def contents_of_home() -> Iterator[bytes]:
    for path in settings.HOME.rglob("*"):
        if "shared" in path.parts or not path.is_file():
            continue
        if path.suffix == ".parquet":
            yield str(parquet.read_table(path).to_pylist()).encode()
        elif path.suffix == ".zip":
            manifest, copy = backups.read_manifest(path), path.with_suffix(".unpacked")
            backups.unpack(path, manifest, copy)
            yield copy.read_bytes()
            copy.unlink()
        else:
            yield path.read_bytes()


@pytest.mark.parametrize(
    ("fields", "community", "problem"),
    [
        (("nothing",), "activity__community_id", "names “nothing”"),
        (("drawn_at",), "activity__community_id", "names “drawn_at”"),
        (("terms",), "community_id", "path “community_id”"),
        (("terms",), "activity__kind", "path “activity__kind”"),
        (("terms",), "state__community_id", "path “state__community_id”"),
    ],
)
def test_wrong_declaration_is_refused_at_start(
    fields: tuple[str, ...], community: str, problem: str
) -> None:
    declared = dict(personal_texts.FIELDS)
    with pytest.raises(ImproperlyConfigured, match=problem):
        personal_texts.erased_in(*fields, community=community)(Draw)
    assert declared == personal_texts.FIELDS


def person(*texts: str, shared: frozenset[str] = frozenset()) -> ErasedPerson:
    return ErasedPerson(1, (7,), texts, AT, shared)


@pytest.mark.parametrize(
    ("texts", "content", "left"),
    [
        (["13800138000"], "call 13800138000!", "call …!"),
        (["13800138000"], "113800138000", "113800138000"),
        (["12", "ann"], "12 of ann", "12 of ann"),
        (["a-10000", "a-10000-b"], "a-10000-b", "…"),
        (["ann@x.org"], {"ANN@X.ORG": 1}, {"…": 1}),
        (["13800138000"], [13800138000, 5], ["…", 5]),
        (["李雷", "13800138000"], ["李雷", "13800138000"], ["…", "…"]),
        (["李雷", "13800138000"], ["李雷"], ["李雷"]),
        # A tag or a value of a rule may be called like a member or their key.
        (["regular"], {"tag": {"any": ["regular"]}}, {"tag": {"any": ["regular"]}}),
        (["12"], {"attr": {"in": ["12"]}}, {"attr": {"in": ["12"]}}),
        (["12"], {"members": {"keys": ["12", "3"]}}, {"members": {"keys": ["3"]}}),
        (
            ["12"],
            {"all": [{"members": {"keys": "12"}}]},
            {"all": [{"members": {"keys": []}}]},
        ),
    ],
)
def test_only_what_is_the_persons_own_is_removed(
    texts: list[str], content: Any, left: Any
) -> None:
    erased = person(*texts)
    assert erased.remove_from(content) == left
    assert erased.remove_from(left) == left


@pytest.mark.parametrize(
    ("texts", "content", "left"),
    [
        (["李雷"], "李雷的朋友", "…的朋友"),
        (["12", "ann"], "12 of ann", "12 of ann"),
        (["Ann Lee"], "ask ann lee", "ask …"),
    ],
)
def test_names_are_removed_from_sentences(
    texts: list[str], content: str, left: str
) -> None:
    assert person(*texts).remove_from(content, is_sentence=True) == left


def test_name_of_somebody_else_stays() -> None:
    erased = person("李雷", "13800138000", shared=frozenset({"李雷"}))
    assert erased.remove_from("李雷 13800138000", is_sentence=True) == "李雷 …"


@pytest.mark.django_db
def test_erasing_a_member_who_is_called_like_a_tag_changes_neither_tag_nor_rule(
    shop: Community, by: Staff
) -> None:
    tag = factories.tag(shop, "regulars", name="常客们")
    rule = {
        "any": [{"tag": {"any": ["regulars"]}}, {"members": {"keys": ["regulars"]}}]
    }
    account = factories.member(shop, "regulars", name="常客们")
    segment = factories.segment(shop, "s", rule, description="常客们，不含员工")
    erased = people.erase(account=account, by=by, at=LATER)
    erased_texts.erase(community_id=shop.pk, accounts=[erased], at=LATER)
    for row in (tag, segment):
        row.refresh_from_db()
    assert (tag.key, tag.name) == ("regulars", "常客们")
    assert segment.description == "常客们，不含员工"
    assert segment.rule == {
        "any": [{"tag": {"any": ["regulars"]}}, {"members": {"keys": []}}]
    }
