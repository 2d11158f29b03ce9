from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

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


@pytest.fixture(params=["zh_Hans"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_sentence_is_translated(messages: ModuleType, language: str) -> None:
    assert messages.missing(messages.updated(language)) == []


def test_catalogue_has_only_sentences_of_the_source(
    messages: ModuleType, language: str
) -> None:
    path = messages.po_path(language)
    assert path.read_bytes() == messages.po(messages.updated(language))


def test_compiled_catalogue_is_current(messages: ModuleType, language: str) -> None:
    compiled = messages.po_path(language).with_suffix(".mo").read_bytes()
    assert compiled == messages.mo(messages.read(language))
