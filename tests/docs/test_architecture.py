"""Paths, links and the import order in the developers' documentation are true."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["docs/architecture.md", "CONTRIBUTING.md"]
FENCE = re.compile(r"```.*?```", re.DOTALL)
PATH = re.compile(r"[\w.<>/-]*/(?:[\w.<>-]+\.(?:py|md|css|html|txt))?|[\w<>-]+\.py")
"""A folder with `/` at its end, a file in a folder, or a module of Python."""
NOT_IN_REPOSITORY = {
    "/",
    "var/",
    "client.py",
    "qunce/channels/<name>/payloads.py",
    "qunce/channels/<name>/views.py",
}
"""What `make` creates, and files of a recipe of which there is no example yet."""


def list_files() -> set[str]:
    """Return every file that is in version control or can be added to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {path for path in listing.stdout.splitlines() if (ROOT / path).exists()}


def list_paths(text: str) -> list[str]:
    """Return the paths in backticks, outside of blocks of code."""
    codes = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    return [code for code in codes if PATH.fullmatch(code)]


def find_missing(paths: list[str], files: set[str]) -> list[str]:
    """Return the paths that are the end of no file's path, or of no folder's.

    Pages leave out the folder if it is clear. `<name>` stands for any name.
    """
    joined = "\n".join(f"/{path}" for path in sorted(files))
    missing = []
    for path in paths:
        pattern = re.sub(r"<\w+>", r"[\\w.]+", re.escape(path).replace(r"\<", "<"))
        end = "" if path.endswith("/") else "$"
        if not re.search(rf"/{pattern}{end}", joined, re.MULTILINE):
            missing.append(path)
    return missing


@pytest.fixture(scope="module")
def files() -> set[str]:
    return list_files()


@pytest.mark.parametrize("page", PAGES)
def test_paths_on_the_page_exist(page: str, files: set[str]) -> None:
    paths = list_paths((ROOT / page).read_text(encoding="utf-8"))
    assert paths
    assert set(find_missing(paths, files)) <= NOT_IN_REPOSITORY


def test_missing_paths_are_found(files: set[str]) -> None:
    paths = ["qunce/core/", "qunce/console/<area>/urls.py", "visibility.py"]
    assert find_missing(paths, files) == []
    paths = ["qunce/cores/", "qunce/console/<area>/url.py", "visibilities.py"]
    assert find_missing(paths, files) == paths


@pytest.mark.parametrize("page", PAGES)
def test_links_on_the_page_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)]+)\)", text)
    missing = [
        link
        for link in links
        if "://" not in link
        and link.removeprefix("#") not in anchors
        and not (path.parent / link.partition("#")[0]).exists()
    ]
    assert links
    assert missing == []


def listed_folders(page: str) -> set[str]:
    """Return the entries of qunce/ in the page's block that starts with `qunce/`."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(
        r"```\nqunce/\n(.*?)(?:^\S.*?)?```", text, re.DOTALL | re.MULTILINE
    )
    assert block
    names = re.findall(r"(?:^|  )([a-z_]+(?:/|\.py))(?=\s)", block[1], re.MULTILINE)
    assert names
    return set(names)


def top_level() -> set[str]:
    modules = {path.name for path in (ROOT / "qunce").glob("*.py")} - {"__init__.py"}
    folders = {
        f"{path.parent.name}/" for path in (ROOT / "qunce").glob("*/__init__.py")
    }
    return modules | folders


def test_architecture_lists_every_folder_and_module_of_the_top_level() -> None:
    assert listed_folders("docs/architecture.md") == top_level()


def test_readme_lists_every_folder_of_the_top_level() -> None:
    folders = {name for name in top_level() if name.endswith("/")}
    assert listed_folders("README.md") == folders


def test_import_order_on_the_page_is_the_one_of_the_contract() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    line = re.search(r"^urls → .*$", text, re.MULTILINE)
    assert line
    page = [set(level.split(" | ")) for level in line[0].split(" → ")]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract, *_others = [
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    existing = {name.removesuffix(".py").removesuffix("/") for name in top_level()}
    layers = [set(re.findall(r"\w+", level)) & existing for level in contract["layers"]]
    assert page == layers


def test_words_in_italics_are_in_the_glossary() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    words = set(re.findall(r"(?<!\*)\*([a-z][a-z ]+)\*(?!\*)", text))
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \|", glossary, re.MULTILINE)
    terms = {term for row in rows for term in re.sub(r" \(.*?\)", "", row).split(", ")}
    assert {"bit counter", "lineage"} <= words
    unknown = {word for word in words if not {word, word[:-1], word[:-2]} & terms}
    assert unknown == set()


def list_names(text: str) -> set[str]:
    """Return the last part of every name in backticks, such as `Invalid` and `check_x`."""
    codes = re.findall(r"`@?([A-Za-z_][\w.]*)(?:\([^`\n]*\))?`", FENCE.sub("", text))
    return {code.rpartition(".")[2] for code in codes}


def test_names_in_the_recipes_are_used_in_the_code(files: set[str]) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = list_names(text.partition("## Recipes")[2])
    suffixes = (".py", ".html", ".md", "Makefile")
    code = "\n".join(
        (ROOT / path).read_text(encoding="utf-8")
        for path in files
        if path.endswith(suffixes) and path != "CONTRIBUTING.md"
    )
    assert {"register_finder", "Capabilities", "Invalid"} <= names
    assert names - set(re.findall(r"\w+", code)) == set()
