"""How one sandbox is set up: the only place that reads the environment."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """The settings of one sandbox.

    `candidates` and `seed` determine the organisation completely. `port` is the sandbox's own port and makes its
    OAuth issuer name; `application_port` is the port of the application under development, whose callback address
    the built-in OAuth clients may use. `webhook_speed` divides the waits before a webhook is tried again. `clock`
    returns Unix seconds and exists so that tests can move time.
    """

    candidates: int = 250
    seed: int = 7
    port: int = 8788
    application_port: int = 8787
    requests_per_minute: int = 1000
    access_token_seconds: int = 3600
    webhook_speed: float = 1
    clock: Clock = field(default=time.time, repr=False)

    @property
    def issuer(self) -> str:
        """The OAuth issuer identifier (RFC 8414 section 2), fixed so that every redirect carries the same one."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "SandboxConfig":
        """Read SANDBOX_CANDIDATES, _SEED, _PORT, _REQUESTS_PER_MINUTE, _WEBHOOK_SPEED and PORT.

        Raises ValueError for what is not a whole number, and for a speed that is not above zero.
        """
        speed = float(environment.get("SANDBOX_WEBHOOK_SPEED", cls.webhook_speed))
        if not speed > 0:
            raise ValueError("SANDBOX_WEBHOOK_SPEED must be above zero")
        return cls(
            candidates=int(environment.get("SANDBOX_CANDIDATES", cls.candidates)),
            seed=int(environment.get("SANDBOX_SEED", cls.seed)),
            port=int(environment.get("SANDBOX_PORT", cls.port)),
            requests_per_minute=int(environment.get("SANDBOX_REQUESTS_PER_MINUTE", cls.requests_per_minute)),
            webhook_speed=speed,
            application_port=int(environment.get("PORT", cls.application_port)),
        )
