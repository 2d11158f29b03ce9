from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parents[1] / "tools" / "messages.py"


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["zh_Hans"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def catalogue(messages: ModuleType, language: str) -> Any:
    """The catalogue with all sentences of the source, which are read in 4 s of CPU."""
    return messages.updated(language)


def test_every_sentence_is_translated(messages: ModuleType, catalogue: Any) -> None:
    assert messages.missing(catalogue) == []


def test_catalogue_has_only_sentences_of_the_source(
    messages: ModuleType, catalogue: Any, language: str
) -> None:
    path = messages.po_path(language)
    assert path.read_bytes() == messages.po(catalogue)


def test_compiled_catalogue_is_current(messages: ModuleType, language: str) -> None:
    compiled = messages.po_path(language).with_suffix(".mo").read_bytes()
    assert compiled == messages.mo(messages.read(language))
