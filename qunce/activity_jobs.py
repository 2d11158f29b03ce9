"""The jobs of activities that run on the clock. One page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qunce.activities import announcements
from qunce.activities.activities import entries, lifecycle
from qunce.activities.draws import beacon
from qunce.activities.flash_sales import pieces
from qunce.activities.games import payouts, rounds
from qunce.activities.homework import results as homework_results
from qunce.activities.homework import reviews
from qunce.activities.instant_draws import seeds
from qunce.activities.levels import badges, gifts, holdings, membership_orders
from qunce.activities.live_sessions import reminders as live_reminders
from qunce.activities.meetups import attendance, reminders
from qunce.activities.points import expiry, leaderboard
from qunce.activities.prizes import addresses, claims
from qunce.activities.red_packets import red_packets
from qunce.activities.tiered_tasks import judging
from qunce.core.jobs.scheduler import Job

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

JOBS: dict[str, Job] = {
    "tiered_tasks.judge": Job(judging.judge_due, _("Judge the tiers of tasks"), MINUTE),
    "draws.fetch": Job(beacon.fetch_due, _("Fetch the public values of draws"), MINUTE),
    "instant_draws.reveal": Job(
        seeds.reveal_due, _("Publish the seeds of instant draws"), MINUTE
    ),
    "red_packets.close": Job(
        red_packets.close_due, _("Close red packets that are over"), MINUTE
    ),
    "games.move": Job(
        rounds.move_due, _("Ask and close the questions of games"), MINUTE / 12
    ),
    "games.pay": Job(payouts.pay_due, _("Decide games, and pay their points"), MINUTE),
    "prizes.remind": Job(claims.remind_due, _("Remind winners of prizes"), MINUTE),
    "prizes.return": Job(
        claims.return_unclaimed, _("Take back prizes that nobody claimed"), MINUTE
    ),
    "prizes.delete_addresses": Job(
        addresses.delete_old, _("Delete old addresses of winners"), HOUR
    ),
    "levels.recount": Job(
        holdings.recount_due, _("Count levels at the start of the day"), MINUTE
    ),
    "levels.give_gifts": Job(gifts.give_due, _("Give monthly gifts of levels"), HOUR),
    "badges.award": Job(badges.award_due, _("Award badges by their rules"), HOUR / 4),
    "memberships.remind": Job(
        membership_orders.remind_due, _("Remind of memberships that end"), HOUR / 6
    ),
    "points.expire": Job(expiry.expire_due, _("Write off expired points"), HOUR / 6),
    "points.announce": Job(
        expiry.announce_due, _("Announce points that expire"), HOUR / 6
    ),
    "points.prune": Job(
        leaderboard.prune_due, _("Delete old days and weeks of leaderboards"), HOUR
    ),
    "meetups.remind": Job(
        reminders.remind_due, _("Remind members of meet-ups"), MINUTE
    ),
    "live_sessions.remind": Job(
        live_reminders.remind_due, _("Remind members of live sessions"), MINUTE
    ),
    "meetups.note_missed": Job(
        attendance.note_missed_due, _("Note who did not come to meet-ups"), MINUTE
    ),
    "homework.plan": Job(reviews.plan_due, _("Choose who reviews homework"), MINUTE),
    "homework.pay": Job(
        homework_results.pay_due, _("Give points for passed homework"), MINUTE
    ),
    "flash_sales.lapse": Job(
        pieces.lapse_due, _("Pass on reservations that lapsed"), MINUTE / 6
    ),
    "activities.move": Job(
        lifecycle.move_due, _("Start and close activities"), MINUTE / 6
    ),
    "activities.announce": Job(
        announcements.announce_due, _("Announce activities"), MINUTE / 6
    ),
    "activities.prune": Job(
        entries.prune_answers, _("Delete old answers of activities"), HOUR
    ),
}
