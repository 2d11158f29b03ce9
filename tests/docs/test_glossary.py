"""Modules, models and commands are named by English of the field or by the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from django.apps import apps

from qunce.cli import main

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
FIELD = frozenset(
    """
    addresses archive connections decoding documents
    access account accounts action actions advancing advice agents alias aliases allocation
    amounts api app apps arithmetic assignment assignments assisted at attempt attempts
    attribute attributes audience audiences audit auth authentication authenticator
    automatic background backup backups base batch batches behaviour bit bitmap bitmaps
    board branch buffer build builder bulk byte cache calendar calendars calls campaign campaigns change changes
    channel channels chart charts clicks check checks child choice choices clause clauses cli
    arrays client clock closed code coffee column columns command commands committed
    communities community compose comparison comparisons completion conditions console consumer
    consumers contact content context continue contract conversion conversions copy core
    cookies corrections count counter counters counts coupon coupons csv currencies currency
    custom customers daily damage data database databases dates day days db decimals decisions
    decompression default delay delays definition definitions deliveries delivery demo derived detail
    devices dictionary did digests dir directory discord irc irssi telegram wechat weechat whatsapp disk dismissed doctor download downloads draft
    duckdb duplicate duplicates editing edit eligibility en encoding end endings encodings encryption
    endpoint endpoints entries entry erased erasure error errors estimates event events examples
    expiry explanations export external fact factor facts failures field fields file files filters fitting
    move periods planning purchases rank ranking returned span spans stopped watches weekdays
    flow folders form format formats forms funnel funnels geometry go grammar graph group groups hand handler
    hashes heading health help histories history hold html http icons id idempotency identifier
    identifiers identities identity import imported importing inbox incoming index
    ingest inserts insight inspection interned invite ip item items jd job jobs join json key
    keys known label labels language launch layer layering layers layout left library
    lifecycle limit limits line lines linked list lists live load local locks log login logs
    lookups loop machine mailchimp main mapping masking masks member members membership
    memberships menu merge merges message messages metric metrics middleware models
    module money moves name named names naming navigation new note notes numbers objects
    openapi openid operator opt opted options order orders outages outbox outcomes output
    outreach outs overflow overlap page pages paging parsed parsing participants
    passwords past pattern payload payments people period permission permissions
    persisted personal phrases phrasing pinyin pipeline placeholders plain plan platform
    policies policy polling population position post posts postgres power postgresql prefetch presence presenters pressure
    presets preview previews problem problems process processes product profile prompts
    providers pruning purchase qr queries query questions queue queued qunce random range ranges ranks rate ratio
    reaction reactions reader reading reasons rebuild recheck recipient recipients recording
    records recovery recruiting reference references refunds registry relative remark
    removal report reports request resolver resources response restore restoring results review
    revision revisions role roles row rows rule rules run runner runs safety sales
    sample samples scan schedule scheduler schema schemas scope script scripts search
    secret segment segments selection send sending sends sentences sequence sequential serve server
    session sessions set sets settings shapes shell shop shopify sidebar signing signs
    distributions evaluation simulation size sizes skip snapshot snapshots snooze snoozes sort source sources
    space specs speech sql sqlite staff stage staging state state_machine states static status
    statuses step steps store stored style synonym synonyms tables tag tagging tags taobao
    target targets task tasks template templates templatetags testing tests text texts
    time timeline timelines times timing timestamps today tokens tools totals traits transition
    tree two type typed types undo undos unique unit units upload until uploads url urls usage use uses
    user validation value values variable variables version versions views visibility wait watch web webhook
    webhooks wecom weiban weidian windows withdrawals woocommerce working words work worker
    keeping writer writers writes xlsx youzan zh zones
    acceptance blacklist blocked brackets candidate candidates categories classified classifier
    codes confusables copies features floods gate gates image invites keywords leases likely
    address bans drawing edits figure fired mutes setting sums
    listed matrix neighbours normalisation outdated overlaps patterns receiving removals repeats
    replies rights shares sync terms training volunteers waves week wishes
    """.split()
)
"""Words that Django, SQL, HTTP, chat platforms or words.md use for the same thing."""


def glossary() -> set[str]:
    terms = re.findall(r"^\| (.+?) \|", GLOSSARY.read_text(encoding="utf-8"), re.M)
    return {word for term in terms for word in re.findall(r"[a-z]+", term.lower())}


def words_of(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z0-9]+", spaced.lower())


def modules() -> list[str]:
    paths = (ROOT / "qunce").rglob("*.py")
    names = {
        part for path in paths for part in path.relative_to(ROOT).with_suffix("").parts
    }
    return sorted(
        name for name in names if not re.match(r"__|\d|qunce$|migrations$", name)
    )


def tables() -> list[str]:
    return sorted(
        model.__name__
        for model in apps.get_models()
        if model.__module__.startswith("qunce.")
    )


def nouns() -> list[str]:
    context = click.Context(main.cli)
    return main.cli.list_commands(context)


@pytest.mark.parametrize("names", [modules, tables, nouns])
def test_every_word_in_a_name_is_common_or_in_the_glossary(names: object) -> None:
    assert callable(names)
    terms = glossary()
    known = FIELD | terms | {f"{term}s" for term in terms}
    unknown = {name: [w for w in words_of(name) if w not in known] for name in names()}
    assert not {name: words for name, words in unknown.items() if words}


def test_unknown_word_is_found() -> None:
    assert "comings" not in FIELD | glossary()
    assert {"mirror", "layering", "depth"} <= glossary()
