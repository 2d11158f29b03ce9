from __future__ import annotations

from django.urls import path

from qunce.console.groups import editing, listing, people, showing

app_name = "groups"
urlpatterns = [
    path("", listing.listed, name="list"),
    path("new/", editing.new, name="new"),
    path("<int:pk>/", showing.page, name="page"),
    path("<int:pk>/charts/<slug:name>/", showing.chart, name="chart"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/stage/<slug:step>/", editing.move, name="move"),
    path("<int:pk>/people/", people.join, name="join"),
    path("<int:pk>/people/since/<int:moment>/undo/", people.undo, name="undo"),
    path("<int:pk>/people/<int:account>/role/", people.role, name="role"),
    path("<int:pk>/people/<int:account>/leave/", people.leave, name="leave"),
    path("<int:pk>/people/<int:account>/back/", people.back, name="back"),
]
