"""One Lambda execution environment: a process and the Runtime API that it alone talks to.

The process is AWS's own runtime client (``awslambdaric``), the same code that runs in Lambda. It asks for
an event, answers it, asks for the next: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from local.processes import Child, Log
from local.settings import ACCOUNT_ID, HOST, REGION
from local.template import Function

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (6 MB and what Lambda adds to it)
PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (then the init is tried again
# within the function's own timeout)
INIT_SECONDS = 10
_API = "/2018-06-01/runtime"
_STAND_IN = Path(__file__).with_name("stand_in")


class Failure(Enum):
    """How an invocation can end without an answer."""

    ERROR = "the function raised an exception"
    INIT = "the function could not be loaded"
    CRASH = "the function's process ended"
    TIMEOUT = "the function ran out of time"
    TOO_LARGE = "the function's answer is larger than 6 MB"
    NOT_STARTED = "the function's process ended before it took the event"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event: the function's answer as JSON, or why there is none."""

    payload: bytes
    failure: Failure | None = None


@dataclass(slots=True)
class _Invocation:
    event: bytes
    request_id: str
    trace_id: str
    taken: asyncio.Future[None]
    answer: asyncio.Future[Outcome]


def process_environment(
    function: Function, *, root: Path, aws_url: str, runtime_api: str, stream: str
) -> dict[str, str]:
    """Make the variables of a function's process: the template's, Lambda's own, and nothing else.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    paths = [str(folder) for layer in function.layers for folder in (root / layer, root / layer / "python")]
    if importlib.util.find_spec("runtime_client") is None:  # AWS builds its native client for Linux only
        paths.append(str(_STAND_IN))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = f"local-{function.name}"
    logging = {"AWS_LAMBDA_LOG_FORMAT": function.log_format}
    if function.log_level is not None:
        logging["AWS_LAMBDA_LOG_LEVEL"] = function.log_level
    return {
        **function.environment,
        **logging,
        "_HANDLER": function.handler,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": str(root / function.code),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(paths),
        "TZ": ":UTC",
    }


class Environment:
    """An execution environment: loads the code once, then handles one event at a time until it ends."""

    def __init__(self, function: Function, *, root: Path, aws_url: str, label: str, log: Log) -> None:
        """Nothing runs before `start`. Output of the process goes to `log` under `label`."""
        loop = asyncio.get_running_loop()
        self.function = function
        self._root = root
        self._aws_url = aws_url
        self._label = label
        self._log = log
        self._server: asyncio.Server | None = None
        self._child: Child | None = None
        self._killed = False
        self._ended: asyncio.Future[int] = loop.create_future()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._broken: asyncio.Future[Outcome] = loop.create_future()
        self._queue: asyncio.Queue[_Invocation | None] = asyncio.Queue()
        self._current: _Invocation | None = None

    async def start(self) -> None:
        """Start the process; its code is not loaded yet when this returns."""
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=4 * 1024 * 1024)
        port = self._server.sockets[0].getsockname()[1]
        variables = process_environment(
            self.function,
            root=self._root,
            aws_url=self._aws_url,
            runtime_api=f"{HOST}:{port}",
            stream=time.strftime("%Y/%m/%d/[$LATEST]", time.gmtime()) + uuid.uuid4().hex,
        )
        try:
            self._child = await Child.start(
                self._label,
                "awslambdaric",
                self.function.handler,
                cwd=self._root / self.function.code,
                env=variables,
                log=self._log,
            )
        except OSError as error:  # the code's folder is gone
            self._log.line(self._label, f"[ERROR] {error}")
            self._broken.set_result(Outcome(b"{}", Failure.INIT))
        else:
            waiting = asyncio.ensure_future(self._child.wait())
            waiting.add_done_callback(lambda done: self._ended.set_result(done.result()))

    @property
    def alive(self) -> bool:
        """Whether it can take another event."""
        if self._killed or self._ended.done() or self._broken.done():
            return False
        return self._child is None or self._child.alive

    @property
    def pid(self) -> int | None:
        """Its process id, once started."""
        return self._child.pid if self._child else None

    async def loaded(self) -> bool:
        """Wait until the code is loaded; False if it cannot be."""
        return await self._until(self._ready, INIT_SECONDS + self.function.timeout)

    async def invoke(self, event: bytes, request_id: str, trace_id: str) -> Outcome:
        """Hand it one event and wait for the answer, at most as long as the function's timeout allows.

        Loading the code does not count against the timeout. An environment that runs out of time is killed.
        """
        loop = asyncio.get_running_loop()
        invocation = _Invocation(event, request_id, trace_id, loop.create_future(), loop.create_future())
        self._current = invocation
        self._queue.put_nowait(invocation)
        if not await self._until(invocation.taken, INIT_SECONDS + self.function.timeout):
            if self._broken.done():
                return self._broken.result()
            return self._fail(Failure.NOT_STARTED if self._ended.done() else Failure.INIT)
        if not await self._until(invocation.answer, self.function.timeout):
            return self._fail(Failure.CRASH if self._ended.done() else Failure.TIMEOUT)
        return invocation.answer.result()

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._killed = True
        if self._child is not None:
            self._child.kill()

    async def close(self) -> None:
        """End the process and its Runtime API."""
        self.kill()
        self._queue.put_nowait(None)
        if self._server is not None:
            self._server.close()
        if self._child is not None:
            await self._child.close()

    def _fail(self, failure: Failure) -> Outcome:
        self.kill()
        return Outcome(json.dumps({"errorType": failure.name, "errorMessage": failure.value}).encode(), failure)

    async def _until(self, wanted: asyncio.Future[Any], seconds: float) -> bool:
        """Wait for `wanted`, but no longer than the process lives or its code loads."""
        await asyncio.wait({wanted, self._ended, self._broken}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return wanted.done()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the Runtime API's requests on one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                length = re.search(r"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                answer = await (self._next() if method == "GET" else self._post(path, body))
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def _next(self) -> bytes | None:
        if not self._ready.done():
            self._ready.set_result(None)
        invocation = await self._queue.get()
        if invocation is None or not self.alive:
            return None
        invocation.taken.set_result(None)
        deadline = int((time.time() + self.function.timeout) * 1000)
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:local-{self.function.name}"
        return _http(
            "200 OK",
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_id,
            },
        )

    async def _post(self, path: str, body: bytes) -> bytes:
        if path == f"{_API}/init/error":
            self._broken.set_result(Outcome(body, Failure.INIT))
            return _http("202 Accepted", b'{"status":"OK"}')
        current = self._current
        prefix = f"{_API}/invocation/{current.request_id}" if current else ""
        if current is None or current.answer.done() or not path.startswith(f"{prefix}/"):
            return _http("400 Bad Request", b'{"errorType":"InvalidRequestID"}')
        if path == f"{prefix}/error":
            current.answer.set_result(Outcome(body, Failure.ERROR))
        elif len(body) > PAYLOAD_LIMIT:
            current.answer.set_result(Outcome(b"{}", Failure.TOO_LARGE))
            return _http("413 Payload Too Large", b'{"errorType":"Function.ResponseSizeTooLarge"}')
        else:
            current.answer.set_result(Outcome(body))
        return _http("202 Accepted", b'{"status":"OK"}')


def _http(status: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body
