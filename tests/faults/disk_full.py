"""Fills the disk under every command, at the first start, too.

    python -m tests.faults.disk_full

A limit on the size of files stands in for a disk: at it, writing fails as on a full one.
Each command must say so in a sentence, or do without. When there is space again, the same
command must succeed and the doctor find nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults import damage
from tests.faults.damage import Answer

LIMITS = (0, 1, 64, 512)
"""Kilobytes that a file may have."""
FIRST = [sys.executable, "-m", "qunce.cli", "status", "--json", "--lang", "en"]
ACTS = {
    "import": ("import", "{file}", "--as", "members", "--json"),
    "backup": ("backup", "{home}/backup.zip", "--json"),
    "doctor": ("doctor", "--json"),
    "rebuild": ("rebuild", "--json"),
    "status": ("status", "--json"),
}


def limited(kilobytes: int) -> None:
    # Python's own answer to the signal, which SQLite and Arrow see as an error.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = kilobytes * 1024
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def run_limited(kilobytes: int, *words: str) -> Answer:
    return damage.run(*words, before=lambda: limited(kilobytes))


def check_first_start(folder: Path, kilobytes: int) -> list[str]:
    """A home that could not be made is made by the next start."""
    home = folder / f"first-{kilobytes}"
    env = os.environ | {"QUNCE_HOME": str(home), "DATABASE_URL": ""}
    full = subprocess.run(
        FIRST,
        env=env,
        preexec_fn=lambda: limited(kilobytes),
        capture_output=True,
        text=True,
        check=False,
    )
    problems = damage.complaints(
        "first start", Answer(full.returncode, "", full.stderr)
    )
    key = home / "secret.key"
    if key.exists() and not key.read_text():
        problems.append("an empty secret.key")
    again = subprocess.run(FIRST, env=env, capture_output=True, text=True, check=False)
    if again.returncode:
        problems.append(f"after the first start: {again.stderr[-1500:]}")
    if not key.read_text():
        problems.append("the secret.key stayed empty")
    return problems


def check_act(home: Path, pristine: Path, act: str, kilobytes: int) -> list[str]:
    damage.restore(home, pristine)
    file = home.parent / "members.csv"
    rows = "".join(f"k{number},Name {number}\n" for number in range(3_000))
    file.write_text(f"member_key,name\n{rows}")
    words = [word.format(home=home, file=file) for word in ACTS[act]]
    full = run_limited(kilobytes, *words)
    problems = damage.complaints(act, full)
    if act == "backup" and full.code:
        left = [path.name for path in home.glob("backup.zip*")]
        problems += [f"left behind: {left}"] if left else []
    elif act == "backup":
        return problems
    again = damage.run(*words)
    problems += damage.complaints(act, again)
    if again.code:
        problems.append(f"again: code {again.code} {again.output} {again.errors}")
    found = damage.run("doctor", "--json")
    if found.code:
        problems.append(f"found: {found.output}{found.errors[-500:]}")
    return problems


def check_share(home: Path, pristine: Path) -> list[str]:
    """A damaged database that is mended, and an import on a full disk."""
    derived = Path("derived.sqlite3")
    remedies, ask = [damage.REPAIR], [damage.COUNT]
    return [
        *damage.check(home, pristine, derived, "garble", remedies=remedies, ask=ask),
        *check_act(home, pristine, "import", 64),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.disk_full")
    parser.add_argument("--limits", default=",".join(map(str, LIMITS)))
    parser.add_argument("--acts", default=",".join(["first", *ACTS]))
    parser.add_argument("--share", action="store_true", help="little, for make test")
    args = parser.parse_args()
    limits, acts = [int(part) for part in args.limits.split(",")], args.acts.split(",")
    failed = cases = 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="full-")))
        home, pristine = damage.prepare(folder)
        if args.share:
            problems = check_share(home, pristine)
            print("; ".join(problems) or "ok")
            return int(bool(problems))
        for act in acts:
            for kilobytes in limits:
                if act == "first":
                    problems = check_first_start(folder, kilobytes)
                else:
                    problems = check_act(home, pristine, act, kilobytes)
                cases, failed = cases + 1, failed + bool(problems)
                text = "; ".join(problems) or "ok"
                print(f"disk full {act:9} {kilobytes:>4} KB  {text}", flush=True)
        shutil.rmtree(home)
    print(f"full disks {cases}, wrong {failed}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
