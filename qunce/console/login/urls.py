from __future__ import annotations

from django.urls import path

from qunce.console.login import entry_views, provider_views, views

app_name = "login"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/code/", views.code, name="code"),
    path("sign-in/password/", views.password, name="password"),
    path("sign-in/two-factor/", views.two_factor_setup, name="two-factor"),
    path("sign-in/language/", views.language, name="language"),
    path("sign-in/provider/", provider_views.begin, name="provider"),
    path("sign-in/provider/return/", provider_views.finish, name="provider-return"),
    path("enter/<str:token>/", entry_views.enter, name="enter"),
    path("switch/<int:pk>/", views.switch, name="switch"),
    path("sign-out/", views.sign_out, name="sign-out"),
]
