"""Kinds of facts, their fields and their payloads are limited, for programs and files."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from qunce import ingest
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.facts.reported_kinds import KindLimits, ReportedKind, TooManyFields
from qunce.core.staff.models import Staff
from qunce.ingest import incoming_facts
from qunce.ingest.incoming_facts import IncomingFact
from tests import factories, threads
from tests.clients import create_client
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def limits(settings: Settings, tmp_path: Path) -> None:
    settings.MAX_FACT_KINDS, settings.MAX_FACT_FIELDS = 3, 4
    settings.HOME = tmp_path


def report(shop: Community, by: Staff, *facts: tuple[str, dict[str, Any]]) -> int:
    incoming = [
        IncomingFact(kind, AT, payload=payload, key=f"{kind} {sorted(payload)}")
        for kind, payload in facts
    ]
    return ingest.record_facts(
        community=shop, incoming=incoming, by=by, at=LATER
    ).accepted


@pytest.mark.both_databases
def test_kinds_of_a_community_are_limited(shop: Community, by: Staff) -> None:
    assert report(shop, by, ("a.a", {}), ("a.b", {})) == 2
    with pytest.raises(incoming_facts.FactsRejected, match=r"“a\.d”.*3") as refused:
        report(shop, by, ("a.c", {}), ("a.d", {}))
    assert list(refused.value.reasons) == [1]
    assert Fact.objects.count() == ReportedKind.objects.count() == 2
    assert report(shop, by, ("a.c", {})) == 1
    # Kinds that are known, and those of Qunce itself, go on.
    paid = {"order": "o1", "amount": 5}
    assert report(shop, by, ("a.c", {"n": 1}), ("order.paid", paid)) == 2
    other = factories.community("other")
    assert report(other, factories.staff(other, login="o"), ("a.d", {})) == 1


@pytest.mark.both_databases
def test_fields_of_a_kind_are_limited(shop: Community, by: Staff) -> None:
    assert report(shop, by, ("a.a", {"n1": 1, "n2": 1}), ("a.a", {"n3": 1})) == 2
    with pytest.raises(incoming_facts.FactsRejected, match=r"a\.a.*3 different fields"):
        report(shop, by, ("a.a", {"n4": 1, "n5": 1}))
    assert report(shop, by, ("a.a", {"n4": 1}), ("a.b", {"n5": 1})) == 2
    with pytest.raises(incoming_facts.FactsRejected, match="at most 4 fields"):
        report(shop, by, ("a.c", dict.fromkeys("abcde", 1)))


def test_stream_leaves_out_what_is_too_much(shop: Community) -> None:
    client = create_client(shop)
    lines = [
        f'{{"kind": "a.k{n}", "happened_at": 1772685000, "key": "{n}"}}'
        for n in range(5)
    ]
    result = client.request("POST", "/facts/stream", "\n".join(lines).encode()).body
    assert (result["accepted"], result["rejected"]) == (3, 2)
    assert "a.k3" in str(result["errors"])


@pytest.mark.both_databases
@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_files_keep_the_limits(shop: Community, tmp_path: Path, suffix: str) -> None:
    kinds = ["a.a", "a.b", "a.c", "a.d"]
    payload = '{"n1": 1, "n2": 1, "n3": 1, "n4": 1, "n5": 1}'
    if suffix == "csv":
        rows = ["kind,happened_at,payload", *(f"{kind},2026-01-02," for kind in kinds)]
        wide = 'a.a,2026-01-03,"' + payload.replace('"', '""') + '"'
    else:
        rows = [f'{{"kind": "{kind}", "happened_at": "2026-01-02"}}' for kind in kinds]
        wide = f'{{"kind": "a.a", "happened_at": "2026-01-03", "payload": {payload}}}'

    def run(*lines: str) -> Any:
        path = helpers.write(tmp_path, "\n".join(lines) + "\n", f"f.{suffix}")
        return helpers.run(shop, path, "facts")

    with pytest.raises(errors.Invalid, match=r"“a\.d”"):
        run(*rows)
    assert not Fact.objects.exclude(source_id=None).exists()
    result = run(*rows[:-1], wide)
    assert (result.job.counts["facts"], result.job.rows_broken) == (3, 1)
    assert "at most 4 fields" in result.problems[0].remedy


@pytest.mark.both_databases
@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_files_and_programs_share_the_fields_of_a_kind(
    shop: Community, by: Staff, tmp_path: Path, suffix: str
) -> None:
    payloads = ['{"n1": 1, "n2": 2}', '{"n3": 1}', '{"n4": 1, "n5": 1}', '{"n4": 1}']
    if suffix == "csv":
        cells = ['"' + text.replace('"', '""') + '"' for text in payloads]
        rows = [f"a.a,2026-01-02,{cell}" for cell in cells]
        rows = ["kind,happened_at,payload", *rows]
    else:
        rows = [
            f'{{"kind": "a.a", "happened_at": "2026-01-02", "payload": {text}}}'
            for text in payloads
        ]
    path = helpers.write(tmp_path, "\n".join(rows) + "\n", f"f.{suffix}")
    result = helpers.run(shop, path, "facts")
    assert (result.job.counts["facts"], result.job.rows_broken) == (3, 1)
    assert "3 different fields" in result.problems[0].remedy
    assert ReportedKind.objects.get().fields == ["n1", "n2", "n3", "n4"]
    with pytest.raises(incoming_facts.FactsRejected, match="4 different fields"):
        report(shop, by, ("a.a", {"n6": 1}))


@pytest.mark.both_databases
def test_fields_that_are_reported_at_the_same_time_are_all_kept(
    shop: Community, by: Staff
) -> None:
    limits = [KindLimits(shop.pk, ["a.a"]) for _number in range(4)]
    for number, each in enumerate(limits):
        each.check("a.a", [f"n{number}"])

    def save(limits: KindLimits) -> None:
        with transaction.atomic():
            limits.save()

    threads.run(*(functools.partial(save, each) for each in limits))
    assert ReportedKind.objects.get().fields == ["n0", "n1", "n2", "n3"]
    late = KindLimits(shop.pk, ["a.b"])
    late.check("a.b", ["n1", "n2"])
    report(shop, by, ("a.b", {"n3": 1, "n4": 1, "n5": 1}))
    with pytest.raises(TooManyFields):
        save(late)
