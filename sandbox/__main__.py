"""`python -m sandbox`: serve a sandbox on 127.0.0.1."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace

import uvicorn

from sandbox.app import create_app
from sandbox.config import SandboxConfig


def configuration(arguments: Sequence[str] | None = None) -> SandboxConfig:
    """Return the settings from the command line, falling back to the environment."""
    defaults = SandboxConfig.from_environment(os.environ)
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A fake Ashby API and OAuth server.")
    parser.add_argument("--port", type=int, default=defaults.port)
    parser.add_argument("--candidates", type=int, default=defaults.candidates)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    chosen = parser.parse_args(arguments)
    return replace(defaults, port=chosen.port, candidates=chosen.candidates, seed=chosen.seed)


def main() -> None:
    """Serve until interrupted. Only loopback: the admin routes have no authentication."""
    config = configuration()
    uvicorn.run(create_app(config), host="127.0.0.1", port=config.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
