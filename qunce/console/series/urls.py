"""URLs of series: list, form, the page of one, its episodes and occurrences."""

from __future__ import annotations

from django.urls import path

from qunce.console.series import actions, episode_views, views

app_name = "series"
urlpatterns = [
    path("", views.series_list, name="list"),
    path("new/", views.create, name="create"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.update, name="update"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/episodes/new/", episode_views.add, name="episode-add"),
    path("episodes/<int:pk>/", episode_views.update, name="episode"),
    path("episodes/<int:pk>/move/", episode_views.move, name="episode-move"),
    path("episodes/<int:pk>/delete/", episode_views.delete, name="episode-delete"),
    path("<int:pk>/at/<int:micros>/skip/", actions.skip, name="skip"),
    path("<int:pk>/at/<int:micros>/restore/", actions.restore, name="restore"),
]
