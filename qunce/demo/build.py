"""A community of the demo while it is made: its time, and how long each step took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff

Report = Callable[[str], None]
"""Prints one line of progress."""


class NotTheDemo(errors.Refused):
    """This community has its own members. Choose another one with --community."""


@dataclass
class Build:
    community: Community
    at: datetime
    report: Report
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def verb_args(self) -> dict[str, Any]:
        return {"by": staff_models.system(self.community), "at": self.at}

    @property
    def query_args(self) -> dict[str, Any]:
        return {"community": self.community, **self.verb_args}

    @contextmanager
    def step(self, name: str, label: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.steps[name] = round(time.perf_counter() - start, 2)
        self.report(f"{self.steps[name]:8.2f} s  {label}")


def ensure_staff(
    *, community: Community, login: str, name: str, role: str, at: datetime
) -> Staff:
    """Return the staff member, who cannot sign in without a password."""
    # Logins are unique in the whole installation, and several communities may be demos.
    if Staff.objects.filter(login=login).exclude(community=community).exists():
        login = f"{login}-{community.pk}"
    existing = Staff.objects.filter(community=community, login=login).first()
    return existing or staff_models.create(
        community=community, login=login, name=name, role=role, at=at
    )


def ensure_owner(
    *, community: Community, login: str, name: str, password: str, at: datetime
) -> Staff:
    """Return the owner who opens the console.

    Whoever signed in and chose another password keeps it.
    """
    owner = ensure_staff(
        community=community, login=login, name=name, role="owner", at=at
    )
    if owner.last_login is None and not owner.check_password(password):
        owner.set_password(password)
        owner.save(update_fields=["password"])
    return owner


def password_of_home(generate: Callable[[], str]) -> str:
    """Return the password of the demo's owners, which stays the same in this home."""
    path = settings.HOME / "demo" / "password"
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    password = generate()
    path.touch(mode=0o600)
    path.write_text(f"{password}\n")
    return password
