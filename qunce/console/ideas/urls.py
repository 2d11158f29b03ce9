from __future__ import annotations

from django.urls import path

from qunce.console.ideas import actions, feed_views, views

app_name = "ideas"
urlpatterns = [
    path("", views.idea_list, name="list"),
    path("new/", views.idea_create, name="create"),
    path("paste/", views.paste, name="paste"),
    path("festivals/", views.festival_list, name="festival-list"),
    path("festivals/add/", actions.add_festival, name="festival-add"),
    path("feeds/", feed_views.feed_list, name="feed-list"),
    path("feeds/new/", feed_views.feed_create, name="feed-create"),
    path("feeds/<int:pk>/", feed_views.feed_update, name="feed-update"),
    path("feeds/<int:pk>/pause/", feed_views.pause, name="feed-pause"),
    path("feeds/<int:pk>/resume/", feed_views.resume, name="feed-resume"),
    path("feeds/<int:pk>/fetch/", feed_views.fetch_soon, name="feed-fetch"),
    path("feeds/<int:pk>/remove/", feed_views.remove, name="feed-remove"),
    path("<int:pk>/", views.idea_detail, name="detail"),
    path("<int:pk>/edit/", views.idea_update, name="update"),
    path("<int:pk>/state/", actions.move, name="move"),
    path("<int:pk>/assign/", actions.assign, name="assign"),
    path("<int:pk>/unassign/", actions.unassign, name="unassign"),
    path("<int:pk>/material/", actions.make_material, name="make-material"),
    path("<int:pk>/read/", actions.read_again, name="read-again"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
]
