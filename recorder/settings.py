"""What an operator may turn in the recorder."""

from pydantic import Field

from vigil.settings import FootageSettings


class RecorderSettings(FootageSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    footage_reserve_bytes: int = Field(
        default=2 * 2**30,
        ge=0,
        description="So much is left free beside footage: the oldest is deleted for it.",
    )
    footage_kept_days: float = Field(
        default=30.0, gt=0, le=3650, description="Days that footage is kept at most."
    )
    footage_max_bytes: int | None = Field(
        default=None,
        ge=2**20,
        description="So much all footage together takes at most; unset: what the disk has.",
    )
    footage_purge: bool = Field(
        default=True,
        description="Whether the oldest footage is deleted where a limit is met. false: nothing "
        "is, and recording stops there.",
    )
    segment_s: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="Seconds of a file of footage; it goes on to the next keyframe.",
    )
