"""Recipes for extending Qunce: which files have to be touched, and nothing else."""

from __future__ import annotations

import dataclasses
import hmac
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, include, path, reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pyroaring import BitMap
from pytest_django import Settings

from docs import columns, kinds
from qunce import channels, console, ingest, schedule
from qunce.channels import channel_contract as channel_base
from qunce.channels import inbox
from qunce.channels.channel_contract import (
    Capabilities,
    DeliveryStatus,
    Message,
    Outcome,
)
from qunce.console import http, navigation
from qunce.console.importing import labels as import_labels
from qunce.console.segments.clause_forms import base as clause_forms
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.core import errors, revisions
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.groups import groups
from qunce.groups import visibility as group_visibility
from qunce.importing import background_imports, pipeline, target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.files import heading_rows
from qunce.importing.jobs import uploads
from qunce.importing.plan.options import VALID_ROWS
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.target_registry import Field
from qunce.importing.targets.tags import TagTarget
from qunce.importing.targets.tags import writer as tag_rows
from qunce.ingest import IncomingFact
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import METRICS
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.recipients import Recipient
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules import base, phrasing
from qunce.sets.rules.base import Clause, Declaration, RulePath
from tests import factories
from tests.clients import browser
from tests.console import view_urls
from tests.contracts.test_channels import CHANNELS as CONTRACT_CHANNELS
from tests.factories import AT, LATER
from tests.oracle import metrics as oracle_metrics
from tests.oracle.clauses import CLAUSES

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery
    from qunce.sets.rules.phrasing import Names, Pieces
    from qunce.sets.rules.snapshots import Snapshot

ROOT = Path(__file__).parents[1]
ATTRIBUTE_TYPES = {"points": "number", "birthday": "date"}
LAYERS = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "middle", "rule": {"tag": {"any": ["tea"]}}},
        {"key": "low"},
    ],
}


def examples_of(declaration: type[Declaration]) -> list[Any]:
    return [{declaration.name: args} for args in declaration.examples]


EXAMPLES = [
    pytest.param(example, id=json.dumps(example))
    for declaration in base.DECLARATIONS.values()
    for example in examples_of(declaration)
]


@pytest.fixture
def shop(db: None) -> Community:
    """A community with everything that the examples of clauses mention."""
    shop = factories.community(language="en")
    about: dict[str, Any] = {
        "community": shop,
        "by": factories.staff(shop, login="setup"),
        "at": AT,
    }
    factories.members(shop, "a1", "a2")
    factories.tag(shop, "vip")
    factories.tag(shop, "tea")
    layers.create(key="value", spec=LAYERS, default="low", **about)
    mentioned = {
        mention
        for declaration in base.DECLARATIONS.values()
        for example in examples_of(declaration)
        for mention in base.list_mentions(example)
    }
    for kind, key in sorted(mentioned):
        if kind == "group":
            groups.create(key=key, **about)
        elif kind == "attr":
            attribute_type = ATTRIBUTE_TYPES.get(key, "text")
            attributes.define(name=key, type=attribute_type, **about)
        elif kind == "segment":
            segments.create(key=key, rule={"all": []}, **about)
        elif kind == "frozen":
            frozen_segments.freeze(key=key, rule={"all": []}, **about)
        elif kind == "source":
            interned_names.ensure("source", shop.pk, [key])
        elif kind == "kind":
            facts.ensure_kinds([key])
    return shop


# The recipe for a clause: one domain file, one form, one row in tests/oracle/clauses.py,
# translations.


def test_clause_names_are_those_of_forms_and_of_oracle_rows() -> None:
    names = set(base.DECLARATIONS)
    assert names >= {"tag", "segment", "opted_out"}
    assert set(clause_forms.FORMS) == {*names, "json"}
    assert set(CLAUSES) == names


@pytest.mark.parametrize("name", sorted(base.DECLARATIONS))
def test_clause_has_a_description_and_examples_of_every_field(name: str) -> None:
    declaration = base.DECLARATIONS[name]
    assert declaration.description.endswith(".")
    shown = {field for args in declaration.examples for field in args}
    assert shown == set(declaration.fields)


@pytest.mark.parametrize("example", EXAMPLES)
def test_clause_example_is_valid(shop: Community, example: Any) -> None:
    by = factories.staff(shop)
    rule = {"with_left": example}
    assert audiences.count(community=shop, rule=rule, by=by, at=LATER) >= 0
    (name,) = example
    for field in example[name]:
        broken = {name: {**example[name], field: {"?": 1}}}
        with pytest.raises(base.RuleError):
            audiences.check(community=shop, rule=broken)


@pytest.mark.parametrize("example", EXAMPLES)
def test_clause_example_reads_in_both_languages(shop: Community, example: Any) -> None:
    names = rule_names.find(shop, example)
    pieces = sentences.describe(example, names)
    assert phrasing.to_text(pieces).startswith("everyone who ")
    assert [piece.text for piece in pieces if piece.kind == "unknown"] == []
    with translation.override("zh-hans"):
        chinese = sentences.describe(example, names)
    text = "".join(piece.text for piece in chinese if piece.kind == "text")
    assert text
    assert not [letter for letter in text if letter.isascii() and letter.isalpha()]


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(base, "DECLARATIONS", dict(base.DECLARATIONS))
    monkeypatch.setattr(clause_forms, "FORMS", dict(clause_forms.FORMS))


@pytest.fixture
def even_clause(registries: None) -> type[Clause]:
    """A clause and its form, written as the recipe says, and nothing else."""

    @base.register
    @dataclass(frozen=True)
    class EvenClause(Clause):
        name: ClassVar[str] = "even"
        description: ClassVar[str] = "Members whose number is even."
        fields: ClassVar[tuple[str, ...]] = ("of",)
        examples: ClassVar[tuple[dict[str, Any], ...]] = ({"of": "number"},)

        @classmethod
        def parse(cls, args: Any, path: RulePath) -> EvenClause:
            base.check_fields(args, path, cls.fields)
            return cls()

        @classmethod
        def phrase(cls, args: Any, names: Names) -> Pieces:
            return phrasing.plain(f"has an even {args['of']}")

        def dependencies(self) -> Iterable[revisions.Key]:
            return ()

        def resolve(self, snap: Snapshot) -> BitMap:
            people = snap.everyone(with_left=True)
            return BitMap(pk for pk in people if pk % 2 == 0)

        def explain(self, snap: Snapshot, person: int) -> str:
            return f"number: {person}"

    class EvenForm(ClauseForm):
        name = "even"
        label = "Even number"
        icon = "hashtag"
        order = 15

        @classmethod
        def to_fields(cls, args: Any) -> dict[str, Any]:
            return {}

        def from_fields(self, cleaned: dict[str, Any]) -> Any:
            return {"of": "number"}

        def set_up(self) -> None:
            self.fields["of"] = forms.CharField(required=False)

    return EvenClause


EVEN = {"even": {"of": "number"}}


def test_new_clause_is_in_the_menu_of_the_builder(
    shop: Community, even_clause: type[Clause]
) -> None:
    names = [form.name for form in clause_forms.list_forms()]
    assert names[:3] == ["tag", "even", "did"]
    web = browser(factories.staff(shop))
    page = web.get("/members/segments/new/").content.decode()
    assert 'value="add::even"' in page
    assert "Even number" in page
    data = {"rule": '{"all": []}', "open": "+:even", "do": "done"}
    page = web.post("/members/segments/new/rule/", data).content.decode()
    assert "has an even number" in page
    members = audiences.list_ids(
        community=shop, rule=EVEN, by=factories.staff(shop, login="bob"), at=LATER
    )
    assert len(members) == 1


def test_new_clause_is_in_the_reference(even_clause: type[Clause]) -> None:
    page = kinds.clauses()
    assert "### `even`\n\nMembers whose number is even.\n\nFields: `of`\n" in page
    assert json.dumps(EVEN) in page


def test_new_clause_reads_in_sentences(even_clause: type[Clause]) -> None:
    assert sentences.to_text(EVEN, {}) == "everyone who has an even number"
    with pytest.raises(base.RuleError, match=r"Available clauses: .*even"):
        base.get("odd", RulePath(Community()))


def test_clause_is_unknown_without_its_declaration() -> None:
    assert "even" not in base.DECLARATIONS
    assert "even" not in kinds.clauses()
    assert sentences.to_text(EVEN, {}) == f"everyone who {json.dumps(EVEN)}"


# The recipe for a channel: a folder (channel, README; payloads and view for what comes
# in), one registry line, a line in tests/contracts/test_channels.py, translations.

CHANNEL_FOLDERS = sorted(
    path.parent
    for path in Path(channels.__path__[0]).glob("*/__init__.py")
    if path.parent.name not in ("migrations", "webhooks")
)
README_ROWS = (
    "Sends to",
    "Needs a person",
    "Idempotent sends",
    "Receipts",
    "Incoming events",
    "Settings",
)


def test_channel_folders_are_found() -> None:
    names = {folder.name for folder in CHANNEL_FOLDERS}
    assert {"assisted", "testing"} <= names


@pytest.mark.parametrize("folder", CHANNEL_FOLDERS, ids=lambda folder: folder.name)
def test_channel_folder_has_a_readme_with_its_capabilities(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert [row for row in README_ROWS if f"| {row} |" not in readme] == []


def test_channels_are_registered_and_covered_by_the_contract() -> None:
    registered = {channel.name for channel in channel_base.list_channels()}
    folders = {folder.name for folder in CHANNEL_FOLDERS}
    assert registered == folders - {"testing"}
    covered = {create().name for create in CONTRACT_CHANNELS.values()}
    assert registered <= covered


@dataclass
class EchoChannel:
    """A channel as step 1 describes it. Its platform is a list."""

    name: ClassVar[str] = "echo"
    label: ClassVar[str] = "Echo"
    capabilities: ClassVar[Capabilities] = Capabilities(to_member=True)
    posts: list[Message] = dataclasses.field(default_factory=list)

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        self.posts.extend(messages)
        return [Outcome(status=DeliveryStatus.ACCEPTED) for _message in messages]


ECHO_SECRET = "echo-secret"


@csrf_exempt
@require_POST
def receive_echo(request: HttpRequest, community_key: str) -> HttpResponse:
    """The view of step 6, with the payloads of step 5."""
    signature = hmac.new(ECHO_SECRET.encode(), request.body, "sha256").hexdigest()
    if not hmac.compare_digest(signature, request.headers.get("Echo-Signature", "")):
        return HttpResponse(status=403)
    for event in json.loads(request.body):
        inbox.receive(
            community=Community.objects.get(key=community_key),
            channel=EchoChannel.name,
            key=event["id"],
            kind=event["kind"],
            payload=event["payload"],
            at=LATER,
        )
    return HttpResponse()


@pytest.fixture
def echo(settings: Settings) -> Iterator[EchoChannel]:
    """The channel and its URL, registered as steps 3 and 7 say."""
    urlconf = ModuleType("echo_urls")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("channels/echo/<str:community_key>/", receive_echo),
        path("", include("qunce.urls")),
    ]
    settings.ROOT_URLCONF = urlconf
    channel = EchoChannel()
    channel_base.register(channel)
    yield channel
    channel_base.unregister(channel.name)


def post_events(shop: Community, *events: dict[str, Any], secret: str) -> int:
    """Post events as the platform would, run the scheduler's job, return the status."""
    body = json.dumps(events).encode()
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    response = Client(enforce_csrf_checks=True).post(
        f"/channels/echo/{shop.key}/",
        body,
        content_type="application/json",
        headers={"Echo-Signature": signature},
    )
    schedule.process_inbox(at=LATER)
    return response.status_code


@pytest.fixture
def echo_shop(db: None) -> Community:
    return factories.community(language="en")


def start_campaign(shop: Community) -> Campaign:
    by = factories.staff(shop)
    campaign = campaigns.create(
        community=shop,
        name="News",
        text="Hello {name|friend}",
        rule={"all": []},
        channel="echo",
        by=by,
        at=AT,
    )
    launch.start(campaign=campaign, by=by, at=AT)
    return campaign


def states(campaign: Campaign) -> list[str]:
    rows = Recipient.objects.filter(campaign=campaign).order_by("target_id")
    return [row.state for row in rows]


def test_new_channel_sends_campaigns_and_takes_receipts(
    echo_shop: Community, echo: EchoChannel
) -> None:
    ann = factories.member(echo_shop, "ann", name="Ann", channel="echo")
    factories.member(echo_shop, "bob", name="Bob")  # has no account in this channel
    campaign = start_campaign(echo_shop)
    schedule.SCHEDULE["campaigns.send"].run(at=AT)
    assert [(post.to, post.text) for post in echo.posts] == [("ann", "Hello Ann")]
    assert states(campaign) == ["accepted", "skipped"]
    receipt = {
        "id": "r1",
        "kind": "receipt",
        "payload": {"message": echo.posts[0].key, "state": "delivered"},
    }
    assert post_events(echo_shop, receipt, secret="forged") == 403
    assert states(campaign) == ["accepted", "skipped"]
    for _time in range(2):
        assert post_events(echo_shop, receipt, secret=ECHO_SECRET) == 200
    assert states(campaign) == ["delivered", "skipped"]
    recorded = factories.recorded_facts(echo_shop, "send.delivered")
    assert [account for account, _payload in recorded] == [ann.pk]


def test_new_channel_takes_messages_and_opt_outs(
    echo_shop: Community, echo: EchoChannel
) -> None:
    message = {
        "id": "m1",
        "kind": "message",
        "payload": {"from": "zoe", "text": "hello"},
    }
    opt_out = {"id": "o1", "kind": "opt_out", "payload": {"from": "zoe"}}
    assert post_events(echo_shop, message, secret=ECHO_SECRET) == 200
    everyone: dict[str, Any] = {"all": []}
    assert factories.matching_keys(echo_shop, everyone) == ["zoe"]
    opted_out = {"opted_out": {"of": "messages"}}
    assert factories.matching_keys(echo_shop, opted_out) == []
    assert post_events(echo_shop, opt_out, secret=ECHO_SECRET) == 200
    assert factories.matching_keys(echo_shop, opted_out) == ["zoe"]
    assert not inbox.pending().exists()


def test_new_channel_can_be_chosen_for_campaigns(
    echo_shop: Community, echo: EchoChannel
) -> None:
    web = browser(factories.staff(echo_shop))
    assert "Echo" in web.get("/outreach/new/").content.decode()
    channel_base.unregister("echo")
    assert "Echo" not in web.get("/outreach/new/").content.decode()
    channel_base.register(echo)


def test_channel_is_unknown_without_its_registry_line(echo_shop: Community) -> None:
    with pytest.raises(channel_base.ChannelNotFound):
        start_campaign(echo_shop)


# The recipe for an import column: a field in the file of its target, the line of the
# writer that uses it, translations.

IMPORT_FIELDS = [
    pytest.param(target, field, id=f"{target.key}-{field.name}")
    for target in target_registry.list_all()
    for field in target.fields
]


@pytest.mark.parametrize(("target", "field"), IMPORT_FIELDS)
def test_import_column_declares_its_label_type_and_headings(
    target: target_registry.Target, field: Field
) -> None:
    assert field.label
    assert field.type in columns.TYPES
    assert field.type in import_labels.TYPE_LABELS
    others = [other for other in target.fields if other is not field]
    known = {
        heading_rows.normalise(heading)
        for other in others
        for heading in (other.name, *other.headings.split())
    }
    for heading in (field.name, *field.headings.split()):
        assert heading_rows.normalise(heading) not in known


def test_labels_of_import_columns_are_in_the_files_of_targets_only() -> None:
    label = "Order number"
    files = [
        path
        for path in (ROOT / "qunce").rglob("*.py")
        if f'"{label}"' in path.read_text()
    ]
    assert files == [ROOT / "qunce/importing/targets/orders/__init__.py"]


class NoteTooLong(errors.Invalid):
    """A note has at most 10 characters."""


def check_note(text: str) -> str:
    if len(text) > 10:
        raise NoteTooLong("Use at most 10 characters.")
    return text.lower()


@pytest.fixture
def written_notes(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Adds a column to the import of tags, as the recipe says, and nothing else."""
    written: list[str | None] = []

    class NotedTagWriter(tag_rows.TagRowWriter):
        def load(self, chunk: ParsedChunk) -> int:
            written.extend(chunk.get("note").to_pylist())
            return super().load(chunk)

    note = Field("note", "text", "Reason for the tag", "原因 why", check_note)
    monkeypatch.setattr(TagTarget, "fields", (*TagTarget.fields, note))
    monkeypatch.setattr(tag_rows, "TagRowWriter", NotedTagWriter)
    return written


def upload_file(shop: Community, text: str) -> uploads.Upload:
    path = uploads.new_upload_path(shop)
    path.write_text(text)
    by = factories.staff(shop)
    return uploads.accept(path=path, name="tags.csv", by=by, at=AT)


@pytest.mark.django_db
def test_new_import_column_is_offered_previewed_checked_and_written(
    settings: Settings, tmp_path: Path, written_notes: list[str | None]
) -> None:
    settings.HOME = tmp_path
    shop = factories.community(language="en")
    text = "member_key,tag,WHY\na1,tea,Asked\na2,tea,far too long a note\na3,tea,\n"
    upload = upload_file(shop, text)
    assert upload.options["target"] == "tags"
    page = (
        browser(upload.by).get(f"/members/import/files/{upload.pk}/").content.decode()
    )
    assert '<option value="note" selected>Reason for the tag</option>' in page
    assert '<td><bdi class="clamp">asked</bdi></td>' in page
    assert "Use at most 10 characters." in page
    uploads.change_options(upload=upload, by=upload.by, mode=VALID_ROWS)
    job = background_imports.start(upload=upload, by=upload.by, at=AT)
    background_imports.run(str(job.pk), at=LATER)
    assert written_notes == ["asked", None]
    job.refresh_from_db()
    assert (job.state, job.counts["tagged"]) == ("done", 2)
    problem = job.problems.get()
    assert (problem.row, problem.field) == (3, "WHY")
    assert problem.remedy == "Use at most 10 characters."


@pytest.mark.django_db
def test_file_without_the_new_import_column_is_imported(
    settings: Settings, tmp_path: Path, written_notes: list[str | None]
) -> None:
    settings.HOME = tmp_path
    shop = factories.community()
    upload = upload_file(shop, "member_key,tag,depth\na1,tea,1\n")
    plan = background_imports.plan_upload(upload, by=upload.by, at=AT)
    assert pipeline.run(plan).job.counts["tagged"] == 1
    assert written_notes == [None]


def test_new_import_column_is_in_the_reference(
    written_notes: list[str | None],
) -> None:
    assert "| `note` | 原因, why | text |" in columns.page()


def test_import_column_is_unknown_without_its_field() -> None:
    target = target_registry.get("tags")
    assert "| `note` |" not in columns.page()
    assert column_mapping.guess(target, ["tag", "why"]) == {"tag": "tag", "why": ""}
    assert target.field_label("note") == "note"


# The recipe for a metric: one function in qunce/insight/metrics.py, one row in
# tests/oracle/metrics.py, translations.


def test_metrics_have_oracle_rows_labels_and_definitions() -> None:
    assert set(oracle_metrics.METRICS) == set(METRICS)
    labels = [str(metric.label) for metric in METRICS.values()]
    assert len(set(labels)) == len(METRICS) > 0
    definitions = {name: str(metric.definition) for name, metric in METRICS.items()}
    assert [name for name in definitions if not definitions[name].endswith(".")] == []
    levels = {level for metric in METRICS.values() for level in metric.levels}
    assert levels == {metric_definitions.COMMUNITY, metric_definitions.GROUP}


@pytest.fixture
def checkins_metric() -> Iterator[str]:
    """A metric written as the recipe says, and nothing else."""

    @metric_definitions.declare(
        metric_definitions.COMMUNITY,
        label="Check-ins",
        unit=metric_definitions.TIMES,
        definition="How many times members checked in that day.",
    )
    def checkins(query: MetricQuery) -> list[int]:
        totals = query.load_totals("checkin.done")
        return query.sum_by_day(totals.days, totals.counts)

    yield "checkins"
    del METRICS["checkins"]


@pytest.fixture
def checked_in_shop(transactional_db: None) -> Community:
    """A community with a member who checked in three times yesterday."""
    shop = factories.community(language="en", timezone="UTC")
    ann = factories.member(shop, "ann")
    now = datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    # At different times, since equal facts without a key are one fact.
    incoming = [
        IncomingFact(
            kind="checkin.done",
            happened_at=yesterday - timedelta(microseconds=n),
            account=ann.pk,
        )
        for n in range(3)
    ]
    by = factories.staff(shop, login="setup")
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=now)
    deriver.catch_up()
    return shop


def test_new_metric_is_on_the_pages_and_can_be_downloaded(
    checked_in_shop: Community, checkins_metric: str
) -> None:
    web = browser(factories.staff(checked_in_shop))
    page = web.get("/insight/").content.decode()
    assert ">Check-ins</h2>" in page
    assert "How many times members checked in that day." in page
    assert "/insight/charts/checkins/?days=28&amp;as=svg" in page
    assert ">Check-ins</span>" in web.get("/").content.decode()
    table = web.get("/insight/charts/checkins/", {"as": "csv"}).content.decode()
    assert table.splitlines()[2].split(",")[1] == "3"
    svg = web.get("/insight/charts/checkins/", {"as": "svg"})
    assert svg.content.startswith(b"<svg")


def test_metric_is_unknown_without_its_declaration(checked_in_shop: Community) -> None:
    web = browser(factories.staff(checked_in_shop))
    page = web.get("/insight/").content.decode()
    assert ">Orders</h2>" in page
    assert ">Check-ins</h2>" not in page
    assert web.get("/insight/charts/orders/").status_code == 200
    assert web.get("/insight/charts/checkins/").status_code == 404


# The recipe for a console page: views and actions, template, URLs, navigation, an entry
# in tests/console/addresses.py and one in tests/functional/screens.py, translations.

CONSOLE = Path(console.__path__[0])
CONSOLE_AREAS = sorted(path.parent for path in CONSOLE.glob("*/urls.py"))


def list_console_urls(area: Path) -> list[URLPattern]:
    urls = importlib.import_module(f"qunce.console.{area.name}.urls")
    assert urls.app_name == area.name
    return [pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)]


def test_console_areas_are_found() -> None:
    assert {"members", "outreach", "settings"} <= {area.name for area in CONSOLE_AREAS}


@pytest.mark.parametrize("area", CONSOLE_AREAS, ids=lambda area: area.name)
def test_console_area_has_the_same_files_as_others(area: Path) -> None:
    patterns = list_console_urls(area)
    assert patterns
    names = [str(pattern.name) for pattern in patterns]
    assert [name for name in names if not re.fullmatch("[a-z]+(-[a-z]+)*", name)] == []
    modules = {pattern.callback.__module__.rpartition(".")[2] for pattern in patterns}
    assert {
        name for name in modules if not re.fullmatch("views|actions|.+_views", name)
    } <= NOT_VIEW_MODULES
    assert (CONSOLE / "templates" / "console" / area.name).is_dir()


NOT_VIEW_MODULES = {"chart_script"}
"""The script of charts is served by the console, and made in its own module."""

STAGE_TEMPLATE = """{% extends "console/base.html" %}{% load i18n %}
{% block main %}<h2>Stage</h2>{% include "console/groups/_stage.html" %}{% endblock %}"""
STAGE_PART_TEMPLATE = """<p>{{ group.name }}: {{ group.state }}</p>
<form method="post" action="{% url 'stages:group-close' group.pk %}">{% csrf_token %}
<button>Close</button></form>"""


@http.page()
def group_stage(request: http.Request, pk: int) -> HttpResponse:
    """The view of step 1."""
    group = group_visibility.get(by=request.staff, pk=pk)
    template, part = "console/groups/stage.html", "console/groups/_stage.html"
    return http.render(request, template, {"group": group}, part=part)


@require_POST
@http.page(groups.MANAGE)
def close_group(request: http.Request, pk: int) -> HttpResponse:
    """The action of step 2."""
    group = group_visibility.get(by=request.staff, pk=pk)
    groups.change_stage(
        group=group, transition="close", by=request.staff, at=request.at
    )
    http.flash(request, "The group was closed.")
    return http.redirect_back(request, reverse("stages:group-stage", args=[pk]))


@pytest.fixture
def stage_page(settings: Settings, tmp_path: Path) -> None:
    """The templates of step 5 and the URLs of step 6."""
    folder = tmp_path / "console" / "groups"
    folder.mkdir(parents=True)
    (folder / "stage.html").write_text(STAGE_TEMPLATE)
    (folder / "_stage.html").write_text(STAGE_PART_TEMPLATE)
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
    urls = ModuleType("stage_urls")
    urls.app_name = "stages"  # type: ignore[attr-defined]
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("<int:pk>/", group_stage, name="group-stage"),
        path("<int:pk>/close/", close_group, name="group-close"),
    ]
    urlconf = ModuleType("console_urls")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("stages/", include(urls)),
        path("", include("qunce.urls")),
    ]
    settings.ROOT_URLCONF = urlconf


@pytest.fixture
def tea_group(db: None) -> groups.Group:
    return factories.group(factories.community(language="en"), "tea", name="Tea room")


def test_new_console_page_renders_whole_and_in_part(
    stage_page: None, tea_group: groups.Group
) -> None:
    web = browser(factories.staff(tea_group.community))
    url = f"/stages/{tea_group.pk}/"
    page = web.get(url).content.decode()
    assert page.startswith("<!doctype html>")
    assert "<h2>Stage</h2><p>Tea room: growing</p>" in page
    part = web.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<p>Tea room: growing</p>")


def test_new_console_page_respects_sign_in_permission_and_scope(
    stage_page: None, tea_group: groups.Group
) -> None:
    shop, url = tea_group.community, f"/stages/{tea_group.pk}/"
    viewer = factories.staff(shop, login="viewer", role="viewer")
    scoped = factories.staff(shop, login="scoped", groups=[])
    stranger = factories.staff(factories.community("other"), login="stranger")
    assert Client().get(url).headers["Location"] == f"/sign-in/?next={url}"
    assert browser(viewer).get(url).status_code == 200
    assert browser(viewer).post(f"{url}close/").status_code == 403
    for staff in (scoped, stranger):
        assert browser(staff).get(url).status_code == 404
        assert browser(staff).post(f"{url}close/").status_code == 404
    tea_group.refresh_from_db()
    assert tea_group.state == "growing"


def test_new_console_action_calls_the_verb_and_redirects(
    stage_page: None, tea_group: groups.Group
) -> None:
    web = browser(factories.staff(tea_group.community))
    url = f"/stages/{tea_group.pk}/"
    assert web.get(f"{url}close/").status_code == 405
    response = web.post(f"{url}close/")
    assert (response.status_code, response.headers["Location"]) == (303, url)
    page = web.get(url).content.decode()
    assert "The group was closed." in page
    assert "<p>Tea room: dead</p>" in page
    # The action is refused a second time, with the sentence of the domain.
    assert web.post(f"{url}close/").status_code == 403


def test_new_console_page_is_a_tab_of_its_area(
    stage_page: None, tea_group: groups.Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = browser(factories.staff(tea_group.community))
    tab = navigation.Tab("Roles of groups", "settings:role-list")
    assert "Roles of groups" not in web.get("/groups/").content.decode()
    areas = [
        dataclasses.replace(area, tabs=(*area.tabs, tab))
        if area.key == "groups"
        else area
        for area in navigation.AREAS
    ]
    monkeypatch.setattr(navigation, "AREAS", areas)
    assert "Roles of groups" in web.get("/groups/").content.decode()


def test_new_console_page_needs_an_object_for_its_parameter(
    stage_page: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ModuleType("stage_urls_alone")
    alone.urlpatterns = settings.ROOT_URLCONF.urlpatterns[:1]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = alone
    for view in (group_stage, close_group):
        monkeypatch.setattr(view, "__module__", "qunce.console.groups.views")
    with pytest.raises(view_urls.UnknownParameter, match="stages:group-stage"):
        view_urls.list_urls({"group": 1})
    monkeypatch.setitem(view_urls.OBJECT_BY_PARAMETER, "stages.pk", "group")
    listed = {str(url): url.access for url in view_urls.list_urls({"group": 1})}
    assert listed == {
        "stages:group-stage /stages/1/": "signed in",
        "stages:group-close /stages/1/close/": groups.MANAGE,
    }
