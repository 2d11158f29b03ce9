"""Which processes of this home are alive: each locks a file of its own while it lives.

The kernel releases the lock when the process ends, however it ends. What a killed process
has leased can thus be freed without waiting.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

from django.conf import settings

LENGTH = 16
FOLDER = "processes"
_own: dict[int, str] = {}
"""The token of this process, by its id: a fork has another one."""


def own() -> str:
    """The token of this process, with which its leases begin."""
    pid = os.getpid()
    if pid not in _own:
        token = secrets.token_hex(LENGTH // 2)
        # Without a file, such as on a full disk, leases end by themselves.
        with contextlib.suppress(OSError):
            _folder().mkdir(exist_ok=True)
            # Open until the process ends, which releases the lock.
            file = os.open(_folder() / token, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
        _own[pid] = token
    return _own[pid]


def remove_dead() -> list[str]:
    """Forget the processes that have ended, and return their tokens."""
    tokens = []
    for path in sorted(_folder().glob("*")):
        with contextlib.suppress(OSError), path.open("r+") as file:
            # Locked by a process that is alive, this one among them.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            tokens.append(path.name)
    return [token for token in tokens if len(token) == LENGTH]


def _folder() -> Path:
    return Path(settings.HOME) / FOLDER
