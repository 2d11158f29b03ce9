from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from django.utils import translation

from qunce.cli import base, help_language, main, options, output
from qunce.core import communities, errors
from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run, command, environment, in_one_process, in_own_process

EVERYONE = '{"all": []}'


@pytest.fixture(autouse=True)
def _restore_language() -> Iterator[None]:
    with translation.override("en"):
        yield


def loaded_commands() -> list[tuple[tuple[str, ...], base.Command]]:
    """Every command with the words that call it, verbs of nouns too."""
    found: list[tuple[tuple[str, ...], base.Command]] = []
    for name, lazy in main.cli.commands.items():
        assert isinstance(lazy, base.LazyCommand)
        loaded = lazy.load()
        found.append(((name,), loaded))
        if isinstance(loaded, base.Group):
            for verb, each in loaded.commands.items():
                assert isinstance(each, base.Command)
                found.append(((name, verb), each))
    return found


COMMANDS = [words for words, _command in loaded_commands()]


# Communities and time


def test_empty_home_gets_its_database_and_the_chosen_community(
    tmp_path: Path,
) -> None:
    first = in_own_process(tmp_path, "status", "--community", "acme", "--json")
    assert first.code == 0, first.errors
    assert first.json["community"] == "acme"
    assert first.json["members"] == 0
    again = in_own_process(tmp_path, "status", "--json")
    assert again.json["community"] == "acme"
    other = in_own_process(tmp_path, "status", "--community", "other", "--json")
    assert other.code == 3
    assert "other" in other.error["error"]


@pytest.mark.django_db(transaction=True)
def test_first_command_speaks_the_language_of_the_community_that_it_creates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs = []
    for _time in range(2):
        with translation.override("en"):
            assert main.main(["status"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert "社群" in outputs[0]


@pytest.mark.django_db(transaction=True)
def test_first_community_has_the_language_that_was_asked_for() -> None:
    assert main.main(["status", "--lang", "en"]) == 0
    (community,) = communities.Community.objects.all()
    assert community.language == "en"


@pytest.mark.parametrize(
    ("words", "key", "iso"),
    [
        (["status"], "default", "2026-03-04T16:00:00+00:00"),
        (["status", "--community", "acme"], "acme", "2026-03-04T16:00:00+00:00"),
        (["communities", "add", "acme"], "acme", "2026-03-04T16:00:00+00:00"),
        (
            ["communities", "add", "acme", "--timezone", "America/New_York"],
            "acme",
            "2026-03-05T05:00:00+00:00",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_new_community_is_created_at_the_given_moment(
    words: list[str], key: str, iso: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, "--at", "2026-03-05", "--lang", "en"]) == 0
    (community,) = communities.Community.objects.all()
    assert (community.key, community.created_at.isoformat()) == (key, iso)


def test_one_of_several_communities_must_be_chosen(run: Run, shop: Community) -> None:
    factories.community("other")
    refused = run("audience", "count", EVERYONE)
    assert refused.code == 2
    assert "other, shop" in refused.errors
    chosen = run("audience", "count", EVERYONE, "--community", "shop")
    assert chosen.output == "4\n"


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
def test_time_without_an_offset_is_in_the_zone_of_the_community(
    text: str, iso: str
) -> None:
    shop = factories.community(timezone="Asia/Shanghai", day_start=240)
    assert options.parse_time(text, shop).isoformat() == iso


@pytest.mark.django_db
def test_invalid_time_is_refused() -> None:
    with pytest.raises(options.BadUsage, match="yesterday"):
        options.parse_time("yesterday", factories.community())


# Common options


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--community", "shop", "audience", "count", EVERYONE),
        ("audience", "--json", "--community", "shop", "count", EVERYONE),
        ("audience", "count", "--json", EVERYONE, "--community=shop"),
        # The last one counts.
        ("--community=x", "audience", "count", EVERYONE, "--community=shop", "--json"),
    ],
)
def test_common_options_are_accepted_before_and_behind_the_command(
    words: tuple[str, ...], run: Run, shop: Community
) -> None:
    factories.community("other")
    assert run(*words).json["count"] == 4


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_the_common_options(words: tuple[str, ...]) -> None:
    loaded = dict(loaded_commands())[words]
    flags = {flag for param in loaded.params for flag in param.opts}
    assert flags >= {"--json", "--community", "--at", "--as", "--lang", "--help"}


# Help


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_in_both_languages(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, "--help", "--lang", "en"]) == 0
    english = capsys.readouterr().out
    assert english.startswith(f"Usage: qunce {' '.join(words)}")
    assert "print one JSON document" in english
    assert main.main([*words, "--help", "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    assert chinese.startswith(f"用法： qunce {' '.join(words)}")
    assert "用一份 JSON 回答" in chinese
    # Only names and values are Latin, no sentence is left in English.
    for line in chinese.splitlines():
        latin = [word for word in line.split() if word.isascii() and word.isalpha()]
        assert len(latin) <= 6, line


def test_help_and_completion_load_no_django(tmp_path: Path) -> None:
    code = (
        "import sys; from qunce.cli import main; main.main(['--help']);"
        "main.main(['completion', 'fish']);"
        "print([name for name in sys.modules if name in ('django.db.models',"
        " 'pyarrow', 'numpy', 'qunce.settings', 'qunce.cli.commands.tags')])"
    )
    env = environment(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "Usage: qunce" in done.stdout
    assert not (tmp_path / "home").exists()


def test_command_loads_only_its_own_module(tmp_path: Path) -> None:
    code = (
        "import sys; from qunce.cli import main; main.main(['tags', '--help']);"
        "print([name for name in sys.modules if name.startswith('qunce.cli.commands.')"
        " or name in ('scipy.stats', 'scipy.optimize', 'scipy.special')])"
    )
    env = environment(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "['qunce.cli.commands.tags']", done.stderr


def test_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("qunce ")


def test_help_is_shown_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == 0
    assert "Usage: qunce [OPTIONS] COMMAND" in capsys.readouterr().out


# Errors


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("audeince",), "qunce: No such command 'audeince'. Did you mean 'audience'?"),
        (("tags",), "qunce tags: Missing command."),
        (("tags", "merge", "a"), "qunce tags merge: Missing argument 'INTO'."),
        (
            ("audience", "explain", "{}"),
            "qunce audience explain: Missing option '--member'.",
        ),
        (
            ("status", "--comunity"),
            "qunce status: No such option '--comunity'. Did you mean '--community'?",
        ),
        (
            ("status", "--lang", "fr"),
            "qunce status: Invalid value for '--lang': 'fr' is not one of 'en', 'zh'.",
        ),
        (
            ("status", "now"),
            "qunce status: Got unexpected extra argument (now)",
        ),
        (
            ("tags", "undo", "x"),
            "qunce tags undo: Invalid value for 'BATCH': 'x' is not a valid integer.",
        ),
        (("status", "--at"), "Option '--at' requires an argument."),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--lang", "en", *words]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"{sentence}\n")


def test_wrong_usage_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--lang", "en", "tags", "merg", "--json"]) == 2
    error = capsys.readouterr().err
    assert error == (
        "{\"error\": \"qunce tags: No such command 'merg'. Did you mean 'merge'?\", "
        '"where": null}\n'
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tags",), "qunce tags：缺少命令。"),
        (("status", "--nope"), "qunce status：没有选项 '--nope'。"),
        (("tags", "merge", "a"), "qunce tags merge：缺少参数 'INTO'."),
    ],
)
def test_sentences_of_click_are_translated(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--lang", "zh", *words]) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def click_messages() -> set[str]:
    """What click passes to gettext where a user can see it."""
    found = set()
    folder = Path(click.__file__).parent
    for name in ("core", "exceptions", "formatting", "parser", "types"):
        tree = ast.parse((folder / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("_", "ngettext")
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


NEVER_PRINTED = {
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}",
    "Missing parameter: {param_name}",
    "{value!r} is not a valid boolean. Recognized values: {states}",
    # Of features that no command uses: prompts, dates, files, several values, aliases.
    "(dynamic)",
    "Aborted!",
    "Argument {name!r} takes {nargs} values.",
    "Choice({choices})",
    "Could not open file {filename!r}: {message}",
    "Invalid start character for option ({option})",
    "Name '{name}' defined twice",
    "Options",
    "Takes {nargs} values but 1 was given.",
    "Try '{command} {option}' for help.",
    "Value must be an iterable.",
    "deprecated",
    "directory",
    "env var: {var}",
    "file",
    "path",
    "unknown error",
    "{len_type} values are required, but {len_value} was given.",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is not executable.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
    "{value!r} does not match the format {format}.",
    "{value!r} is not a valid UUID.",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Could not determine name for option with declarations {decls!r}",
    "No options defined but a name was passed ({name})."
    " Did you mean to declare an argument instead? Did"
    " you mean to pass '--{name}'?",
}


def test_every_sentence_of_click_is_in_the_catalogue() -> None:
    ours = {
        *help_language.CLICK_MESSAGES,
        *(singular for singular, _ in help_language.CLICK_PLURALS),
    }
    used = click_messages()
    assert "Missing command." in used
    assert used - ours - NEVER_PRINTED == set()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Invalid("no"), 2),
        (errors.NotFound("no"), 3),
        (errors.Refused("no"), 4),
        (errors.QunceError("no"), 1),
        (click.UsageError("no"), 2),
        (click.ClickException("no"), 1),
        (OSError("no"), 1),
    ],
)
def test_error_is_one_sentence_with_its_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output.Out().fail(error) == code
    assert capsys.readouterr().err == "no\n"


def test_error_without_a_text_prints_its_docstring(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.Out().fail(communities.CommunityNotFound())
    assert capsys.readouterr().err == "There is no such community.\n"


def test_unexpected_error_shows_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output.Out().fail(ZeroDivisionError("oh")) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_closed_pipe_is_not_an_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command("--help"),
        env=environment(tmp_path),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


# Language


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
def test_language_comes_from_the_option_or_the_environment(
    words: list[str],
    variables: dict[str, str],
    language: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("QUNCE_LANG", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert help_language.requested_language(words) == language


@pytest.mark.django_db(transaction=True)
def test_language_of_the_only_community_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QUNCE_LANG", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    factories.community(language="zh-hans")
    assert main.main(["status"]) == 0
    assert "用户" in capsys.readouterr().out
    assert main.main(["status", "--lang", "en"]) == 0
    assert "members" in capsys.readouterr().out


# Completion


def complete(home: Path, words: str, incomplete: str) -> list[str]:
    env = environment(
        home,
        _QUNCE_COMPLETE="bash_complete",
        COMP_WORDS=f"qunce {words} {incomplete}".strip(),
        COMP_CWORD=str(len(words.split()) + 1),
    )
    done = subprocess.run(command(), env=env, capture_output=True, text=True)
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_verbs_options_and_choices_are_completed(tmp_path: Path) -> None:
    assert complete(tmp_path, "", "seg") == ["segments"]
    assert complete(tmp_path, "segments", "s") == ["show", "save", "sizes"]
    assert complete(tmp_path, "members show a1", "--f") == ["--facts"]
    assert complete(tmp_path, "orders list --status", "pa") == [
        "paid",
        "partly_refunded",
    ]


def test_script_of_a_shell_is_printed(tmp_path: Path) -> None:
    shells = ("bash", "zsh", "fish")
    commands = [["completion", shell] for shell in (*shells, "cmd")]
    *scripts, of_no_shell = in_one_process(tmp_path, *commands)
    for shell, script in zip(shells, scripts, strict=True):
        assert script.code == 0, script.errors
        assert f"_QUNCE_COMPLETE={shell}_complete" in script.output
    assert of_no_shell.code == 2
