from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.importing import pipeline
from qunce.members.accounts import accounts
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import OptOut
from tests import factories
from tests.factories import AT
from tests.importing import helpers

pytestmark = pytest.mark.django_db


def opted_out(shop: Community) -> list[str]:
    return factories.matching_keys(shop, opt_outs.RULE)


@pytest.mark.parametrize(
    "text",
    [
        "key,Opted out\nann,yes\nbob,no\n",
        "key,退订状态\nann,已退订\nbob,未退订\n",
        "key,UNSUB_TIME\nann,2024-03-05 03:05:00\nbob,\n",
        "key,Email Status\nann,unsubscribed\nbob,subscribed\n",
        "key,Accepts Marketing\nann,no\nbob,yes\n",
        "key,unsubscribed\nann,1\nbob,0\n",
    ],
)
def test_members_file_brings_opt_outs(
    shop: Community, tmp_path: Path, text: str
) -> None:
    result = helpers.run(shop, helpers.write(tmp_path, text), "members")
    assert opted_out(shop) == ["ann"]
    assert result.job.counts["opted_out"] == 1


def test_unknown_word_about_an_opt_out_is_refused(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,Opted out\nann,perhaps\n")
    result = helpers.run(shop, path, "members")
    assert [problem.value for problem in result.problems] == ["perhaps"]
    assert not OptOut.objects.exists()


def test_file_of_opt_outs_finds_members_by_any_identifier(
    shop: Community, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    factories.member(shop, "bob", identifiers={"email": "bob@example.com"})
    factories.member(shop, "cat")
    text = (
        "phone,email,opted_out_at,reason\n"
        "+86 138-0013-8001,,2024-03-05 03:05:00,too many\n"
        ",Bob@Example.com,,\n"
    )
    path = helpers.write(tmp_path, text)
    result = helpers.run(shop, path, "opt_outs")
    assert opted_out(shop) == ["ann", "bob"]
    counts = result.job.counts
    assert (counts["found_by_phone"], counts["found_by_email"]) == (1, 1)
    assert counts["members"] == 0
    again = helpers.run(shop, path, "opt_outs").job.counts
    assert (again["opted_out"], again["known"]) == (0, 2)


def test_opt_out_of_an_unknown_address_is_remembered_for_later_files(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "email\nAnn@example.com\n")
    helpers.run(shop, path, "opt_outs")
    later = helpers.write(tmp_path, "key,email\nM1,ann@example.com\n", "members.csv")
    helpers.run(shop, later, "members")
    people = factories.matching_keys(shop, {"all": []})
    assert opted_out(shop) == people
    assert len(people) == 1


def test_no_in_a_file_opts_nobody_in(shop: Community, tmp_path: Path) -> None:
    ann = factories.member(shop, "ann")
    by = factories.staff(shop)
    opt_outs.opt_out(community=shop, accounts=[ann.pk], by=by, at=AT)
    for target in ("members", "opt_outs"):
        path = helpers.write(tmp_path, "key,opted_out\nann,no\n", f"{target}.csv")
        helpers.run(shop, path, target)
    assert opted_out(shop) == ["ann"]
    assert ann.channel == accounts.DEFAULT_CHANNEL


def test_file_that_calls_a_member_reachable_ends_no_opt_out(
    shop: Community, tmp_path: Path
) -> None:
    helpers.run(shop, helpers.write(tmp_path, "key,退订状态\nann,退订\n"), "members")
    later = helpers.write(tmp_path, "key,退订状态\nann,未退订\nbob,否\n", "later.csv")
    for target, source in (("opt_outs", "b"), ("members", "c")):
        result = helpers.run(shop, later, target, source=source)
        assert result.job.counts["kept_opted_out"] == 1
    assert opted_out(shop) == ["ann"]


def test_preview_shows_consent_as_the_file_has_it(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,是否同意营销\nann,否\nbob,是\n")
    plan = helpers.plan(shop, path, "members")
    rows = pipeline.preview(plan).rows
    assert [row["accepts_messages"] for row in rows] == ["no", "yes"]
    pipeline.run(helpers.plan(shop, path, "members"))
    assert opted_out(shop) == ["ann"]
