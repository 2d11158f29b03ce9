"""Damages every derived file in every way, and checks that Qunce says so and mends it.

    python -m tests.faults.damage [--files parquet,derived] [--ways cut,folder]

Each case starts from the same small home on SQLite. `qunce status`, `qunce doctor` and
`qunce audience count` must answer or say in a sentence what is wrong; then `qunce doctor
--repair` in one copy and `qunce rebuild` in another must leave nothing to find.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

KEEP = {"secret.key", "truth.sqlite3", "uploads"}
"""What is not derived, and no aid of processes that come and go."""
MODULES = (
    *(
        f"qunce.cli.commands.{name}"
        for name in "audience backup doctor importing rebuild status".split()
    ),
    "pandas",
    "qunce.schedule",
    "tests.factories",
)
COUNT = ("audience", "count", '{"did": {"kind": "page.visited"}}', "--json")


def truncate(path: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garble(path: Path) -> None:
    content, rng = bytearray(path.read_bytes()), random.Random(path.name)  # noqa: S311
    for _ in range(max(len(content) // 50, 8)):
        if content:
            content[rng.randrange(len(content))] ^= 0xFF
    path.write_bytes(content)


def delete(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


WAYS: dict[str, Callable[[Path], None]] = {
    "truncate": truncate,
    "cut": cut,
    "garble": garble,
    "delete": delete,
    "folder": folder,
}


@dataclass(frozen=True)
class Answer:
    code: int
    output: str
    errors: str


def run(*words: str, before: Callable[[], object] = lambda: None) -> Answer:
    """Run a command in a fork, which costs little once everything is loaded."""
    # Pipes, which a full disk does not concern; no command of these fills one.
    pipes = [os.pipe(), os.pipe()]
    pid = os.fork()
    if not pid:
        for number, (_read, write) in enumerate(pipes, 1):
            os.dup2(write, number)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"))
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), line_buffering=True)
        code = 70
        try:
            from qunce.cli import main

            before()
            code = main.main([*words, "--lang", "en"])
            sys.stdout.flush()
        finally:
            os._exit(code)
    for _read, write in pipes:
        os.close(write)
    _pid, status = os.waitpid(pid, 0)
    texts = []
    for read, _write in pipes:
        with os.fdopen(read, "rb") as file:
            texts.append(file.read().decode())
    return Answer(os.waitstatus_to_exitcode(status), *texts)


def build() -> None:
    """Make a home with members, facts, tags, groups, a layering and saved sets."""
    from django.db import connections

    from qunce.cli import main
    from qunce.members.layers import layers
    from qunce.sets.bitmaps import persisted_sets
    from qunce.sets.mirror import deriver
    from tests import factories
    from tests.sets import logs

    # The tables.
    assert main.main(["communities", "add", "faulty", "--json"]) == 0
    from qunce.core import communities

    shop = communities.get("faulty")
    for number in range(20):
        account = factories.member(shop, f"m{number}")
        factories.apply_tag(shop, f"t{number % 3}", account.pk)
    for seed in range(3):
        logs.write(shop, logs.sample_rows(200, seed=seed))
        deriver.catch_up(merge=False)
    spec = {"by": "rules", "layers": [{"key": "a", "rule": {"all": []}}, {"key": "b"}]}
    layers.create(
        community=shop, key="x", spec=spec, by=factories.staff(shop), at=factories.AT
    )
    layers.recompute_all(at=factories.AT)
    deriver.catch_up(merge=False)
    main.main(["audience", "count", '{"tag": {"any": ["t1"]}}', "--json"])
    persisted_sets.save_all()
    connections.close_all()


def prepare(folder: Path) -> tuple[Path, Path]:
    """Set Django up for a home in the folder, and make it; return it and a copy of it."""
    home, pristine = folder / "home", folder / "pristine"
    os.environ |= {"QUNCE_HOME": str(home), "DATABASE_URL": ""}
    os.environ["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    os.umask(0o077)
    import django

    django.setup()
    # What every command needs, so that a fork need not load it.
    for module in MODULES:
        import_module(module)
    pid = os.fork()
    if not pid:
        with contextlib.redirect_stdout(io.StringIO()):
            build()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0, "the home could not be built"
    shutil.copytree(home, pristine)
    return home, pristine


def list_files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        if path.is_file() and name.parts[0] not in KEEP and "truth" not in path.name:
            yield name


REPAIR, REBUILD = ("doctor", "--repair", "--json"), ("rebuild", "--json")
ASK = (("status", "--json"), COUNT, ("doctor", "--json"))


def check(
    home: Path,
    pristine: Path,
    name: Path,
    way: str,
    *,
    remedies: Iterable[tuple[str, ...]] = (REPAIR, REBUILD),
    ask: Iterable[tuple[str, ...]] = ASK,
) -> list[str]:
    """Damage a file in a copy of the home; return what went wrong."""
    problems = []
    for remedy in remedies:
        restore(home, pristine)
        WAYS[way](home / name)
        for words in ask:
            answer = run(*words)
            problems += complaints(words[0], answer)
            if words[0] == "doctor" and answer.code not in {0, 1}:
                problems.append(f"doctor: code {answer.code} {answer.errors[-300:]}")
        answer = run(*remedy)
        problems += complaints(remedy[0], answer)
        if answer.code:
            problems.append(f"{remedy}: code {answer.code} {answer.output[-600:]}")
        left = run("doctor", "--json")
        if left.code:
            problems.append(f"left after {remedy}: {left.output}{left.errors[-600:]}")
        count = run(*COUNT)
        if count.code or not json.loads(count.output)["count"]:
            problems.append(f"count after {remedy}: {count}")
    return problems


def complaints(command: str, answer: Answer) -> list[str]:
    """An answer may be a sentence, and never a traceback or a bare error."""
    if "Traceback" in answer.errors or answer.code == 70:
        return [f"{command}: {answer.errors[-1500:]}"]
    if answer.code and command != "doctor" and not answer.errors.strip():
        return [f"{command}: code {answer.code} without a sentence"]
    return []


def check_truth(home: Path, pristine: Path, way: str) -> list[str]:
    """Damage to the truth is found, and nothing makes an empty installation of it."""
    problems = []
    restore(home, pristine)
    WAYS[way](home / "truth.sqlite3")
    for words in (("status", "--json"), ("doctor", "--json"), ("doctor", "--repair")):
        answer = run(*words)
        problems += complaints(words[0], answer)
        if not answer.code:
            problems.append(f"{words}: found nothing")
    return problems


def restore(home: Path, pristine: Path) -> None:
    for path in home.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(pristine, home, dirs_exist_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.damage")
    parser.add_argument("--files", default="", help="only names that contain one of")
    parser.add_argument("--ways", default=",".join(WAYS))
    args = parser.parse_args()
    ways, failed, cases, start = args.ways.split(","), 0, 0, time.monotonic()
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="damage-"))
        home, pristine = prepare(Path(temporary))
        parts = [part for part in args.files.split(",") if part]
        names = [
            name
            for name in list_files(pristine)
            if not parts or any(part in str(name) for part in parts)
        ]
        for name in names:
            for way in ways:
                cases += 1
                found = check(home, pristine, name, way)
                failed += bool(found)
                print(f"{way:9} {name}  {'; '.join(found) or 'ok'}", flush=True)
        for way in ways if not parts or "truth" in parts else ():
            cases += 1
            found = check_truth(home, pristine, way)
            failed += bool(found)
            print(f"{way:9} truth.sqlite3  {'; '.join(found) or 'ok'}", flush=True)
    seconds = time.monotonic() - start
    print(f"damages {cases}, not mended or said {failed}, {seconds:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
