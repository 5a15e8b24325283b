"""Everything one running sandbox holds, and how it is set back to the start."""

import secrets
from dataclasses import replace

from sandbox.calls import CallLog
from sandbox.config import SandboxConfig
from sandbox.credentials import KeyRing
from sandbox.endpoints import load_endpoints
from sandbox.faults import FaultBoard
from sandbox.oauth.server import AuthorizationServer
from sandbox.organisation import Organisation
from sandbox.paging import Pager
from sandbox.rate_limit import RateLimiter, RateRules
from sandbox.webhooks import Webhooks


class Sandbox:
    """The state behind an application: one organisation, its keys, tokens, limits, faults, webhooks, call counts.

    Reached as `application.state.sandbox`.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self.endpoints = load_endpoints()
        self._start(config)

    def reset(self, *, candidates: int | None = None, seed: int | None = None) -> None:
        """Forget everything that happened, optionally with another organisation; old tokens and cursors die.

        Webhooks that are still to be delivered are dropped.
        """
        self.webhooks.close()
        self._start(
            replace(
                self.config,
                candidates=self.config.candidates if candidates is None else candidates,
                seed=self.config.seed if seed is None else seed,
            )
        )

    def _start(self, config: SandboxConfig) -> None:
        self.config = config
        self.organisation = Organisation(config)
        self.webhooks = Webhooks(self.organisation, speed=config.webhook_speed)
        self.keys = KeyRing(self.organisation.now)
        self.authorization = AuthorizationServer(config)
        self.pager = Pager(config.clock, life=secrets.token_hex(8))
        self.limiter = RateLimiter(
            config.clock, RateRules(per_minute=config.requests_per_minute, burst=config.requests_per_minute)
        )
        self.faults = FaultBoard()
        self.calls = CallLog()
