"""What an operator may turn in the recognition workers."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from vigil.settings import CoreSettings


class ModelSettings(BaseSettings):
    """What an operator may turn about models."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    model_max_bytes: int = Field(
        default=512 * 2**20, ge=2**20, description="A larger model file is refused."
    )
    inference_engine: Literal["auto", "openvino", "onnxruntime"] = Field(
        default="auto",
        description="What executes models. auto: ONNX Runtime where it knows a GPU, else OpenVINO "
        "where it is installed. A model that one does not take runs on the other.",
    )
    inference_threads: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Threads of one recognition worker; more workers do more than more threads.",
    )
    batch_max: int = Field(
        default=32,
        ge=1,
        le=256,
        description="Pictures of different cameras that a GPU looks at in one go, at most; 1: one "
        "after the other. A CPU looks at one in any case.",
    )


class RecognitionSettings(CoreSettings, ModelSettings):
    """What an operator may turn in the recognition workers."""

    default_model: str = Field(
        default="yolox_nano",
        min_length=1,
        description="What cameras set to 'default' are looked at with: the path or URL of a "
        "model; yolox_nano: fetched once from its project's release, Apache-2.0; basic: no model.",
    )
    boxed_jpeg_quality: int = Field(
        default=85,
        ge=30,
        le=100,
        description="Quality of the annotated pictures. Where it is that of the raw ones, what "
        "nobody drew on is copied and not coded again.",
    )
    still_look_every_s: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="Seconds between two looks at a camera in which nothing moves; 0: every "
        "picture is looked at, whether something moves or not.",
    )
    look_timeout_s: float = Field(
        default=30.0,
        ge=1,
        le=600,
        description="Seconds after which a look at a picture that does not come back ends its "
        "worker; a second such picture puts its camera into quarantine.",
    )
