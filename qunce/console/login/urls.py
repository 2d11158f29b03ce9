from __future__ import annotations

from django.urls import path

from qunce.console.login import views

app_name = "login"
urlpatterns = [
    path("", views.sign_in, name="sign-in"),
    path("code/", views.code, name="code"),
    path("password/", views.password, name="password"),
    path("two-factor/", views.two_factor_setup, name="two-factor"),
    path("out/", views.sign_out, name="sign-out"),
    path("language/", views.language, name="language"),
]
