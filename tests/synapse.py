"""A real Synapse on the loopback, for tests.

    with synapse.server() as server:
        bot = server.register("bot")
        requests.get(server.url + "/_matrix/client/versions")

Its programs are in the environment of tests/synapse_environment.py.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import synapse_environment
from tests.server_process import NO_CERTIFICATES, free_port

NAME = "localhost"
SHARED_SECRET = "only for tests"
SECONDS_TO_START, SECONDS_TO_REPLY = 180, 120
SECONDS_TO_STOP = 20
NO_LIMIT = {"per_second": 10_000, "burst_count": 10_000}
OPEN_LIMITS: dict[str, Any] = {
    "rc_message": NO_LIMIT,
    "rc_registration": NO_LIMIT,
    "rc_joins_per_room": NO_LIMIT,
    "rc_room_creation": NO_LIMIT,
    "rc_reports": NO_LIMIT,
    "rc_joins": {"local": NO_LIMIT, "remote": NO_LIMIT},
    "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), NO_LIMIT),
    "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), NO_LIMIT),
}
DEFAULT_MESSAGE_LIMIT = {
    name: limit for name, limit in OPEN_LIMITS.items() if name != "rc_message"
}
"""Messages are limited as on a new server: bursts of 10, then one in 5 seconds."""


class NotStartedError(Exception):
    """Synapse did not start."""


@dataclass(frozen=True)
class User:
    id: str
    token: str
    device: str


class Synapse:
    """A server that keeps its data while it is stopped, until the end of its block."""

    def __init__(self, folder: Path, limits: dict[str, Any]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._write_configuration(limits)

    def _write_configuration(self, limits: dict[str, Any]) -> None:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self.folder / "signing.key").write_text(f"ed25519 a_test {key}\n")
        logging = {"version": 1, "root": {"level": "ERROR"}}
        (self.folder / "log.yaml").write_text(json.dumps(logging))
        listener = {
            "port": self.port,
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client", "openid"]}],
        }
        configuration = {
            "server_name": NAME,
            "public_baseurl": self.url,
            "pid_file": str(self.folder / "pid"),
            "listeners": [listener],
            "database": {
                "name": "sqlite3",
                "args": {"database": str(self.folder / "data.db")},
            },
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": SHARED_SECRET,
            "macaroon_secret_key": "only for tests",
            "form_secret": "only for tests",
            "report_stats": False,
            # Nobody logs in by password, and a strong digest takes a quarter of a second.
            "bcrypt_rounds": 4,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "presence": {"enabled": False},
            **limits,
        }
        # JSON is YAML.
        (self.folder / "homeserver.yaml").write_text(json.dumps(configuration))

    def start(self) -> None:
        command = [str(synapse_environment.python()), "-m", "synapse.app.homeserver"]
        command += ["-c", str(self.folder / "homeserver.yaml")]
        with (self.folder / "log").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=output, stderr=output
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                url = self.url + "/health"
                httpx.get(url, timeout=2, verify=NO_CERTIFICATES).raise_for_status()
                return
            time.sleep(0.1)
        self.stop(signal.SIGKILL)
        raise NotStartedError((self.folder / "log").read_text()[-2_000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the server; SIGKILL ends it as a crash does."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def register(self, name: str, *, is_admin: bool = False) -> User:
        """Create a user by the shared secret. The token comes without a login."""
        path = "/_synapse/admin/v1/register"
        nonce = self._request("GET", path)["nonce"]
        password = secrets.token_hex(8)
        role = "admin" if is_admin else "notadmin"
        signed = "\0".join((nonce, name, password, role)).encode()
        mac = hmac.new(SHARED_SECRET.encode(), signed, hashlib.sha1).hexdigest()
        body = {
            "nonce": nonce,
            "username": name,
            "password": password,
            "admin": is_admin,
            "mac": mac,
        }
        reply = self._request("POST", path, json=body)
        return User(reply["user_id"], reply["access_token"], reply["device_id"])

    def make_admin(self, user: User) -> None:
        """Make a user an administrator of the server, as another one does."""
        admin = self.register(f"admin-{secrets.token_hex(4)}", is_admin=True)
        path = f"/_synapse/admin/v1/users/{user.id}/admin"
        headers = {"Authorization": f"Bearer {admin.token}"}
        self._request("PUT", path, json={"admin": True}, headers=headers)

    def lift_limits(self, admin: User, user: User) -> None:
        """Let a user send without a limit, as an administrator does."""
        path = f"/_synapse/admin/v1/users/{user.id}/override_ratelimit"
        headers = {"Authorization": f"Bearer {admin.token}"}
        body = {"messages_per_second": 0, "burst_count": 0}
        self._request("POST", path, json=body, headers=headers)

    def _request(self, method: str, path: str, **given: Any) -> Any:
        url, given["timeout"] = self.url + path, SECONDS_TO_REPLY
        reply = httpx.request(method, url, verify=NO_CERTIFICATES, **given)
        return reply.raise_for_status().json()


@contextlib.contextmanager
def server(limits: dict[str, Any] | None = None) -> Iterator[Synapse]:
    """A running Synapse with open rate limits, or others; gone when the block ends."""
    # In memory where that is possible: Synapse waits for the disk at each event.
    memory = Path("/dev/shm")  # noqa: S108 - the folder inside is private
    parent = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="synapse-", dir=parent) as folder:
        running = Synapse(Path(folder), OPEN_LIMITS if limits is None else limits)
        running.start()
        try:
            yield running
        finally:
            running.stop(signal.SIGKILL)
