"""``python -m local``: runs template.yaml on this machine until Ctrl-C."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import LocalError
from local.processes import Log
from local.settings import Settings, read_settings
from local.stack import Stack


async def serve(settings: Settings, log: Log) -> None:
    """Run the stack until SIGINT or SIGTERM. Raises `LocalError` if it cannot go on."""
    running = asyncio.create_task(Stack(settings, log).run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    except* LocalError as group:
        raise group.exceptions[0] from None


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command. Gives 0 after a stop that was asked for, 1 if the stack could not run."""
    log = Log()
    try:
        settings = read_settings(arguments, environ, Path.cwd())
        log = Log(settings.log_file)
        asyncio.run(serve(settings, log))
    except LocalError as error:
        log.plain(f"local: {error}")
        return 1
    finally:
        log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
