"""What an operator may turn in the recognition workers."""

from pydantic import Field

from vigil.settings import CoreSettings


class RecognitionSettings(CoreSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    default_model: str = Field(
        default="yolox_nano",
        min_length=1,
        description="What cameras set to 'default' are looked at with: the path or URL of an ONNX "
        "model; yolox_nano: fetched once from its project's release, Apache-2.0; basic: no model.",
    )
    model_max_bytes: int = Field(
        default=512 * 2**20, ge=2**20, description="A larger model file is refused."
    )
    inference_threads: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Threads of one recognition worker; more workers do more than more threads.",
    )
    boxed_jpeg_quality: int = Field(
        default=80, ge=30, le=100, description="Quality of the annotated pictures."
    )
    still_look_every_s: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="Seconds between two looks at a camera in which nothing moves; 0: every "
        "picture is looked at, whether something moves or not.",
    )
