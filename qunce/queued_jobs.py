"""The jobs that are queued when there is something to do, by a key. One page.

An item of a recurring job that fails is one of them, so that it keeps no other waiting.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from qunce.activities.draws import public_values
from qunce.activities.levels import holdings, schemes
from qunce.core.jobs.scheduler import Job
from qunce.importing.jobs import jobs
from qunce.importing.undo import undos
from qunce.members.accounts import erasure
from qunce.members.attributes import type_change_jobs
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.segments import segments, watches
from qunce.members.tag_rules import runs as tag_rule_runs
from qunce.members.tag_rules import tag_rules
from qunce.members.tags import automatic, expiry
from qunce.members.tags import bulk as bulk_tagging
from qunce.outreach.campaigns import launch
from qunce.outreach.care import days as care_days
from qunce.outreach.playbooks import lifecycle, polling
from qunce.outreach.sending import assisted_outcomes, channel_sending
from qunce.outreach.series import posting


def run_import(key: str, *, at: datetime) -> None:
    """Run an import that was started in the console."""
    # Imported here because it loads readers of files, which few processes need.
    from qunce.importing import background_imports

    background_imports.run(key, at=at)


JOBS: dict[str, Job] = {
    jobs.JOB: Job(run_import, _("Import a file"), subject=jobs.name_of),
    jobs.UNDO_JOB: Job(undos.run, _("Undo an import"), subject=jobs.name_of),
    people.SCRUB_JOB: Job(erasure.scrub, _("Erase a member completely")),
    bulk_tagging.JOB: Job(bulk_tagging.run, _("Tag many members")),
    type_change_jobs.JOB: Job(
        type_change_jobs.run, _("Change the type of an attribute")
    ),
    public_values.VERIFY_JOB: Job(
        public_values.verify, _("Verify the public value of a draw")
    ),
    schemes.COUNT_JOB: Job(holdings.run_count, _("Count the levels of all members")),
    automatic.JOB: Job(automatic.fill, _("Apply an automatic tag")),
    layers.JOB: Job(
        layers.recompute_due, _("Recompute a layering"), subject=layers.name_of
    ),
    segments.JOB: Job(
        segments.record_due_size, _("Count a segment"), subject=segments.name_of
    ),
    watches.JOB: Job(
        watches.check_due, _("Check a watched segment"), subject=watches.name_of
    ),
    watches.COMPARE_JOB: Job(
        watches.compare_due, _("Compare a watched segment"), subject=watches.name_of
    ),
    tag_rule_runs.JOB: Job(
        tag_rule_runs.run_due, _("Run a tag rule"), subject=tag_rules.name_of
    ),
    tag_rule_runs.FINISH_JOB: Job(
        tag_rule_runs.finish_due, _("Finish the run of a tag rule")
    ),
    expiry.JOB: Job(
        expiry.remove_expired_of,
        _("Remove an expired tag"),
        subject=expiry.name_of,
    ),
    launch.JOB: Job(launch.start_due, _("Start a campaign"), subject=launch.name_of),
    lifecycle.PAUSE_JOB: Job(
        lifecycle.end_pause,
        _("End the pause of a playbook"),
        subject=polling.name_of,
    ),
    polling.JOB: Job(
        polling.poll_due, _("Start runs of a playbook"), subject=polling.name_of
    ),
    posting.JOB: Job(posting.poll_due, _("Post a series"), subject=posting.name_of),
    care_days.JOB: Job(
        care_days.poll_rule, _("Find occasions of care"), subject=care_days.name_of
    ),
    **dict.fromkeys(
        (channel_sending.JOB, channel_sending.START_JOB),
        Job(
            channel_sending.send_channel,
            _("Send messages"),
            subject=channel_sending.name_of,
        ),
    ),
    assisted_outcomes.JOB: Job(
        assisted_outcomes.record_marks_of,
        _("Record what a campaign sent"),
        subject=launch.name_of,
    ),
}
