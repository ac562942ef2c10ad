"""What an operator may turn in web."""

from pydantic import Field

from vigil.settings import CoreSettings


class WebSettings(CoreSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    web_host: str = Field(default="127.0.0.1", description="Address that web listens on.")
    web_ports: str = Field(
        default="5000,15440", description="Ports that web answers on, separated by commas."
    )
    site_time_zone: str = Field(
        default="UTC", description="IANA name of the zone in which times are shown."
    )

    def ports(self) -> list[int]:
        """Return the ports as numbers."""
        return [int(port) for port in self.web_ports.split(",")]
