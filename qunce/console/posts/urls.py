"""URLs of posts: the list of an activity, one post, and adding one for a member."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.posts import terms
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.posts import actions, views

app_name = "posts"
kind_pages.register(
    KindPage(
        kind=terms.KIND,
        label=_("Posts of members"),
        icon="photo",
        url_name="posts:list",
    )
)
urlpatterns = [
    path("<int:pk>/", views.post_list, name="list"),
    path("<int:pk>/add/", views.add, name="add"),
    path("<int:pk>/<int:post>/", views.detail, name="detail"),
    path("<int:pk>/<int:post>/pictures/<str:picture>/", views.picture, name="picture"),
    path("<int:pk>/<int:post>/accept/", actions.accept, name="accept"),
    path("<int:pk>/<int:post>/reject/", actions.reject, name="reject"),
    path("<int:pk>/<int:post>/hide/", actions.hide, name="hide"),
    path("<int:pk>/<int:post>/feature/", actions.feature, name="feature"),
    path("<int:pk>/<int:post>/unfeature/", actions.unfeature, name="unfeature"),
    path("<int:pk>/<int:post>/reward/", actions.reward, name="reward"),
    path("<int:pk>/<int:post>/note-reward/", actions.note_reward, name="note-reward"),
    path("<int:pk>/<int:post>/tag/", actions.tag, name="tag"),
    path("<int:pk>/<int:post>/material/", actions.make_material, name="material"),
    path("<int:pk>/<int:post>/confirm/", actions.confirm, name="confirm"),
    path("<int:pk>/<int:post>/withdraw/", actions.withdraw, name="withdraw"),
]
