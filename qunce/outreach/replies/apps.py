from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class RepliesConfig(AppConfig):
    name = "qunce.outreach.replies"
    label = "replies"

    def ready(self) -> None:
        for module in (
            "answers",
            "conversations",
            "reply_rules",
            "reply_settings",
            "sections",
        ):
            import_module(f"qunce.outreach.replies.{module}")
        import_module("qunce.outreach.digest_words")
