"""The page of environment variables and of the engine's limits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

import qunce
from docs import markdown

VARIABLES = {
    "QUNCE_HOME": "Folder of the database and of all that is derived from it;"
    " `~/.qunce` if not given.",
    "DATABASE_URL": "`postgresql://user:password@host:port/name` switches to PostgreSQL;"
    " SQLite in `QUNCE_HOME` if not given.",
    "QUNCE_SECRET_KEY": "Key for signatures; made once and kept in `QUNCE_HOME` if not"
    " given.",
    "QUNCE_ALLOWED_HOSTS": "Host names to answer to, with commas; this machine only if not given.",
    "QUNCE_API_RATE_LIMIT": "Requests a minute that an API key may make of each process;"
    " 60,000 if not given.",
    "QUNCE_MAX_UPLOAD_BYTES": "Bytes of a file that is imported through the console; 4 GB if"
    " not given.",
    "QUNCE_ALLOW_PRIVATE_WEBHOOKS": "Anything but 0: webhooks may go to private addresses, and"
    " without TLS.",
    "QUNCE_HTTPS": "`1` where readers come by HTTPS: cookies travel by it alone, plain"
    " HTTP is sent on to it, browsers remember.",
    "QUNCE_TRUSTED_PROXIES": "How many proxies of yours stand before Qunce, each adding to"
    " `X-Forwarded-For` and telling `X-Forwarded-Proto`; 0 if not given.",
    "QUNCE_METRICS_TOKEN": "What a Prometheus has to show as a bearer token to read"
    " `/metrics`; without one only this machine may, and not through a proxy.",
    "QUNCE_LANG": "Language of the command line, `zh` or `en`. Then `LC_ALL` and `LANG`"
    " are asked, then the community.",
    "LC_ALL": "See `QUNCE_LANG`.",
    "LANG": "See `QUNCE_LANG`.",
    "QUNCE_DEBUG": "Anything: show where in the code an error of the database or the disk"
    " arose.",
    "QUNCE_PG_BIN": "Folder of PostgreSQL's programs (`pg_dump`, `pg_restore`) if they are not"
    " on the path.",
}
LIMITS = {
    "SETS_CACHE_BYTES": "Memory for sets that were asked before.",
    "DUCKDB_MEMORY": "Memory for questions that need payloads.",
    "DUCKDB_THREADS": "Threads of such a question.",
    "IMPORT_CHUNK_ROWS": "Rows of a file that are read and sorted at once.",
}
INTERNAL = {"DJANGO_SETTINGS_MODULE", "QUNCE_LOG"}
"""Set by the program itself, for itself."""


def page() -> str:
    variables = [(markdown.code(name), said) for name, said in VARIABLES.items()]
    limits = [
        (markdown.code(name), str(getattr(settings, name)), said)
        for name, said in LIMITS.items()
    ]
    return "\n\n".join(
        (
            markdown.table(("environment", "meaning"), variables),
            "## The engine's limits\n\nThey stand in `qunce/settings.py`.",
            markdown.table(("limit", "value", "meaning"), limits),
        )
    )


def read_in_code() -> set[str]:
    """Names of all environment variables that qunce/ reads."""
    found: set[str] = set()
    for path in Path(qunce.__path__[0]).rglob("*.py"):
        if "os.environ" in (text := path.read_text(encoding="utf-8")):
            found.update(_read(ast.parse(text)))
    return found - INTERNAL


def _read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_environ(node.func):
            yield from _texts(node.args[:1])
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            yield from _texts([node.slice] if _is_environ(node) else [])
        # for name in ("ONE", "OTHER"): … os.environ …
        if isinstance(node, ast.For) and "os.environ" in ast.unparse(node):
            yield from _texts(getattr(node.iter, "elts", []))


def _is_environ(node: ast.AST) -> bool:
    owner = getattr(node, "value", None)
    return ast.unparse(owner) == "os.environ" if owner else False


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
