"""A real PostgreSQL in a temporary folder, for tests.

    python -m tests.postgres -- pytest -k dump

starts a cluster, runs the command with DATABASE_URL set, and takes the cluster
down again whatever happens. A test that needs one more cluster:

    with postgres.cluster() as other:
        subprocess.run([postgres.binary("psql"), other.url, "-c", "select 1"])
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import quote

from tests import debian

USER = "qunce"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
# Data outlives a crash of the server but not of the machine: no test needs that.
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "jit=off",
    "listen_addresses=",
    "max_connections=260",
    "timezone=UTC",
)


class NoPostgresError(Exception):
    """PostgreSQL's server programs were not found. Install the package
    `postgresql`, or name their folder in QUNCE_PG_BIN."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


class NotStartedError(Exception):
    """PostgreSQL did not start."""


def binary(name: str) -> str:
    """The path of `pg_dump`, `pg_restore`, `psql`, … of the server's version."""
    return str(_folder() / name)


@functools.cache
def _folder() -> Path:
    given = os.environ.get("QUNCE_PG_BIN")
    found = shutil.which("postgres")
    folders = [Path(given)] if given else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)[::-1]
    folders += [Path(found).resolve().parent] if found else []
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_dump")):
            return folder
    raise NoPostgresError


def _version(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0


def install() -> None:
    """Installs Debian's PostgreSQL when it is missing and this user may."""
    try:
        _folder()
    except NoPostgresError:
        if not debian.may_install():
            raise
        _install_on_debian()


def _install_on_debian() -> None:
    debian.install("postgresql-common")
    # Debian's server package would make and start a cluster of its own.
    conf = Path("/etc/postgresql-common/createcluster.conf")
    before = conf.read_text()
    conf.write_text(f"{before}\ncreate_main_cluster = false\n")
    try:
        debian.install("postgresql")
    finally:
        conf.write_text(before)


@dataclass
class Cluster:
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        host = quote(str(self.folder), safe="")
        return f"postgresql://{USER}@/{database}?host={host}"

    def create(self, database: str) -> str:
        """Makes an empty database and returns its URL."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            name = psycopg.sql.Identifier(database)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
        return self.url_of(database)

    def start(self) -> None:
        log = self.folder / "log"
        command = [binary("postgres"), "-D", str(self.folder / "data")]
        folder = f"unix_socket_directories={self.folder}"
        for option in (*OPTIONS, folder, *self.options):
            command += ["-c", option]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                user=server_user(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                # Ctrl-C is for the tests; their end stops the server.
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
        self._await_ready(log)

    def _await_ready(self, log: Path) -> None:
        import psycopg

        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            time.sleep(0.05)
        self.stop()
        raise NotStartedError(log.read_text(errors="replace")[-2000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server and keeps its data; SIGQUIT stops it as a crash does."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh, running cluster; gone when the block ends."""
    binary("initdb")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    it = Cluster(folder)
    try:
        _initialise(folder)
        it.start()
        yield it
    finally:
        it.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def kept(folder: Path, options: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """A cluster whose data stays: made in `folder` at first, started there later.

    `options` come after our own, so a benchmark can wait for the disk.
    """
    it = Cluster(folder, options=options)
    try:
        if not (folder / "data" / "PG_VERSION").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _initialise(folder)
        it.start()
        yield it
    finally:
        it.stop()


def _initialise(folder: Path) -> None:
    owner = server_user()
    if owner is not None:
        shutil.chown(folder, owner)
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    command = [binary("initdb"), "--pgdata", str(folder / "data"), "--no-sync"]
    command += [f"--username={USER}", "--auth=trust", "--encoding=UTF8"]
    command += [f"--locale={locale}"]
    process = subprocess.run(
        command, user=owner, cwd=folder, capture_output=True, text=True, check=False
    )
    if process.returncode:
        raise NotStartedError(process.stdout + process.stderr)


@functools.cache
def server_user() -> str | None:
    """PostgreSQL refuses to run as root, so root hands it to someone else."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _end_with_parent() -> Callable[[], object] | None:
    """Lets Linux stop the server even when the tests were killed outright."""
    if sys.platform != "linux":
        return None
    set_death_signal = 1
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(set_death_signal, signal.SIGINT)


def end_on_sigterm() -> None:
    """Makes SIGTERM unwind the stack, so that every `finally` runs."""

    def end(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def run(command: list[str], env: dict[str, str]) -> int:
    """Runs the command; it does not outlive us."""
    with running(command, env) as process:
        return process.wait()


@contextlib.contextmanager
def running(
    command: list[str], env: dict[str, str], output: IO[str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The running command; it ends with the block at the latest."""
    errors = subprocess.STDOUT if output else None
    process = subprocess.Popen(command, env=env, stdout=output, stderr=errors)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def main() -> int:
    end_on_sigterm()
    command = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if not command:
        print("usage: python -m tests.postgres -- COMMAND …", file=sys.stderr)
        return 2
    install()
    with cluster() as server:
        return run(command, os.environ | {"DATABASE_URL": server.url})


if __name__ == "__main__":
    sys.exit(main())
