"""What an operator may turn of jobs."""

from pydantic import Field

from vigil.settings import FootageSettings


class JobsSettings(FootageSettings):
    """What an operator may turn of exports. Every field is a line in .env.example."""

    exports_at_once: int = Field(
        default=1, ge=1, le=32, description="Exports that are made at once, in processes of theirs."
    )
    exports_kept_days: float = Field(
        default=3.0, gt=0, le=365, description="Days after which the file of an export is deleted."
    )
    exports_max_bytes: int = Field(
        default=20 * 2**30,
        ge=2**20,
        description="What the files of exports take on the volume at most: the oldest go first.",
    )
