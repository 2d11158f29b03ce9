"""Member pages below `/p/`, and the short addresses of tracked links below `/l/`.

Below `/p/<community>/widget/` are the same pages for the frame of an app, see `frames`.
"""

from __future__ import annotations

from django.urls import include, path, register_converter

from qunce.portal import frames, links
from qunce.portal.activities import views as activities
from qunce.portal.draws import views as draws
from qunce.portal.flash_sales import views as flash_sales
from qunce.portal.home import views as home
from qunce.portal.homework import views as homework
from qunce.portal.instant_draws import views as instant_draws
from qunce.portal.live_sessions import views as live_sessions
from qunce.portal.mall import views as mall
from qunce.portal.me import views as me
from qunce.portal.meetups import views as meetups
from qunce.portal.points import views as points
from qunce.portal.posts import views as posts
from qunce.portal.privacy import views as privacy
from qunce.portal.prizes import views as prizes
from qunce.portal.sign_in import channel_views as channels
from qunce.portal.sign_in import views as sign_in
from qunce.portal.surveys import views as surveys
from qunce.portal.topics import views as topics

app_name = "portal"
register_converter(frames.PlaceConverter, "place")
COMMUNITY = [
    path("", home.home, name="home"),
    path("display", home.display, name="display"),
    path("seen", home.seen, name="seen"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-in/code", sign_in.show_code, name="show-code"),
    path("sign-in/hand-over", channels.hand_over, name="hand-over"),
    path("sign-in/<str:channel>", channels.sign_in, name="channel-sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("a/<str:public_id>", activities.activity, name="activity"),
    path("a/<str:public_id>/join", activities.join, name="activity-join"),
    path("a/<str:public_id>/card", activities.buy_card, name="buy-card"),
    path("a/<str:public_id>/streak", activities.streak_page, name="streak"),
    path("a/<str:public_id>/streak.png", activities.streak, name="streak-picture"),
    path(
        "reservations/<str:public_id>/confirm",
        flash_sales.confirm,
        name="confirm-reservation",
    ),
    path("a/<str:public_id>/homework", homework.hand_in, name="hand-in"),
    path(
        "a/<str:public_id>/homework/comment", homework.comment, name="homework-comment"
    ),
    path("a/<str:public_id>/reviews/<str:code>", homework.review, name="review"),
    path(
        "a/<str:public_id>/reviews/<str:code>/write",
        homework.write_review,
        name="write-review",
    ),
    path("a/<str:public_id>/sign-up", meetups.sign_up, name="meetup-sign-up"),
    path("a/<str:public_id>/entrance.png", meetups.entrance, name="meetup-entrance"),
    path("a/<str:public_id>/event.ics", meetups.event, name="meetup-event"),
    path("a/<str:public_id>/room", live_sessions.room, name="live-room"),
    path("a/<str:public_id>/replay", live_sessions.replay, name="live-replay"),
    path("a/<str:public_id>/live.ics", live_sessions.event, name="live-event"),
    path("a/<str:public_id>/posts", posts.list_posts, name="posts"),
    path("a/<str:public_id>/posts/write", posts.write, name="write-post"),
    path("a/<str:public_id>/posts/<str:code>", posts.post, name="post"),
    path("a/<str:public_id>/posts/<str:code>/edit", posts.edit, name="edit-post"),
    path(
        "a/<str:public_id>/posts/<str:code>/uses", posts.choose_uses, name="post-uses"
    ),
    path("a/<str:public_id>/posts/<str:code>/delete", posts.delete, name="delete-post"),
    path(
        "a/<str:public_id>/posts/<str:code>/<str:picture>.jpg",
        posts.picture,
        name="post-picture",
    ),
    path("best-posts", posts.best, name="best-posts"),
    path("redeemed/<str:public_id>/undo", mall.undo, name="undo-redemption"),
    path("a/<str:public_id>/replies", topics.replies, name="topic-replies"),
    path("topics", topics.hot, name="topics"),
    path("draws/<str:public_id>/ticket", draws.ticket_page, name="ticket"),
    path("draws/<str:public_id>/ticket.png", draws.ticket, name="ticket-picture"),
    path("draws/<str:public_id>/winners", draws.winners_page, name="winners"),
    path("draws/<str:public_id>/winners.png", draws.winners, name="winners-picture"),
    path("draws/<str:public_id>/certificate", draws.certificate, name="certificate"),
    path(
        "draws/<str:public_id>/certificate.json",
        draws.certificate_file,
        name="certificate-file",
    ),
    path("instant/<str:public_id>.json", instant_draws.terms, name="instant-terms"),
    path(
        "instant/<str:public_id>/<str:name>.json",
        instant_draws.ticket_file,
        name="instant-ticket-file",
    ),
    path(
        "instant/<str:public_id>/<str:name>",
        instant_draws.ticket,
        name="instant-ticket",
    ),
    path(
        "red-packets/<str:public_id>/<int:n>.json",
        instant_draws.packet_file,
        name="red-packet-file",
    ),
    path("prizes/<str:public_id>", prizes.prize, name="prize"),
    path("prizes/<str:public_id>/claim", prizes.claim, name="prize-claim"),
    path("surveys/<str:public_id>", surveys.survey, name="survey"),
    path("surveys/<str:public_id>/answer", surveys.answer, name="survey-answer"),
    path("me", me.me, name="me"),
    path("me/card", me.card_page, name="card"),
    path("me/card.png", me.card, name="card-picture"),
    path("me/devices/<int:pk>/remove", sign_in.remove_device, name="remove-device"),
    path("me/leaderboard", points.leaderboard, name="leaderboard"),
    path("me/leaderboard/leave", points.leave_leaderboard, name="leave-leaderboard"),
    path("me/leaderboard/join", points.join_leaderboard, name="join-leaderboard"),
    path("privacy", privacy.privacy, name="privacy"),
    path("privacy/opt-out", privacy.opt_out, name="opt-out"),
    path("privacy/opt-in", privacy.opt_in, name="opt-in"),
    path("privacy/consents", privacy.consents, name="consents"),
    path("privacy/export", privacy.export, name="export"),
    path("privacy/erasure", privacy.request_erasure, name="request-erasure"),
    path("privacy/erasure/withdraw", privacy.withdraw_erasure, name="withdraw-erasure"),
]
urlpatterns = [
    path("l/<token>", links.open_link, name="link"),
    path("p/worker.js", home.worker, name="worker"),
    path("p/_/<token>", sign_in.personal_link, name="personal-link"),
    path("p/<place:community>/", include(COMMUNITY)),
]
