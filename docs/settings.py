"""The page of environment variables and of limits of the engine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

import qunce
from docs import markdown

VARIABLES = {
    "QUNCE_HOME": "Folder of the database and of all derived data. Default: `~/.qunce`.",
    "DATABASE_URL": "`postgresql://user:password@host:port/name` of a PostgreSQL database."
    " Default: SQLite in `QUNCE_HOME`.",
    "QUNCE_SECRET_KEY": "Key for signatures. Default: generated and stored in"
    " `QUNCE_HOME`.",
    "QUNCE_ALLOWED_HOSTS": "Host names that Qunce responds to, separated by commas."
    " Default: this machine only.",
    "QUNCE_API_RATE_LIMIT": "Requests per minute that one API key may make to each"
    " process. Default: 60,000.",
    "QUNCE_MAX_FACT_FIELDS": "Maximum number of different payload fields of a kind of"
    " facts. Default: 200.",
    "QUNCE_MAX_FACT_KINDS": "Maximum number of kinds of facts in a community. Default:"
    " 500.",
    "QUNCE_MAX_UPLOAD_BYTES": "Maximum size of a file that is imported in the console."
    " Default: 4 GB.",
    "QUNCE_ALLOW_PRIVATE_WEBHOOKS": "Set to `1` to allow webhooks to private addresses and"
    " without TLS, and feeds and pages of the idea box from private addresses.",
    "QUNCE_ALLOW_PRIVATE_HOMESERVERS": "Set to `1` to allow Matrix homeservers on private"
    " addresses and without TLS.",
    "QUNCE_DRAND_URL": "Address of a drand relay, from which the public values of draws are"
    " fetched. Default: `https://api.drand.sh`; empty for none, so that staff paste them.",
    "QUNCE_PORTAL_URL": "Address of a domain of its own for member pages, such as"
    " `https://m.example.org`. Nothing else answers there, and member pages answer nowhere"
    " else. Default: they are at `QUNCE_PUBLIC_URL`.",
    "QUNCE_PUBLIC_URL": "Address at which members reach Qunce, such as"
    " `https://community.example.org`. Links in messages are then short and count who"
    " opened them. Default: links stay as they are.",
    "QUNCE_OIDC_ISSUER": "Address of your organisation's sign-in service (OpenID Connect)."
    " The sign-in page then offers it beside the password. Register"
    " `/sign-in/provider/return/` of this site there as the redirect address. Default:"
    " passwords only.",
    "QUNCE_OIDC_CLIENT_ID": "Identifier of Qunce at that service.",
    "QUNCE_OIDC_CLIENT_SECRET": "Secret of Qunce at that service. Default: none.",
    "QUNCE_OIDC_NAME": "Name of the service on the button. Default: its host name.",
    "QUNCE_OIDC_LOGIN_CLAIM": "Claim that names the login of the staff member. Default:"
    " `email`, which must be verified. Choose another one only if people cannot change"
    " it themselves.",
    "QUNCE_OIDC_ROLE_CLAIM": "Claim with the roles of a person. Default: `groups`.",
    "QUNCE_OIDC_ROLES": "Roles there and the roles in Qunce that they give, such as"
    " `shop-leads=manager,shop=operator`. People with one of them are added as staff when"
    " they first sign in, and their role follows. Default: only staff who exist.",
    "QUNCE_OIDC_COMMUNITY": "Key of the community to which those people are added.",
    "QUNCE_HTTPS": "Set to `1` behind HTTPS: secure cookies, redirect from HTTP, HSTS.",
    "QUNCE_TRUSTED_PROXIES": "Number of your reverse proxies in front of Qunce. Each adds"
    " to `X-Forwarded-For` and sets `X-Forwarded-Proto`. Default: 0.",
    "QUNCE_METRICS_TOKEN": "Bearer token that allows other machines to read `/metrics`."
    " Default: only this machine can read it, and not through a proxy.",
    "QUNCE_LANG": "Language of the command line, `zh` or `en`. Default: `LC_ALL`, then"
    " `LANG`, then the language of the community.",
    "LC_ALL": "See `QUNCE_LANG`.",
    "LANG": "See `QUNCE_LANG`.",
    "QUNCE_DEBUG": "Set to `1` to show the traceback of errors of the database or the"
    " disk.",
    "OPENBLAS_NUM_THREADS": "Threads of one numerical computation, such as training a"
    " classifier. Default: 1.",
    "QUNCE_PG_BIN": "Folder of PostgreSQL's programs (`pg_dump`, `pg_restore`). Default:"
    " found on the path.",
}
LIMITS = {
    "SETS_CACHE_BYTES": "Memory for cached sets.",
    "DUCKDB_MEMORY": "Memory for queries that read payloads.",
    "DUCKDB_THREADS": "Threads of such a query.",
    "IMPORT_CHUNK_ROWS": "Rows of a file that are read and sorted together.",
}
INTERNAL = {"DJANGO_SETTINGS_MODULE", "QUNCE_LOG"}
"""Variables that the program sets for its own processes."""


def page() -> str:
    variables = [(markdown.code(name), text) for name, text in VARIABLES.items()]
    limits = [
        (markdown.code(name), str(getattr(settings, name)), text)
        for name, text in LIMITS.items()
    ]
    return "\n\n".join(
        (
            markdown.table(("variable", "meaning"), variables),
            "## Limits of the engine\n\nThey are set in `qunce/settings.py`.",
            markdown.table(("limit", "value", "meaning"), limits),
        )
    )


def read_in_code() -> set[str]:
    """Return the names of all environment variables that qunce/ reads."""
    names: set[str] = set()
    for path in Path(qunce.__path__[0]).rglob("*.py"):
        if "os.environ" in (text := path.read_text(encoding="utf-8")):
            names.update(_list_reads(ast.parse(text)))
    return names - INTERNAL


def _list_reads(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_environ(node.func):
            yield from _literals(node.args[:1])
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            yield from _literals([node.slice] if _is_environ(node) else [])
        # A loop such as: for name in ("ONE", "OTHER"): … os.environ …
        if isinstance(node, ast.For) and "os.environ" in ast.unparse(node):
            yield from _literals(getattr(node.iter, "elts", []))


def _is_environ(node: ast.AST) -> bool:
    owner = getattr(node, "value", None)
    return ast.unparse(owner) == "os.environ" if owner else False


def _literals(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
