from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

DECLARING = (
    "accounts.accounts",
    "accounts.masking",
    "accounts.reported_presence",
    "accounts.identity_settings",
    "accounts.placeholders",
    "accounts.suppression",
    "attributes.personal_values",
    "attributes.type_changes",
    "behaviour",
    "columns.profile_columns",
    "columns.score_columns",
    "consents.consents",
    "layers.layer_checks",
    "message_texts.message_texts",
    "people.corrections",
    "people.merge_checks",
    "people.notes",
    "people.people",
    "people.personal_sections",
    "people.removal",
    "people.remark_names",
    "people.scope_rules",
    "people.shared_identifiers",
    "people.staff_accounts",
    "saved_views.saved_views",
    "scores.scores",
    "search.export",
    "segments.watch_checks",
    "staff_in_charge.assignments",
    "tag_rules.activation",
    "tag_rules.runs",
    "tags.duplicates",
    "tags.merges",
)
"""Modules that declare facts, permissions and checks when imported."""


class MembersConfig(AppConfig):
    name = "qunce.members"
    label = "members"

    def ready(self) -> None:
        from qunce.members.accounts import accounts
        from qunce.members.accounts.models import Account
        from qunce.members.attributes import values as attribute_values
        from qunce.members.staff_in_charge import models as staff_models
        from qunce.members.tags import models as tag_models
        from qunce.sets.bitmaps import attribute_columns, marks, presence_sets
        from qunce.sets.mirror import mirror_erasure

        for module in DECLARING:
            import_module(f"qunce.members.{module}")
        marks.register(tag_models.KIND)
        attribute_columns.register(attribute_values.KIND)
        attribute_columns.register(staff_models.KIND)
        for kind in ("member.erased", "member.removed"):
            mirror_erasure.exempt(kind)
        presence_sets.register(
            Account._meta.db_table,
            left=accounts.MemberLeft.kind,
            rejoined=accounts.MemberRejoined.kind,
        )
