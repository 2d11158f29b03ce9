from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from qunce.cli import main, options, output
from qunce.core import communities, errors
from qunce.core.communities import Community
from tests.cli.runner import Ask, outside
from tests.core import made


@pytest.fixture(autouse=True)
def _own_language() -> object:
    with translation.override("en"):
        yield


def test_an_empty_home_gets_its_database_and_the_community_named(
    tmp_path: Path,
) -> None:
    told = outside(tmp_path, "status", "--community", "acme", "--json")
    assert told.code == 0, told.complained
    assert told.json["community"] == "acme"
    assert told.json["members"] == 0
    again = outside(tmp_path, "status", "--json")
    assert again.json["community"] == "acme"
    other = outside(tmp_path, "status", "--community", "other", "--json")
    assert other.code == 3
    assert "other" in other.error["error"]


@pytest.mark.parametrize(
    ("words", "key", "iso"),
    [
        (["status"], "default", "2026-03-04T16:00:00+00:00"),
        (["status", "--community", "acme"], "acme", "2026-03-04T16:00:00+00:00"),
        (["community", "add", "acme"], "acme", "2026-03-04T16:00:00+00:00"),
        (
            ["community", "add", "acme", "--timezone", "America/New_York"],
            "acme",
            "2026-03-05T05:00:00+00:00",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_new_community_is_created_at_the_given_moment(
    words: list[str], key: str, iso: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, "--at", "2026-03-05", "--lang", "en"]) == 0
    (community,) = communities.Community.objects.all()
    assert (community.key, community.created_at.isoformat()) == (key, iso)


def test_several_communities_have_to_be_told_apart(ask: Ask, shop: Community) -> None:
    made.community("other")
    said = ask("audience", "count", '{"all": []}')
    assert said.code == 2
    assert "other, shop" in said.complained
    assert ask("audience", "count", '{"all": []}', "--community", "shop").said == "4\n"
    one = ask("--help")
    assert one.code == 0


def test_an_unknown_command_is_named(ask: Ask) -> None:
    said = ask("audeince")
    assert said.code == 2
    assert "audeince" in said.complained
    assert len(said.complained.splitlines()) == 1


@pytest.mark.parametrize("name", sorted(main.COMMANDS))
def test_every_command_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([name, "--help", "--lang", "en"])
    assert ended.value.code == 0
    assert f"usage: qunce {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Invalid("no"), 2),
        (errors.NotFound("no"), 3),
        (errors.Refused("no"), 4),
        (errors.QunceError("no"), 1),
        (OSError("no"), 1),
    ],
)
def test_an_error_is_one_sentence_and_its_own_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output.Out().fail(error) == code
    assert capsys.readouterr().err == "no\n"


def test_an_error_without_words_says_what_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.Out().fail(communities.UnknownCommunity())
    assert capsys.readouterr().err == "There is no such community.\n"


def test_what_nobody_expected_is_shown_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output.Out().fail(ZeroDivisionError("oh")) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variables", "language"),
    [
        (["--lang", "zh"], {"LANG": "en_US.UTF-8"}, "zh-hans"),
        (["--lang=en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"QUNCE_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh-hans"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh-hans"),
        ([], {"LANG": "C.UTF-8"}, None),
        ([], {}, None),
    ],
)
def test_the_readers_language(
    words: list[str],
    variables: dict[str, str],
    language: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("QUNCE_LANG", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert options.language(words) == language


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-05T20:00", "2026-03-05T12:00:00+00:00"),
        ("2026-03-05T20:00Z", "2026-03-05T20:00:00+00:00"),
        ("2026-03-05T20:00+02:00", "2026-03-05T18:00:00+00:00"),
        ("2026-03-05", "2026-03-04T20:00:00+00:00"),
    ],
)
def test_a_moment_without_an_offset_is_the_communitys(text: str, iso: str) -> None:
    shop = made.community(timezone="Asia/Shanghai", day_start=240)
    assert options.moment(text, shop).isoformat() == iso


@pytest.mark.django_db
def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(options.BadUsage, match="yesterday"):
        options.moment("yesterday", made.community())
