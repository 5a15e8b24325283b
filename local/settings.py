"""Where the local stack listens and with which template parameters it runs."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

HOST = "127.0.0.1"
REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"  # moto's own default account
PUBLIC_KEY = "pk_local"
SECRET_KEY = "sk_local"

# A project that a developer runs beside the stack, to come back to after a customer has connected.
CALLER_ORIGINS = "http://127.0.0.1:9000,http://localhost:9000"
CALLER_REDIRECTS = "http://127.0.0.1:9000/connected,http://localhost:9000/connected"
# Where events may go besides public addresses: to receivers on this machine.
DELIVERY_NETWORKS = "127.0.0.0/8"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ between two runs.

    Ports come from PORT, SANDBOX_PORT, AWS_PORT and RECEIVER_PORT; without a receiver `receiver_port` is None.
    `speed` divides the waits of schedules and queues.
    """

    root: Path
    template: Path
    port: int
    sandbox_port: int
    aws_port: int
    log_file: Path | None
    reload: bool
    receiver_port: int | None
    speed: float

    @property
    def public_url(self) -> str:
        """The address callers use."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The address that stands for Ashby."""
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def aws_url(self) -> str:
        """The address that stands for every AWS service."""
        return f"http://{HOST}:{self.aws_port}"

    @property
    def receiver_url(self) -> str | None:
        """The address that events are sent to, if the runner is to receive them."""
        return None if self.receiver_port is None else f"http://{HOST}:{self.receiver_port}/"

    @property
    def parameters(self) -> dict[str, str]:
        """The template parameters of the local stack."""
        return {
            "PublicUrl": self.public_url,
            "AshbyApiUrl": self.sandbox_url,
            "AllowedRedirectUrls": CALLER_REDIRECTS,
            "AllowedCorsOrigins": CALLER_ORIGINS,
            "DeliveryAllowedNetworks": DELIVERY_NETWORKS,
            "LogLevel": "INFO",
        }

    @property
    def oauth_clients(self) -> str:
        """The value of the OAuth clients' secret: the sandbox's built-in client."""
        return json.dumps(
            {
                "ashby": {
                    "clientId": "sandbox-client",
                    "clientSecret": "sandbox-secret",
                    "authorizeUrl": f"{self.sandbox_url}/oauth/authorize",
                    "tokenUrl": f"{self.sandbox_url}/oauth/token",
                    "revokeUrl": f"{self.sandbox_url}/oauth/revoke",
                }
            }
        )


def read_speed(environ: Mapping[str, str]) -> float:
    """Read LOCAL_SPEED. Raises `LocalError` if it is no number above 0."""
    text = environ.get("LOCAL_SPEED", "1")
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise LocalError(f"LOCAL_SPEED is {text!r}, not a number above 0")
    return speed


def read_port(environ: Mapping[str, str], name: str, usual: int) -> int:
    """Read a port from the environment. Raises `LocalError` for what is none."""
    text = environ.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise LocalError(f"{name} is {text!r}, not a port")
    return int(text)


def read_settings(arguments: Sequence[str], environ: Mapping[str, str], root: Path) -> Settings:
    """Read the command line and the environment. Exits with a usage message for an unknown argument.

    Raises `LocalError` for a speed or a port that is none.
    """
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--template", type=Path, default=root / "template.yaml", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=read_port(environ, "PORT", 8787), help="the API; env PORT")
    parser.add_argument(
        "--sandbox-port",
        type=int,
        default=read_port(environ, "SANDBOX_PORT", 8788),
        help="the Ashby sandbox; env SANDBOX_PORT",
    )
    parser.add_argument(
        "--aws-port",
        type=int,
        default=read_port(environ, "AWS_PORT", 8789),
        help="moto, as AWS; env AWS_PORT",
    )
    parser.add_argument(
        "--log-file",
        type=Path,
        default=environ.get("LOCAL_LOG_FILE"),
        help="also write every log line to this file; env LOCAL_LOG_FILE",
    )
    parser.add_argument(
        "--no-reload",
        action="store_true",
        default=environ.get("LOCAL_RELOAD") == "0",
        help="do not watch the code for changes; env LOCAL_RELOAD=0",
    )
    parser.add_argument(
        "--receiver-port",
        type=int,
        default=read_port(environ, "RECEIVER_PORT", 8790),
        help="the webhook receiver; env RECEIVER_PORT",
    )
    parser.add_argument(
        "--no-receiver",
        action="store_true",
        default=environ.get("LOCAL_RECEIVER") == "0",
        help="receive no webhooks; env LOCAL_RECEIVER=0",
    )
    options = parser.parse_args(arguments)
    template: Path = options.template
    return Settings(
        root=template.resolve().parent,
        template=template.resolve(),
        port=options.port,
        sandbox_port=options.sandbox_port,
        aws_port=options.aws_port,
        log_file=options.log_file,
        reload=not options.no_reload,
        receiver_port=None if options.no_receiver else options.receiver_port,
        speed=read_speed(environ),
    )
