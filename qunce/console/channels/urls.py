from __future__ import annotations

from django.urls import path

from qunce.console.channels import actions, views

app_name = "channels"
urlpatterns = [
    path("", views.channel_list, name="list"),
    path("<str:channel>/", views.channel_detail, name="detail"),
    path("<str:channel>/connect/", views.channel_connect, name="connect"),
    path("<str:channel>/check/", actions.check, name="check"),
    path("<str:channel>/limit/", actions.change_limit, name="limit"),
    path("<str:channel>/widget/", actions.allow_frames, name="widget"),
    path("<str:channel>/invitations/", actions.ask_first, name="ask-first"),
    path("<str:channel>/invitations/accept/", actions.accept, name="accept"),
    path("<str:channel>/invitations/refuse/", actions.refuse, name="refuse"),
    path(
        "<str:channel>/missed/<int:pk>/note/", actions.note_missed, name="note-missed"
    ),
    path("<str:channel>/disconnect/", actions.disconnect, name="disconnect"),
]
