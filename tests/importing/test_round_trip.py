"""An export of members, imported again, changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.importing.plan.options import ALL_ROWS
from qunce.members.people import people
from qunce.members.search import export as member_export
from qunce.members.tags import assignments, levels, library, naming, person_tags
from qunce.sets import audiences
from tests import factories, shares
from tests.factories import AT, LATER
from tests.importing import helpers

EVERYONE: dict[str, Any] = {"with_left": {"all": []}}
SOURCES = ("扫码", "hand")
"""The second has a label in each language."""
LETTERS = st.sampled_from(
    [*"abz AB茶酒客×0123456789", *"-_=+@'\"/|,、，:[]()·#", "é", "Ｖ"]
)
GUARDED = re.compile(r"\s*'\s*[=+@-]")
"""An apostrophe before a sign of formulas is asked about, as spreadsheets add one."""
NAMES = (
    st.text(LETTERS, min_size=1, max_size=12)
    .map(naming.normalise)
    .filter(lambda name: name and not GUARDED.match(name))
)
MEMBERS = st.lists(
    st.tuples(NAMES, st.dictionaries(st.integers(0, 5), st.integers(1, 12))),
    min_size=1,
    max_size=6,
)


def export(shop: Community, folder: Path, language: str) -> Path:
    by = staff_models.system(shop)
    by.language = language
    chosen = audiences.people(community=shop, rule=EVERYONE, by=by, at=LATER)
    written = member_export.start(by=by, at=LATER, people=chosen)
    path = folder / "export.csv"
    path.write_bytes(b"".join(written.csv()))
    return path


@pytest.mark.django_db
@settings(
    max_examples=shares.examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    MEMBERS,
    st.lists(NAMES, min_size=6, max_size=6, unique_by=naming.fold),
    st.sampled_from(["en", "zh-hans"]),
    st.integers(0, 10**12),
)
def test_imported_export_changes_nothing(
    tmp_path: Path,
    members: list[tuple[str, dict[int, int]]],
    tags: list[str],
    language: str,
    number: int,
) -> None:
    shop = communities.create(key=f"shop{Fact.objects.count()}-{number}", at=AT)
    by = staff_models.system(shop)
    rows = [factories.tag(shop, key) for key in tags]
    for index, (name, depths) in enumerate(members):
        joined_at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)
        ann = factories.member(
            shop, f"m{index}", name=name, joined_at=joined_at, source=SOURCES[index % 2]
        )
        for tag, depth in depths.items():
            given_depth = {ann.pk: depth}
            assignments.set_depths(tag=rows[tag], depths=given_depth, by=by, at=AT)
    before = {f"m{i}": people.get(shop, f"m{i}").tags for i in range(len(members))}
    path = export(shop, tmp_path, language)
    facts = Fact.objects.count()
    outcome = helpers.run(shop, path, "members", mode=ALL_ROWS)
    assert outcome.job.counts["changed"] == outcome.job.counts["members"] == 0
    assert outcome.job.counts["known"] == len(members)
    assert Fact.objects.count() == facts
    assert {key: people.get(shop, key).tags for key in before} == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "depth", "entry"),
    [
        ("vip", 1, "vip"),
        ("vip", 3, "vip×3"),
        ("茶×2", 1, "茶×2×1"),
        ("茶×2", 5, "茶×2×5"),
        ("asked the price", 2, "asked the price×2"),
    ],
)
def test_depth_is_written_behind_the_tag(key: str, depth: int, entry: str) -> None:
    assert levels.join_depth(key, depth) == entry
    name, suffix = levels.split_depth(entry)
    assert name == key or not suffix


@pytest.mark.django_db
def test_depth_of_a_person_with_two_accounts_survives(
    shop: Community, tmp_path: Path
) -> None:
    by = staff_models.system(shop)
    ann, too = factories.members(shop, "ann", "too")
    helped = factories.tag(shop, "helped")
    assignments.set_depths(tag=helped, depths={ann: 2, too: 3}, by=by, at=AT)
    library.archive(tag=helped, by=by, at=AT)
    factories.merge(shop, "ann", "too")
    path = export(shop, tmp_path, "en")
    assert "helped×5" in path.read_text()
    outcome = helpers.run(shop, path, "members", mode=ALL_ROWS)
    assert (outcome.job.counts["changed"], outcome.job.counts["known"]) == (0, 1)
    assert person_tags.depths_of_person([ann]) == {"helped": 2}
