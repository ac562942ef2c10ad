"""All models, so that who needs the whole schema imports one module."""

from web.access.models import CameraGrant
from web.audit.models import AuditEntry
from web.cameras.models import Camera, Generation
from web.database import Base
from web.deletions.models import SegmentDeletion
from web.exports.models import Export
from web.facts.models import SetAsideFact
from web.images.models import SavedPicture
from web.lines.models import Line, LineCrossing
from web.masks.models import PrivacyMask
from web.notifications.models import Notification
from web.protections.models import Protection, ProtectionRevision
from web.recipients.models import EmailRecipient, LineToken
from web.recordings.models import RecordingGap, Segment
from web.rectangles.models import Rectangle
from web.time_intervals.models import TimeInterval
from web.tracks.models import RecognitionEpoch, Track
from web.users.models import Account, Invitation, LoginSession

__all__ = [
    "Account",
    "AuditEntry",
    "Base",
    "Camera",
    "CameraGrant",
    "EmailRecipient",
    "Export",
    "Generation",
    "Invitation",
    "Line",
    "LineCrossing",
    "LineToken",
    "LoginSession",
    "Notification",
    "PrivacyMask",
    "Protection",
    "ProtectionRevision",
    "RecognitionEpoch",
    "RecordingGap",
    "Rectangle",
    "SavedPicture",
    "Segment",
    "SegmentDeletion",
    "SetAsideFact",
    "TimeInterval",
    "Track",
]
