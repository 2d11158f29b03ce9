from __future__ import annotations

from qunce.outreach.campaigns.approvals import ApprovalRule
from qunce.outreach.campaigns.models import Campaign, CampaignPart
from qunce.outreach.care.models import CareBudget, CareDay, CareOccasion, CareRule
from qunce.outreach.contact_budget.policies import ContactPolicy
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials.models import FileUse, Material, MaterialVersion
from qunce.outreach.content.message_templates import MessageTemplate, TemplateVersion
from qunce.outreach.content_calendar.limits import CalendarLimits
from qunce.outreach.group_templates.models import (
    Application,
    ApplicationResult,
    FollowedTemplate,
    GroupTemplate,
    GroupTemplateVersion,
)
from qunce.outreach.hold_outs.hold_outs import HoldOut
from qunce.outreach.ideas.models import Feed, Idea, LinkReading
from qunce.outreach.links.clicks import FirstBrowser
from qunce.outreach.links.tracked_links import TrackedLink
from qunce.outreach.opt_outs import OptOut
from qunce.outreach.playbooks.models import (
    ExcludedGroup,
    Playbook,
    PlaybookVersion,
    Run,
    RunEvent,
    RunStep,
    StaffNotice,
)
from qunce.outreach.report_deliveries.models import ReportDelivery
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message
from qunce.outreach.series.models import Episode, Occurrence, Series
from qunce.outreach.service_styles.models import ServiceStyle, ServiceStyleRule
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest, TaskTarget
from qunce.outreach.welcomes.models import Welcome, WelcomeDecision, WelcomeSettings

__all__ = [
    "Application",
    "ApplicationResult",
    "ApprovalRule",
    "CalendarLimits",
    "Campaign",
    "CampaignPart",
    "CampaignTask",
    "CareBudget",
    "CareDay",
    "CareOccasion",
    "CareRule",
    "ContactPolicy",
    "Episode",
    "ExcludedGroup",
    "Feed",
    "FileUse",
    "FirstBrowser",
    "FollowedTemplate",
    "GroupTemplate",
    "GroupTemplateVersion",
    "HoldOut",
    "Idea",
    "LinkReading",
    "Material",
    "MaterialVersion",
    "Message",
    "MessageTemplate",
    "Occurrence",
    "OptOut",
    "Playbook",
    "PlaybookVersion",
    "ReportDelivery",
    "Run",
    "RunEvent",
    "RunStep",
    "Series",
    "ServiceStyle",
    "ServiceStyleRule",
    "StaffNotice",
    "StaffTask",
    "StoredFile",
    "TaskRequest",
    "TaskTarget",
    "TemplateVersion",
    "TrackedLink",
    "Welcome",
    "WelcomeDecision",
    "WelcomeSettings",
]
