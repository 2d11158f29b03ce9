"""Staff: the people who work in a community, and the part of it that they see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.core.staff.roles import CustomRole
from qunce.core.staff.units import Unit


class Theme(models.TextChoices):
    SYSTEM = "system", gettext_lazy("same as device")
    LIGHT = "light", gettext_lazy("light")
    DARK = "dark", gettext_lazy("dark")


class StaffManager(BaseUserManager["Staff"]):
    def get_by_natural_key(self, username: str | None) -> Staff:
        return self.get(login=username)


@personal_texts.erased_in("scope", "own_scope", "groups", "own_groups")
class Staff(AbstractBaseUser):
    """`scope` is a rule over members, `groups` a list of group keys; null is no limit.

    Both result from `own_scope` and `own_groups` and the limits of the unit, see `scopes`.
    `role` is the rank, and decides the permissions unless there is a `custom_role`.
    `person` is the same for all accounts of one person, who switches between them.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="staff")
    login = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=permissions.Role.choices)
    custom_role = models.ForeignKey(
        CustomRole, models.PROTECT, null=True, related_name="staff"
    )
    scope: models.JSONField[Any, Any] = models.JSONField(null=True)
    groups: models.JSONField[Any, Any] = models.JSONField(null=True)
    own_scope: models.JSONField[Any, Any] = models.JSONField(null=True)
    own_groups: models.JSONField[Any, Any] = models.JSONField(null=True)
    # From which on they see what they see; null if they have always seen it.
    scope_changed_at = timestamps.TimestampField(null=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="staff")
    email = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=10, default="zh-hans")
    theme = models.CharField(max_length=10, choices=Theme.choices, default="system")
    # Set by somebody else, so it is valid for one sign-in.
    password_is_temporary = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    person = models.UUIDField(null=True, db_index=True)
    created_at = timestamps.TimestampField()

    key_scopes: frozenset[str] | None = None
    """What the API key that acts for them may do; None if no key does. Not stored."""
    session_role: str = ""
    """The role to which the session cuts their rights; "" for none. Not stored."""
    api_key_id: int | None = None
    """That key, by which the audit log names the program. Not stored."""

    objects = StaffManager()
    USERNAME_FIELD = "login"

    class Meta:
        db_table = "core_staff"

    def __str__(self) -> str:
        return self.name

    @property
    def role_label(self) -> str:
        return self.custom_role.name if self.custom_role else self.get_role_display()

    @property
    def is_scoped(self) -> bool:
        """Whether they see only some of the members or only some of the groups."""
        return self.scope is not None or self.groups is not None

    @property
    def is_system(self) -> bool:
        """Whether this is the account of scheduled jobs and reactions, not a person."""
        return self.login.startswith(SYSTEM_LOGIN_PREFIX)


@transaction.atomic
def create(
    *,
    community: Community,
    login: str,
    at: datetime,
    name: str = "",
    role: str = permissions.Role.OPERATOR,
    scope: dict[str, Any] | None = None,
    password: str | None = None,
) -> Staff:
    """Create staff without checks or a fact; without a password they cannot sign in."""
    staff = Staff(
        community=community,
        login=login,
        name=name or login,
        role=role,
        scope=scope,
        own_scope=scope,
        language=community.language,
        created_at=at,
    )
    staff.set_password(password)
    staff.save()
    return staff


SYSTEM_LOGIN_PREFIX = "system@"


def system(community: Community) -> Staff:
    """The system account: acts for the command line, scheduled jobs and reactions."""
    login, defaults = _system_fields(community)
    stored = _BY_LOGIN.first(login=login)
    if stored is None:
        return Staff.objects.get_or_create(login=login, defaults=defaults)[0]
    # Of the same community, as the login says.
    stored.community = community
    return stored


_BY_LOGIN = PreparedQuery(lambda: Staff.objects.filter(login=Param("login")))


def system_for_preview(community: Community) -> Staff:
    """Like `system`, but an account that does not exist yet is not stored."""
    login, fields = _system_fields(community)
    stored = _BY_LOGIN.first(login=login)
    if stored is None:
        return Staff(pk=0, login=login, **fields)
    stored.community = community
    return stored


def _system_fields(community: Community) -> tuple[str, dict[str, Any]]:
    return f"{SYSTEM_LOGIN_PREFIX}{community.key}", {
        "community": community,
        "name": "Qunce",
        "role": permissions.Role.OWNER,
        "language": community.language,
        "password": "!",
        "created_at": community.created_at,
    }
