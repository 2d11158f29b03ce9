"""The pages of docs/reference/, generated from what the code declares."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation

from docs import all_modules, columns, commands, kinds, markdown, metrics, settings

Page = Callable[[], str]

PAGES: dict[str, tuple[str, str, Page]] = {
    "commands.md": ("en", "Commands of `qunce` and their options", commands.page),
    "commands.zh-CN.md": ("zh-hans", "`qunce` 的命令与选项", commands.page),
    "rules.md": ("en", "Clauses of a rule and their fields", kinds.clauses),
    "ladders.md": ("en", "Ready-made layerings", kinds.ladders),
    "columns.md": ("en", "Columns of files that can be imported", columns.page),
    "facts.md": ("en", "Fact kinds and their fields", kinds.facts_page),
    "metrics.md": ("en", "Metrics, ratios and identities", metrics.page),
    "metrics.zh-CN.md": ("zh-hans", "指标、比率与恒等式", metrics.page),
    "states.md": ("en", "States and transitions", kinds.states),
    "permissions.md": ("en", "Permissions of each role", kinds.permissions),
    "settings.md": ("en", "Environment variables and limits", settings.page),
}
"""File name → language, title, and the function that returns the page."""


def all_pages() -> dict[str, str]:
    all_modules.import_all()
    pages = {name: _render(*page) for name, page in PAGES.items()}
    return pages | {"README.md": _index()}


def _render(language: str, title: str, page: Page) -> str:
    with translation.override(language):
        return markdown.page(title, page())


def _index() -> str:
    lines = [f"- [{title}]({name})" for name, (_lang, title, _page) in PAGES.items()]
    return markdown.page("Reference", "\n".join(lines))
