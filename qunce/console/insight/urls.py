from __future__ import annotations

from django.urls import path

from qunce.console.insight import chart_script, views
from qunce.console.insight.findings import actions as finding_actions
from qunce.console.insight.findings import views as finding_views
from qunce.console.insight.funnels import actions as funnel_actions
from qunce.console.insight.funnels import views as funnel_views
from qunce.console.insight.goals import actions as goal_actions
from qunce.console.insight.goals import views as goal_views
from qunce.console.insight.groups import views as group_views
from qunce.console.insight.hours import views as hour_views
from qunce.console.insight.lifetime_value import views as lifetime_value_views
from qunce.console.insight.portraits import actions as portrait_actions
from qunce.console.insight.portraits import views as portrait_views
from qunce.console.insight.positioning import actions as positioning_actions
from qunce.console.insight.positioning import views as positioning_views
from qunce.console.insight.reports import actions as report_actions
from qunce.console.insight.reports import views as report_views
from qunce.console.insight.retained import views as retained_views
from qunce.console.insight.retention import views as retention_views
from qunce.console.insight.scores import actions as score_actions
from qunce.console.insight.scores import views as score_views
from qunce.console.insight.staff import views as staff_views
from qunce.console.insight.touches import views as touch_views
from qunce.console.insight.words import views as word_views

app_name = "insight"
urlpatterns = [
    path("", views.metric_list, name="metrics"),
    path("charts/<slug:name>/", views.metric_chart, name="chart"),
    path("scripts/<str:name>.js", chart_script.serve, name="chart-script"),
    path("findings/", finding_views.finding_list, name="findings"),
    path("findings/act/", finding_actions.act, name="finding-act"),
    path("findings/dismiss/", finding_actions.dismiss, name="finding-dismiss"),
    path("findings/count/", finding_actions.count_again, name="finding-count"),
    path(
        "findings/<int:pk>/withdraw/", finding_actions.withdraw, name="finding-withdraw"
    ),
    path("goals/", goal_views.goal_list, name="goals"),
    path("goals/new/<slug:level>/", goal_views.goal_create, name="goal-new"),
    path("goals/<int:goal_pk>/", goal_views.goal_detail, name="goal"),
    path("goals/<int:goal_pk>/edit/", goal_views.goal_update, name="goal-edit"),
    path("goals/<int:goal_pk>/archive/", goal_actions.archive, name="goal-archive"),
    path("goals/<int:goal_pk>/restore/", goal_actions.restore, name="goal-restore"),
    path("groups/", group_views.compare, name="groups"),
    path("hours/", hour_views.week, name="hours"),
    path("portrait/", portrait_views.portrait, name="portrait"),
    path(
        "portrait/segments/<int:segment_pk>/card/",
        portrait_actions.save_card,
        name="persona-card",
    ),
    path(
        "portrait/segments/<int:segment_pk>/card/remove/",
        portrait_actions.remove_card,
        name="persona-card-remove",
    ),
    path("completeness/", portrait_views.gaps, name="completeness"),
    path("positioning/", positioning_views.positioning, name="positioning"),
    path("positioning/edit/", positioning_views.edit, name="positioning-edit"),
    path(
        "positioning/views/", positioning_views.views_changed, name="positioning-views"
    ),
    path(
        "positioning/versions/",
        positioning_views.version_list,
        name="positioning-versions",
    ),
    path(
        "positioning/versions/<int:version>/",
        positioning_views.version_detail,
        name="positioning-version",
    ),
    path(
        "positioning/versions/<int:version>/restore/",
        positioning_actions.restore,
        name="positioning-restore",
    ),
    path("reports/", report_views.report_list, name="reports"),
    path("reports/create/", report_actions.create, name="report-create"),
    path(
        "reports/subscribers/<slug:kind>/",
        report_actions.set_subscribers,
        name="report-subscribers",
    ),
    path("reports/settings/", report_views.settings, name="report-settings"),
    path("reports/<int:report_pk>/", report_views.detail, name="report"),
    path(
        "reports/<int:report_pk>/files/<slug:file_format>/",
        report_views.download,
        name="report-file",
    ),
    path("retention/", retention_views.table, name="retention"),
    path("retention/people/", retention_views.people, name="retention-people"),
    path("retained/", retained_views.account, name="retained"),
    path("retained/people/", retained_views.people, name="retained-people"),
    path("funnels/", funnel_views.funnel_list, name="funnels"),
    path("funnels/new/", funnel_views.new, name="funnel-new"),
    path("funnels/<int:pk>/", funnel_views.detail, name="funnel"),
    path("funnels/<int:pk>/edit/", funnel_views.edit, name="funnel-edit"),
    path(
        "funnels/<int:pk>/steps/<int:step>/", funnel_views.people, name="funnel-people"
    ),
    path("funnels/<int:pk>/archive/", funnel_actions.archive, name="funnel-archive"),
    path("funnels/<int:pk>/restore/", funnel_actions.restore, name="funnel-restore"),
    path("staff/", staff_views.overview, name="staff"),
    path(
        "staff/<slug:staff>/conversations/",
        staff_views.conversation_list,
        name="staff-conversations",
    ),
    path("staff/<slug:staff>/tasks/", staff_views.task_list, name="staff-tasks"),
    path("staff/<slug:staff>/groups/", staff_views.group_list, name="staff-groups"),
    path("touches/", touch_views.distribution, name="touches"),
    path("touches/people/", touch_views.people, name="touches-people"),
    path("lifetime-value/", lifetime_value_views.overview, name="lifetime-value"),
    path("scores/", score_views.score_list, name="scores"),
    path("scores/new/", score_views.new, name="score-new"),
    path("scores/of/<str:key>/", score_views.detail, name="score"),
    path("scores/of/<str:key>/edit/", score_views.edit, name="score-edit"),
    path("scores/of/<str:key>/delete/", score_actions.delete, name="score-delete"),
    path("words/", word_views.word_list, name="words"),
    path("words/settings/", word_views.settings, name="word-settings"),
]
