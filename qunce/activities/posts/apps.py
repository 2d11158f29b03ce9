from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "qunce.activities.posts"
    label = "posts"

    def ready(self) -> None:
        for module in ("posts.personal_sections", "posts.chat_changes", "kinds.post"):
            import_module(f"qunce.activities.{module}")
