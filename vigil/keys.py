"""Every Redis name we use. No other module spells one.

Media role (``REDIS_URL``; clustered or not). All keys of a camera that one script touches share
the slot of the contract key that they guard.

Name                                        Type    Written by          Lives for
camera_<id>_latest_frame                    string  camera_ctrl         max(4 s, 3 frame intervals);
                                                                        idle: IDLE_FRAME_TTL_S
{camera_<id>_latest_frame}:packets          stream  camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:packet_bytes     string  camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:gops             list    camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:templates        hash    camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:sub:packets      stream  camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:sub:packet_bytes string  camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:sub:gops         list    camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:sub:templates    hash    camera_ctrl         PACKET_KEYS_TTL_S
{camera_<id>_latest_frame}:status           string  camera_ctrl         STATUS_TTL_S
{camera_<id>_latest_frame}:lease            hash    camera_ctrl         LEASE_MEMORY_S
{camera_<id>_latest_frame}:watched          string  web                 WATCHED_TTL_S
{camera_<id>_latest_frame}:bell             channel camera_ctrl         -
camera_<id>_boxed_image                     string  object_recognition  like the latest frame
{camera_<id>_boxed_image}:status            string  object_recognition  STATUS_TTL_S
{camera_<id>_boxed_image}:detections        string  object_recognition  STATUS_TTL_S
{camera_<id>_boxed_image}:tallies           string  object_recognition  TALLIES_TTL_S
{camera_<id>_boxed_image}:explanations      stream  object_recognition  EXPLANATIONS_TTL_S
{camera_<id>_boxed_image}:lease             hash    object_recognition  LEASE_MEMORY_S
{camera_<id>_boxed_image}:bell              channel object_recognition  -
{camera_<id>_boxed_image}:look              hash    object_recognition  LOOK_TTL_S
{camera_<id>_boxed_image}:deaths            hash    object_recognition  DEATHS_TTL_S
{camera_<id>:rec}:mark                      string  recorder            MARK_TTL_S
{camera_<id>:rec}:taken                     string  web                 WATCHED_TTL_S
{camera_<id>:rec}:status                    string  recorder            STATUS_TTL_S
{camera_<id>:rec}:lease                     hash    recorder            LEASE_MEMORY_S
vigil:members:<role>                        zset    members of the role MEMBERS_TTL_S
{vigil:members:<role>}:reports              hash    members of the role MEMBERS_TTL_S

Queue role (``QUEUE_REDIS_URL``; one server).

Name                                        Type    Written by          Lives for
vigil:camera_config:<id>                    string  web                 ever, until deleted
vigil:camera_config:head                    string  web                 ever
vigil:camera_config:bell                    channel web                 -
vigil:protections:<id>                      string  web                 ever
vigil:footage_deletions:<volume>            set     web                 until a recorder did it
vigil:footage_volumes                       hash    recorder            ever
vigil:facts                                 stream  every service       until web has filed it
vigil:known_footage:<check>:<number>        string  web                 KNOWN_FOOTAGE_TTL_S
vigil:jobs:*                                several web, jobs           until the job is done; the
                                                                        layout is dramatiq's
vigil:cancelled_export:<uuid>               string  web                 CANCELLED_EXPORT_TTL_S
LIMITS:LIMITER/vigil:limits/...             string  web (Flask-Limiter) its window
"""

from enum import StrEnum
from uuid import UUID

from vigil.domain.camera import CameraId, Stream

#: Least seconds after which a frame that no other followed is no longer live.
FRAME_TTL_S = 4.0
#: The same while keyframes alone are decoded, at most 2 s apart: one may be missing.
IDLE_FRAME_TTL_S = 5.0
#: Seconds after which a camera counts as watched by nobody, unless web says it again.
WATCHED_TTL_S = 3.0
#: Seconds after which the packets of a camera that sends none are forgotten.
PACKET_KEYS_TTL_S = 600
#: Seconds that a status outlives its writer.
STATUS_TTL_S = 5.0
#: Seconds that a day's tallies are kept: no day is longer, but by an hour.
TALLIES_TTL_S = 90_000
#: Seconds that a mark is kept: far longer than any backlog.
MARK_TTL_S = 86_400
#: Seconds that an answer to a check of a volume waits for who asked.
KNOWN_FOOTAGE_TTL_S = 900
#: Seconds that nobody wants an export any more: longer than one is kept.
CANCELLED_EXPORT_TTL_S = 400 * 86_400
#: What all names of jobs begin with, and the queue of those that export.
JOBS = "vigil:jobs"
EXPORT_JOBS = "exports"
#: Seconds that explanations are kept.
EXPLANATIONS_TTL_S = 300
#: What the names of rate limits begin with; the library goes on from there.
RATE_LIMITS = "vigil:limits"
#: Seconds that the last epoch of a lease is remembered after its last renewal.
LEASE_MEMORY_S = 86_400
#: Seconds that a look's note outlives who looked: by then somebody has taken the camera.
LOOK_TTL_S = 600
#: Seconds after the last death at a camera when all of them are forgotten.
DEATHS_TTL_S = 3600
#: Seconds that a role's list of members outlives the last of them.
MEMBERS_TTL_S = 60


class Role(StrEnum):
    """What a lease permits: one holder for each camera and role."""

    INGEST = "ingest"
    RECOGNITION = "recognition"
    RECORDING = "recording"


class FrameKind(StrEnum):
    """Which of a camera's two pictures."""

    RAW = "raw"
    BOXED = "boxed"


#: The role whose lease guards the writing of a picture.
GUARD_OF = {FrameKind.RAW: Role.INGEST, FrameKind.BOXED: Role.RECOGNITION}


def frame_ttl_s(interval_s: float) -> float:
    """Return how many seconds a picture lives that the next one follows after so many."""
    return max(FRAME_TTL_S, 3 * interval_s)


def frame(camera_id: CameraId, kind: FrameKind) -> str:
    """Return the contract's key of a camera's newest JPEG of one kind."""
    return latest_frame(camera_id) if kind is FrameKind.RAW else boxed_image(camera_id)


def latest_frame(camera_id: CameraId) -> str:
    """Return the key of a camera's newest JPEG."""
    return f"camera_{camera_id}_latest_frame"


def boxed_image(camera_id: CameraId) -> str:
    """Return the key of a camera's newest annotated JPEG."""
    return f"camera_{camera_id}_boxed_image"


def watched(camera_id: CameraId) -> str:
    """Return the key that is there while somebody watches a camera, or has just asked for it."""
    return f"{{{latest_frame(camera_id)}}}:watched"


def frame_bell(camera_id: CameraId, kind: FrameKind) -> str:
    """Return the sharded channel that rings when a picture was written, in its slot."""
    return f"{{{frame(camera_id, kind)}}}:bell"


def packets(camera_id: CameraId, stream: Stream = Stream.MAIN) -> str:
    """Return the stream of a camera's encoded packets, in the slot of its latest frame."""
    return _of_stream(camera_id, stream, "packets")


def gops(camera_id: CameraId, stream: Stream = Stream.MAIN) -> str:
    """Return the list that says where in the packet stream each GOP begins."""
    return _of_stream(camera_id, stream, "gops")


def packet_bytes(camera_id: CameraId, stream: Stream = Stream.MAIN) -> str:
    """Return the counter of all bytes ever added to the packet stream."""
    return _of_stream(camera_id, stream, "packet_bytes")


def templates(camera_id: CameraId, stream: Stream = Stream.MAIN) -> str:
    """Return the hash of template id to template, of the packets that the stream holds."""
    return _of_stream(camera_id, stream, "templates")


def status(camera_id: CameraId, role: Role) -> str:
    """Return the key of what a camera's holder in this role says about it."""
    return f"{{{_guarded(camera_id, role)}}}:status"


def detections(camera_id: CameraId) -> str:
    """Return the key of what was seen in a camera's newest annotated frame."""
    return f"{{{boxed_image(camera_id)}}}:detections"


def tallies(camera_id: CameraId) -> str:
    """Return the key of what crossed a camera's lines today, for who looks at it next."""
    return f"{{{boxed_image(camera_id)}}}:tallies"


def recording_mark(camera_id: CameraId) -> str:
    """Return the key that says how far a camera's footage is safe."""
    return f"{{{_guarded(camera_id, Role.RECORDING)}}}:mark"


def taken(camera_id: CameraId) -> str:
    """Return the key that is there while somebody has a camera recorded as they watch it."""
    return f"{{{_guarded(camera_id, Role.RECORDING)}}}:taken"


def explanations(camera_id: CameraId) -> str:
    """Return the stream that says why detections of a camera were not shown."""
    return f"{{{boxed_image(camera_id)}}}:explanations"


def lease(camera_id: CameraId, role: Role) -> str:
    """Return the lease of a camera in this role, in the slot of the key that it guards."""
    return f"{{{_guarded(camera_id, role)}}}:lease"


def look(camera_id: CameraId) -> str:
    """Return the hash that says who looks at which of a camera's frames now."""
    return f"{{{boxed_image(camera_id)}}}:look"


def deaths(camera_id: CameraId) -> str:
    """Return the hash that counts who died while looking at a camera, and at which frames."""
    return f"{{{boxed_image(camera_id)}}}:deaths"


def members(role: Role) -> str:
    """Return the sorted set of a role's members, scored by when each expires."""
    return f"vigil:members:{role}"


def member_reports(role: Role) -> str:
    """Return the hash of what each member says of itself, in the slot of their list."""
    return f"{{{members(role)}}}:reports"


def camera_config(camera_id: CameraId) -> str:
    """Return the key of a camera's configuration document."""
    return f"vigil:camera_config:{camera_id}"


def camera_config_head() -> str:
    """Return the key of the document that says which cameras there are."""
    return "vigil:camera_config:head"


def camera_config_bell() -> str:
    """Return the channel that rings when the configuration has changed."""
    return "vigil:camera_config:bell"


def protections(camera_id: CameraId) -> str:
    """Return the key of the document that says what is protected of a camera's footage."""
    return f"vigil:protections:{camera_id}"


def footage_deletions(volume: UUID) -> str:
    """Return the set of a volume's files that users had deleted."""
    return f"vigil:footage_deletions:{volume}"


def footage_volumes() -> str:
    """Return the hash of what recorders say of each volume."""
    return "vigil:footage_volumes"


def facts() -> str:
    """Return the stream of the durable facts that web has not filed yet."""
    return "vigil:facts"


def known_footage(check: UUID, number: int) -> str:
    """Return the key of what web answered to a question of a check of a volume."""
    return f"vigil:known_footage:{check}:{number}"


def jobs(queue: str) -> str:
    """Return the list of the jobs of a queue that nobody has taken."""
    return f"{JOBS}:{queue}"


def job_messages(queue: str) -> str:
    """Return the hash of what the jobs of a queue are."""
    return f"{JOBS}:{queue}.msgs"


def taken_jobs(worker: str) -> str:
    """Return what the names of the sets begin with that say what a worker has taken."""
    return f"{JOBS}:__acks__.{worker}"


def job_heartbeats() -> str:
    """Return the sorted set of workers, and of who asks them, by when each last spoke."""
    return f"{JOBS}:__heartbeats__"


def cancelled_export(export: UUID) -> str:
    """Return the key that is there once nobody wants an export any more."""
    return f"vigil:cancelled_export:{export}"


def _of_stream(camera_id: CameraId, stream: Stream, name: str) -> str:
    between = "" if stream is Stream.MAIN else f"{stream}:"
    return f"{{{latest_frame(camera_id)}}}:{between}{name}"


def _guarded(camera_id: CameraId, role: Role) -> str:
    match role:
        case Role.INGEST:
            return latest_frame(camera_id)
        case Role.RECOGNITION:
            return boxed_image(camera_id)
        case Role.RECORDING:
            return f"camera_{camera_id}:rec"
