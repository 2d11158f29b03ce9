from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from qunce.core.communities import Community
from tests import factories
from tests.cases.terminal import Terminal
from tests.cli.runner import in_this_process

INPUTS = Path(__file__).parent / "inputs"
NOW = "2026-03-05T12:00:00Z"


@pytest.fixture
def community(transactional_db: None) -> Community:
    return factories.community()


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str],
    community: Community,
    settings: Settings,
    tmp_path: Path,
) -> Terminal:
    """A terminal in an empty folder."""
    settings.HOME = tmp_path
    return Terminal(in_this_process(capsys, "--at", NOW, "--lang", "en"), tmp_path)


@pytest.fixture
def shop(terminal: Terminal, request: pytest.FixtureRequest) -> Terminal:
    """A terminal in the folder of the case that the test is named for."""
    name: str = request.node.name
    folder = INPUTS / name.removeprefix("test_").replace("_", "-")
    return Terminal(terminal.run, folder)
