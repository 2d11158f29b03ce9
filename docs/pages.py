"""Every page of docs/reference/, each made from what the code declares."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation

from docs import columns, commands, kinds, markdown, rooms, settings

Page = Callable[[], str]

PAGES: dict[str, tuple[str, str, Page]] = {
    "commands.md": ("en", "Commands of `qunce` and their options", commands.page),
    "commands.zh-CN.md": ("zh-hans", "`qunce` 的命令与选项", commands.page),
    "rules.md": ("en", "Clauses of a rule and their fields", kinds.clauses),
    "columns.md": ("en", "Columns of files that can be imported", columns.page),
    "facts.md": ("en", "Kinds of facts and what they carry", kinds.facts_page),
    "states.md": ("en", "States and the steps between them", kinds.states),
    "permissions.md": (
        "en",
        "Permissions and the roles that carry them",
        kinds.permissions,
    ),
    "settings.md": ("en", "Environment variables and limits", settings.page),
}
"""File → language, what it is about, and how it is made."""


def all_pages() -> dict[str, str]:
    rooms.import_all()
    made = {name: _made(*page) for name, page in PAGES.items()}
    return made | {"README.md": _index()}


def _made(language: str, title: str, page: Page) -> str:
    with translation.override(language):
        return markdown.page(title, page())


def _index() -> str:
    lines = [f"- [{title}]({name})" for name, (_lang, title, _page) in PAGES.items()]
    return markdown.page("Reference", "\n".join(lines))
