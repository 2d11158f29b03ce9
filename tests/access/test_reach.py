"""What staff can do in the console, programs can do as well, and the other way round.

Every verb is used by qunce.console and by qunce.api, but for those below.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.access import reach
from tests.access.internal import INTERNAL
from tests.access.test_verbs import VERBS

FILES = "what files name is created as they are imported"
SIGN_IN = "only people give out ways to sign in, so that a stolen key cannot"
SCREEN = "the layout of a screen"
CONSOLE_ONLY = {
    "activities.activities.activities.list_unreviewed": "programs list those of a state",
    "activities.eligibility.count_rules": "shown while a rule is chosen",
    "outreach.streak_reminders.draft": "programs create the segment and the playbook",
    "outreach.survey_requests.draft": "programs create the playbook",
    "activities.eligibility.find_people": "people are counted on the page of a poll",
    "activities.levels.badges.count_awards": "programs list badges",
    "activities.levels.badges.list_awards": "programs ask for the levels of a member",
    "activities.levels.gifts.count_given": "shown on the page of levels",
    "activities.levels.memberships.count_members": "shown on the page of memberships",
    "activities.eligibility.list_people": "shown before the publication; programs count",
    "activities.prizes.addresses.read": "only people read addresses",
    "activities.prizes.delivery.export_csv": "holds addresses, which only people read",
    "activities.prizes.delivery.list_to_hand_over": "programs list awards by state",
    "activities.prizes.delivery.paste_parcels": "programs send each award",
    "groups.complaints.complaint_list.list_visible": "programs list cases by id",
    "groups.complaints.escalation.list_late_of_others": "programs list late cases",
    "groups.complaints.escalation.list_own": "programs list cases, which name owners",
    "groups.complaints.escalation.list_unowned": "programs list cases, which name owners",
    "groups.complaints.order_links.find": "programs get orders",
    "groups.complaints.order_links.list_latest": "programs list orders",
    "outreach.replies.conversations.list_late_of_others": "programs list conversations",
    "outreach.replies.conversations.list_own": "programs list conversations by id",
    "outreach.replies.conversations.list_visible": "programs list conversations by id",
    "core.staff.api_keys.create": SIGN_IN,
    "core.staff.api_keys.revoke": SIGN_IN,
    "core.staff.linked_accounts.unlink": SIGN_IN,
    "core.staff.passwords.set_temporary": SIGN_IN,
    "core.staff.provider_accounts.unlink": SIGN_IN,
    "core.staff.staff.add": SIGN_IN,
    "core.staff.staff.require_two_factor": SIGN_IN,
    "core.staff.two_factor.disable": SIGN_IN,
    "core.staff.entry_links.create": SIGN_IN,
    "core.staff.entry_links.get": SIGN_IN,
    "core.staff.entry_links.list_all": SIGN_IN,
    "core.staff.entry_links.revoke": SIGN_IN,
    "members.personal_links.links.list_of_member": SIGN_IN,
    "members.personal_links.links.make": SIGN_IN,
    "members.personal_links.links.revoke": SIGN_IN,
    "members.personal_links.links.revoke_member": SIGN_IN,
    "members.personal_links.links.revoke_purpose": SIGN_IN,
    "members.personal_links.sign_in_codes.confirm": SIGN_IN,
    "members.personal_links.sign_in_codes.make": SIGN_IN,
    "members.personal_links.portal_settings.configure": "set up once, by people",
    "members.personal_links.page_views.list_results": "programs get the facts member_page.viewed",
    "members.personal_links.erasure_requests.carry_out": "programs erase members",
    "members.personal_links.erasure_requests.decline": "the member is answered by a person",
    "members.personal_links.erasure_requests.get": "programs get facts of requests",
    "members.personal_links.erasure_requests.list_open": "programs get facts of requests",
    "groups.moderation.cases.cases.count_queue": "programs list cases by state",
    "groups.moderation.cases.cases.list_context": "programs get what members write as facts",
    "groups.moderation.cases.cases.list_of_member": "programs list cases, which name members",
    "groups.moderation.cases.cases.list_queue": "programs list cases by state",
    "groups.moderation.staff_decisions.mass_actions.list_waiting": "programs list all, with states",
    "groups.moderation.judgements.pasted_messages.find_listed": "programs list entries by name",
    "groups.moderation.cases.precision.list_dropped": "programs list rules, which say it",
    "groups.moderation.actions.safety_stops.get": "programs name the group",
    "groups.entry.gates.list_visible": "programs get the gate of each group",
    "activities.topics.reply_files.write": "programs list replies page by page",
    "groups.patrol.rounds.ask_removal": "programs ask moderation for removals",
    "groups.patrol.rounds.find_next": "programs list the round, which has its order",
    "groups.patrol.rounds.unmark": "takes back a press of a button",
    "groups.patrol.rounds.view": "programs get messages, joins and cases each",
    "groups.memberships.add_again": "takes back a removal; programs add members",
    "groups.memberships.list_members": "programs list accounts of a group",
    "groups.memberships.list_members_with_role": "programs list accounts of a group",
    "groups.memberships.undo_addition": "takes back an addition; programs remove members",
    "importing.jobs.uploads.select_sheet": "programs change all options of a file alike",
    "insight.portraits.portraits.list_choices": "programs list segments and groups",
    "outreach.report_deliveries.deliveries.list_open": "programs list tasks and reports",
    "insight.period_comparison.compare_community": "programs compare the numbers",
    "insight.period_comparison.compare_group": "programs compare the numbers",
    "insight.staff_performance.lists.find_staff": "programs get the numbers of all they see",
    "insight.staff_performance.visibility.get": "programs get the numbers of all they see",
    "members.saved_views.saved_views.layout_of": SCREEN,
    "members.saved_views.saved_views.set_layout": SCREEN,
    "members.search.member_list.get_page": "programs list by id, so that none is missed",
    "members.search.search.suggest": "completes what is being typed",
    "insight.notebook.notebook.list_tags": "programs list entries, which name them",
    "outreach.campaigns.content_uses.count_by_material": "a number beside a name",
    "outreach.campaigns.content_uses.total_results": "programs list results by use",
    "outreach.content_calendar.moves.describe": "shown before a move is confirmed",
    "outreach.series.episodes.move": "the order is changed on a page",
    "outreach.series.occurrences.list_gaps": "programs list occurrences, which say it",
    "outreach.care.forecast.list_coming_of": "shown before a rule is switched on",
    "outreach.care.results.list_days": "programs list occasions, which name the day",
    "outreach.campaigns.approvals.list_waiting": "programs list campaigns by state",
    "outreach.campaigns.approvals.list_answered": "programs list campaigns by state",
    "outreach.welcomes.playbook_overlap.list_welcomes": "shown before the start",
    "outreach.contact_budget.consequences.count": "shown before limits are saved",
    "outreach.campaigns.results.export_recipients": "programs list them page by page",
    "outreach.service_styles.styles.create_usual": "programs create what they want",
    "outreach.welcomes.results.count_sent": "programs get the results of each welcome",
    "outreach.playbooks.results.list_troubled": "programs list held and stale runs",
    "outreach.sending.campaign_tasks.list_late_of_others": "programs list tasks, which say it",
    "outreach.tasks.outcomes.attach_proof": "a picture that a person takes",
    "outreach.tasks.staff_tasks.list_late_of_others": "programs list requests",
    "sidebar.member_search.suggest": "completes what is being typed",
    "members.tag_rules.previews.explain": "programs ask why a rule holds for a member",
}
PROGRAMS = "what happens elsewhere is reported by programs and files"
API_ONLY = {
    "activities.check_ins.card_sales.buy": "members buy on their page",
    "outreach.activity_messages.count_by_state": "staff see the groups that wait",
    "activities.levels.cards.get": "staff see it on the page of the member",
    "activities.draws.draws.get_visible": "staff see the draw on the page of the activity",
    "activities.points.balances.recount": "a check that programs and the command line make",
    "activities.points.earning.earn": PROGRAMS,
    "activities.points.reversals.reverse_source": PROGRAMS,
    "groups.moderation.rules.rules.get": "staff follow a link",
    "core.staff.staff.get_by_login": "staff choose from a list",
    "groups.groups.ensure": FILES,
    "ingest.record_facts": PROGRAMS,
    "outreach.group_templates.following.count_followers": "staff see which differ",
    "members.accounts.accounts.ensure": PROGRAMS,
    "members.accounts.resolver.create": PROGRAMS,
    "members.accounts.resolver.find_or_create": PROGRAMS,
    "members.accounts.resolver.find_or_create_all": PROGRAMS,
    "members.layers.moves.list_people": "staff open the members of a cell by its rule",
    "members.people.named_members.find_all": PROGRAMS,
    "members.people.named_members.get_by_references": PROGRAMS,
    "members.people.notes.update": "staff write another note",
    "members.people.people.unmerge": "staff undo one of the merges on the page",
    "members.staff_in_charge.hand_overs.create_by_rule": "staff choose from the list",
    "insight.reports.subscribers.list_new": "staff are given a task",
    "sales.orders.amend": PROGRAMS,
    "sales.orders.record_payment": PROGRAMS,
    "sales.orders.refund_order": PROGRAMS,
}
TEMPLATES = "group templates add one group; others choose the whole list"
NEITHER = {
    "activities.levels.badges.get_by_key": "the command line names badges",
    "activities.levels.holdings.recount_by": "the command line recounts",
    "importing.jobs.jobs.find_or_create": "the command line imports at once",
    "members.tags.library.ensure": "set-up by code",
    "members.tag_rules.tag_rules.get_by_name": "the command line names rules",
    "outreach.series.series.set_group": TEMPLATES,
    "outreach.welcomes.welcomes.set_group": TEMPLATES,
    "sales.orders.refund": PROGRAMS,
    "sets.set_sizes.count_further_marks": "a check of the doctor",
    "sales.orders.refund_up_to": PROGRAMS,
}


def find_wrong(package: str, exceptions: Mapping[str, str]) -> set[str]:
    """Verbs that a package does not use, and exceptions that it does use."""
    used = {name.removeprefix("qunce.") for name in reach.used_by(package)}
    return (set(VERBS) - used - set(INTERNAL)) ^ set(exceptions)


def test_programs_can_do_what_staff_can_do() -> None:
    assert find_wrong("qunce.api", CONSOLE_ONLY | NEITHER) == set()


def test_staff_can_do_what_programs_can_do() -> None:
    assert find_wrong("qunce.console", API_ONLY | NEITHER) == set()
