"""What an operator may turn in web."""

from pydantic import Field

from vigil.settings import CoreSettings


class WebSettings(CoreSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    site_time_zone: str = Field(
        default="UTC", description="IANA name of the zone in which times are shown."
    )
