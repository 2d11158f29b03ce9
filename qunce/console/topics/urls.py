"""URLs of topics: the hot list, and the replies to one."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.topics import replies
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.topics import actions, views

app_name = "topics"
kind_pages.register(
    KindPage(
        kind=replies.KIND,
        label=_("Replies to the topic"),
        icon="chat-bubble-left-right",
        url_name="topics:detail",
    )
)
urlpatterns = [
    path("", views.topic_list, name="list"),
    path("ideas/<int:pk>/start/", actions.start_from_idea, name="start"),
    path("<int:pk>/", views.topic_detail, name="detail"),
    path("<int:pk>/file/", views.file, name="file"),
    path("<int:pk>/replies/<int:reply>/hide/", actions.hide, name="hide"),
    path("<int:pk>/replies/<int:reply>/show/", actions.show, name="show"),
]
