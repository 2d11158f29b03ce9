from __future__ import annotations

from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "qunce.groups.lists"
    label = "lists"

    def ready(self) -> None:
        from qunce.groups.lists import lists, personal_sections  # noqa: F401 - facts
        from qunce.members.surveys import respondents

        respondents.register(lambda people, at: lists.blacklisted_among(people, at=at))
