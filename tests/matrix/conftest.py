from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from tests import synapse
from tests.matrix import members
from tests.matrix.members import Member, People
from tests.matrix.site import Site
from tests.synapse import Synapse

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Synapse]:
    """A homeserver with open rate limits, for all scenes of this process."""
    with synapse.server() as running:
        yield running


@pytest.fixture(scope="session")
def people(server: Synapse) -> Iterator[People]:
    with members.driver(server) as driven:
        yield driven


@pytest.fixture
def site(
    transactional_db: None, server: Synapse, people: People, settings: Settings
) -> Site:
    """A community with an account of its own on the homeserver."""
    settings.ALLOW_PRIVATE_HOMESERVERS = True
    return Site.create(server, people, f"bot{next(_numbers)}")


@pytest.fixture
def register(people: People) -> Callable[..., list[Member]]:
    """Creates members whose names no other scene has."""

    def create(*names: str) -> list[Member]:
        number = next(_numbers)
        return people.register(*(f"{name}{number}" for name in names))

    return create
