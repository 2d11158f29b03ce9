from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from qunce.core import personal_texts


class ImportingConfig(AppConfig):
    name = "qunce.importing"
    label = "importing"

    def ready(self) -> None:
        # Importing it declares its facts and permission.
        from qunce.core import personal_texts
        from qunce.importing.jobs import imported_joins, jobs  # noqa: F401

        personal_texts.register(_erase)


def _erase(person: personal_texts.ErasedPerson) -> None:
    # Loaded when somebody is erased, as every command loads this module.
    from qunce.importing.undo import erased_people

    erased_people.erase(person)
