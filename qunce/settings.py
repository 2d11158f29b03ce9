"""Django settings of Qunce. Environment variables change what is not fixed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

HOME = Path(os.environ.get("QUNCE_HOME") or Path.home() / ".qunce").absolute()
HOME.mkdir(parents=True, exist_ok=True)
MIRROR = HOME / "mirror"
OFF = ("", "0")
LOCALE_PATHS = [Path(__file__).parent / "locale"]


def _secret_key() -> str:
    configured = os.environ.get("QUNCE_SECRET_KEY")
    if configured:
        return configured
    path = HOME / "secret.key"
    if not path.exists() or not path.stat().st_size:
        _write_secret_key(path)
    return path.read_text().strip()


def _write_secret_key(path: Path) -> None:
    """Write a new key beside its place first: a full disk must leave no empty one."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        aside.touch(mode=0o600)
        with aside.open("w") as file:
            file.write(get_random_secret_key())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            aside.replace(path)
        else:
            # Of two processes that start at the same time, the first one's is used.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)


def _parse_roles(text: str) -> dict[str, str]:
    """Parse "shop-leads=manager,shop=operator"."""
    pairs = [pair.strip().rpartition("=") for pair in text.split(",") if pair.strip()]
    for theirs, _equals, ours in pairs:
        # An owner is appointed by a person.
        if not theirs or ours not in ("manager", "operator", "viewer"):
            raise ImproperlyConfigured(
                "QUNCE_OIDC_ROLES must be pairs such as shop-leads=manager, with one of "
                "the roles manager, operator, viewer"
            )
    return {theirs: ours for theirs, _equals, ours in pairs}


def _sqlite(name: str, *, synchronous: str) -> dict[str, Any]:
    pragmas = [
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "mmap_size=1073741824",
        "wal_autocheckpoint=4000",
        # What is deleted is overwritten, so that erased people are not in free pages.
        "secure_delete=ON",
    ]
    return {
        "ENGINE": "qunce.core.sqlite",
        "NAME": HOME / name,
        # Opening a connection takes longer than most requests, and closing the last one
        # even longer.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": ";".join(f"PRAGMA {pragma}" for pragma in pragmas),
        },
        "TEST": {"NAME": HOME / f"test-{name}"},
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": query.pop("port", "") or parts.port or "",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "")
DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    DATABASES = {"default": _postgresql(DATABASE_URL)}
else:
    # The primary database waits for the disk at each commit, so that after a power cut
    # derived data is never ahead of it.
    DATABASES = {
        "default": _sqlite("truth.sqlite3", synchronous="FULL"),
        "derived": _sqlite("derived.sqlite3", synchronous="NORMAL"),
    }
DATABASE_ROUTERS = ["qunce.sets.derived_models.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "heroicons",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "qunce.core",
    "qunce.sets",
    "qunce.channels",
    "qunce.channels.webhooks",
    "qunce.channels.accounts",
    "qunce.channels.matrix",
    "qunce.members",
    "qunce.members.personal_links",
    "qunce.members.surveys",
    "qunce.groups",
    "qunce.groups.lists",
    "qunce.groups.moderation",
    "qunce.groups.entry",
    "qunce.groups.overlaps",
    "qunce.groups.patrol",
    "qunce.groups.complaints",
    "qunce.groups.wishes",
    "qunce.insight",
    "qunce.outreach",
    "qunce.outreach.moderation_notices",
    "qunce.outreach.replies",
    "qunce.activities.points",
    "qunce.activities.prizes",
    "qunce.activities.activities",
    "qunce.activities.draws",
    "qunce.activities.instant_draws",
    "qunce.activities.red_packets",
    "qunce.activities.check_ins",
    "qunce.activities.levels",
    "qunce.activities.games",
    "qunce.activities.mall",
    "qunce.activities.flash_sales",
    "qunce.activities.auctions",
    "qunce.activities.homework",
    "qunce.activities.meetups",
    "qunce.activities.live_sessions",
    "qunce.activities.polls",
    "qunce.activities.posts",
    "qunce.activities.tiered_tasks",
    "qunce.activities.topics",
    "qunce.sales",
    "qunce.importing",
    "qunce.api",
    "qunce.portal",
    "qunce.console",
    # After the console, whose templates of widgets come first.
    "django.forms",
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
AUTH_USER_MODEL = "core.Staff"
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get(
    "QUNCE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"
).split(",")
ROOT_URLCONF = "qunce.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "qunce.console.request_log.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "qunce.portal.hosts.PortalHostMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "qunce.console.form_size.FormSizeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "qunce.console.login.middleware.SessionMiddleware",
    "qunce.console.errors.ErrorPageMiddleware",
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login", "name", "email"]},
    },
    {
        "NAME": f"{_VALIDATION}.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
# core.staff.login_attempts throttles failed codes instead.
OTP_TOTP_THROTTLE_FACTOR = 0
OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_ISSUER = "Qunce"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "qunce.console.navigation.navigation_context",
            ],
        },
    }
]
LOGIN_URL = "login:sign-in"
DEBUG = False

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "qunce.console.static_files.Storage"},
}
METRICS_TOKEN = os.environ.get("QUNCE_METRICS_TOKEN", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "qunce.urls.csrf_failure"
SESSION_ENGINE = "qunce.core.staff.sessions"
SESSION_COOKIE_NAME = "qunce_session"
# A long working day without use; core.staff.sessions extends it while it is used.
SESSION_COOKIE_AGE = 14 * 3600
CSRF_COOKIE_NAME = "qunce_csrf"
LANGUAGE_COOKIE_NAME = "qunce_language"

PUBLIC_URL = os.environ.get("QUNCE_PUBLIC_URL", "").rstrip("/")
"""Where members reach this installation, such as https://community.example.org."""
if PUBLIC_URL and not PUBLIC_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("QUNCE_PUBLIC_URL must start with https:// or http://")
DRAND_URL = os.environ.get("QUNCE_DRAND_URL", "https://api.drand.sh").rstrip("/")
PORTAL_URL = os.environ.get("QUNCE_PORTAL_URL", "").rstrip("/")
"""Where members open their pages, if not at the public address: a domain of its own, as
chat apps block domains. Only member pages and short addresses answer there."""
if PORTAL_URL and not PORTAL_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("QUNCE_PORTAL_URL must start with https:// or http://")
if PORTAL_URL and "*" not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(urlsplit(PORTAL_URL).hostname or "")
OIDC_ISSUER = os.environ.get("QUNCE_OIDC_ISSUER", "").rstrip("/")
"""The organisation's sign-in service (OpenID Connect); "" for none."""
OIDC_CLIENT_ID = os.environ.get("QUNCE_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("QUNCE_OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("QUNCE_OIDC_NAME", "")
OIDC_LOGIN_CLAIM = os.environ.get("QUNCE_OIDC_LOGIN_CLAIM") or "email"
OIDC_ROLE_CLAIM = os.environ.get("QUNCE_OIDC_ROLE_CLAIM") or "groups"
OIDC_COMMUNITY = os.environ.get("QUNCE_OIDC_COMMUNITY", "")
OIDC_ROLES = _parse_roles(os.environ.get("QUNCE_OIDC_ROLES", ""))
"""Roles of the sign-in service, and the role in Qunce that each gives."""
if OIDC_ISSUER and not OIDC_CLIENT_ID:
    raise ImproperlyConfigured("QUNCE_OIDC_ISSUER needs QUNCE_OIDC_CLIENT_ID")
if bool(OIDC_ROLES) != bool(OIDC_COMMUNITY):
    raise ImproperlyConfigured("Set both QUNCE_OIDC_ROLES and QUNCE_OIDC_COMMUNITY")
# The number of reverse proxies in front, each of which adds an X-Forwarded-For address.
TRUSTED_PROXIES = int(os.environ.get("QUNCE_TRUSTED_PROXIES") or 0)
HTTPS = os.environ.get("QUNCE_HTTPS", "") not in OFF
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
# Probes and Prometheus ask the process directly, without the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

MAX_UPLOAD_BYTES = int(os.environ.get("QUNCE_MAX_UPLOAD_BYTES") or 4 * 10**9)
"""The largest file that can be uploaded for an import in the console."""
MAX_FACT_KINDS = int(os.environ.get("QUNCE_MAX_FACT_KINDS") or 500)
"""Kinds of facts, besides Qunce's own, that a community may report."""
MAX_FACT_FIELDS = int(os.environ.get("QUNCE_MAX_FACT_FIELDS") or 200)
"""Different fields in the payloads of one kind."""
API_RATE_LIMIT = int(os.environ.get("QUNCE_API_RATE_LIMIT") or 60_000)
"""Requests per minute that one API key may make to each process."""
ALLOW_PRIVATE_WEBHOOKS = os.environ.get("QUNCE_ALLOW_PRIVATE_WEBHOOKS", "") not in OFF
ALLOW_PRIVATE_HOMESERVERS = (
    os.environ.get("QUNCE_ALLOW_PRIVATE_HOMESERVERS", "") not in OFF
)
"""Whether webhooks, feeds and links may have private addresses, and webhooks plain HTTP."""

# Limits of the engine. The figures in docs/benchmarks.md were measured with these values.
SETS_CACHE_BYTES = 512 * 1024**2
DUCKDB_MEMORY = "512MB"
DUCKDB_THREADS = 2
IMPORT_CHUNK_ROWS = 1_000_000
