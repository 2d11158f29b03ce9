"""Where each row of the semantics of journeys has its tests.

Row 5 of the notes is `ROWS[5]` here. What it says is the docstring or the name of the tests.
"""

from __future__ import annotations

import importlib

import pytest

ROWS: dict[int, str] = {
    1: "playbooks.test_reentry.test_every_mode_leaves_the_runs_that_the_oracle_predicts"
    " playbooks.test_random_histories.test_runs_are_those_of_the_oracle",
    2: "playbooks.test_runs.test_a_fact_delivered_many_times_makes_one_run",
    3: "playbooks.test_entries.test_old_facts_start_nothing_and_are_counted",
    4: "playbooks.test_entries.test_a_tag_within_the_grace_period_lets_a_member_in_once",
    5: "playbooks.test_entries.test_who_was_there_before_begins_as_chosen"
    " playbooks.test_rehearsal.test_the_preview_of_the_start_shows_what_goes_out_today",
    6: "playbooks.test_decider.test_no_step_is_done_after_the_exit_is_recorded"
    " playbooks.test_random_histories.test_nothing_is_sent_once_the_exit_is_known",
    7: "playbooks.test_decider"
    ".test_a_lost_tag_skips_steps_only_where_it_is_asked_before_each",
    8: "playbooks.test_decider"
    ".test_a_fact_counts_from_the_beginning_of_the_wait_to_its_very_end",
    9: "playbooks.test_delays.test_delays_end_when_a_person_would_say",
    10: "test_local_times.test_quiet_hours_are_those_of_the_member",
    11: "test_send_order"
    ".test_messages_of_the_night_leave_at_the_rate_and_none_too_late",
    12: "playbooks.test_runs.test_the_contact_limit_skips_a_step_or_ends_the_run"
    " playbooks.test_runs.test_a_step_may_wait_for_the_contact_limit",
    13: "test_kept_places"
    ".test_same_messages_win_in_whatever_order_four_workers_start_them",
    14: "test_contact_pressure.test_shown_pressure_equals_a_recount_from_facts",
    15: "playbooks.test_lifecycle.test_a_pause_moves_due_times_or_lets_them_pass"
    " playbooks.test_pauses.test_planned_messages_wait_for_the_end_of_the_pause",
    16: "playbooks.test_lifecycle.test_stopping_ends_all_and_closing_lets_nobody_in"
    " playbooks.test_pauses.test_stopping_cancels_what_a_dead_sender_has_claimed",
    17: "playbooks.test_lifecycle"
    ".test_a_shorter_wait_sends_nothing_at_once_unless_confirmed",
    18: "playbooks.test_runs.test_a_step_whose_tag_is_gone_is_held_and_the_others_go_on"
    " playbooks.test_message_steps"
    ".test_a_message_keeps_the_version_of_its_materials_and_waits_while_one_is_gone",
    19: "test_contact_limits"
    ".test_shares_of_hold_outs_and_variants_are_exact_and_stable"
    " playbooks.test_message_steps"
    ".test_shares_are_as_chosen_and_a_redraw_draws_again",
    20: "test_contact_pressure.test_held_out_members_get_no_marketing_of_any_source",
    21: "playbooks.test_entries.test_playbooks_of_a_lane_exclude_each_other"
    " playbooks.test_reentry"
    ".test_a_more_important_playbook_of_the_lane_keeps_others_out",
    22: "test_campaign_variants.test_no_60_minutes_have_more_than_the_rate",
    23: "playbooks.test_why.test_sentences_agree_with_what_the_oracle_knows",
    24: "playbooks.test_undone_steps"
    ".test_an_untouched_task_leaves_the_run_as_the_oracle_says"
    " playbooks.test_undone_steps.test_staff_are_late_once_and_the_run_does_as_chosen",
    25: "playbooks.test_runs.test_merged_members_have_one_run_and_it_is_the_older"
    " playbooks.test_random_histories.test_runs_are_those_of_the_oracle",
    26: "playbooks.test_rehearsal.test_the_rehearsal_of_a_month_is_what_the_month_does",
    27: "playbooks.test_upgrades.test_a_run_that_waits_90_days_goes_on_after_releases",
    28: "test_empty_values.test_no_message_has_an_empty_place",
}


@pytest.mark.parametrize("row", range(1, 29))
def test_every_row_has_its_tests(row: int) -> None:
    for name in ROWS[row].split():
        module, _dot, function = name.rpartition(".")
        found = importlib.import_module(f"tests.outreach.{module}")
        assert callable(getattr(found, function))
