"""The whole local stack: what starts when, what changes when code changes, what ends at the end."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from watchfiles import Change, DefaultFilter, awatch  # pyright: ignore[reportUnknownVariableType] - partly typed

from local.background import Background
from local.banner import banner
from local.errors import LocalError
from local.gateway import Gateway
from local.pool import RuntimePool
from local.processes import Child, Log
from local.provision import Resources
from local.receiver import LABEL, Receiver
from local.seed import Seed, seed_project
from local.settings import ACCOUNT_ID, HOST, REGION, Settings
from local.template import Function, Template

START_SECONDS = 30
_WATCHED = ("functions", "layers", "sandbox")


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the stack has its own, and ends in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone."""
        yield


class Stack:
    """A running stack: `run` serves until its task is cancelled."""

    def __init__(self, settings: Settings, log: Log, seed: Seed = seed_project) -> None:
        """Nothing starts before `run`. `seed` puts the first project into the table."""
        self._settings = settings
        self._log = log
        self._seed = seed
        self._environ = {
            **os.environ,
            "PORT": str(settings.port),
            "SANDBOX_PORT": str(settings.sandbox_port),
            "AWS_PORT": str(settings.aws_port),
            "PYTHONUNBUFFERED": "1",
        }
        self._resources = Resources(
            endpoint_url=settings.aws_url,
            public_url=settings.public_url,
            secret_values={"AshbyOAuthClient": settings.oauth_clients},
        )
        self.pool = RuntimePool(root=settings.root, aws_url=settings.aws_url, log=log)
        self.background = Background(settings.aws_url, self.pool, log, speed=settings.speed)
        self._gateway = Gateway(self.pool, log)
        self._receiver = Receiver(log)
        self._functions: list[Function] = []
        self._services: list[Child] = []
        self._sandbox: Child | None = None

    async def run(self) -> None:
        """Start everything, say ``ready``, then serve and reload until cancelled. Leaves no process behind.

        Raises `LocalError` if the stack cannot start or one of its parts ends.
        """
        started = time.perf_counter()
        template = self._read_template()
        listener = _listen(self._settings.port, "PORT")
        try:
            # Whoever already listens there would be taken for ours.
            _listen(self._settings.sandbox_port, "SANDBOX_PORT").close()
            _listen(self._settings.aws_port, "AWS_PORT").close()
            aws = await self._start_services()
            functions = await asyncio.to_thread(self._provision, template)
            self._use(template, functions)
            table = self._resources.only("AWS::DynamoDB::Table")
            await asyncio.gather(
                self._seed(self._settings.root, self._settings.aws_url, table),
                _answers(self._settings.sandbox_port, "the sandbox", self._sandbox),
            )
            async with _serving(self._gateway, listener), self._receiving() as received, asyncio.TaskGroup() as tasks:
                tasks.create_task(_must_live(aws, "AWS (moto)"))
                tasks.create_task(self.background.watch())
                if self._settings.reload:
                    tasks.create_task(self._reload_code())
                    tasks.create_task(self._reload_template())
                    await asyncio.sleep(0)  # both watch before anyone is told to begin
                self._log.plain(banner(self._settings, functions, time.perf_counter() - started))
                tasks.create_task(self.pool.warm())
                self.background.start(functions)
                if received is not None:
                    tasks.create_task(self._receiver.register(self._settings.public_url, received))
        finally:
            listener.close()
            await self._stop()

    async def _start_services(self) -> Child:
        """Start AWS and the sandbox side by side, and load boto3 meanwhile; AWS answers on return."""
        port = str(self._settings.aws_port)
        environ = {**self._environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        aws = await Child.start("aws", "local.aws", port, cwd=self._settings.root, env=environ, log=self._log)
        self._services.append(aws)
        await self._start_sandbox()
        await asyncio.gather(
            _answers(self._settings.aws_port, "AWS (moto)", aws),
            asyncio.to_thread(self._resources.client, "dynamodb"),
        )
        return aws

    async def _start_sandbox(self) -> None:
        port = str(self._settings.sandbox_port)
        self._sandbox = await Child.start(
            "sandbox", "sandbox", "--port", port, cwd=self._settings.root, env=self._environ, log=self._log
        )
        self._services.append(self._sandbox)

    async def _stop(self) -> None:
        await self.background.close()
        await self.pool.close()
        for service in self._services:
            await service.close()

    def _read_template(self) -> Template:
        try:
            text = self._settings.template.read_text(encoding="utf-8")
        except OSError as error:
            raise LocalError(f"cannot read the template: {error}") from error
        return Template(text, self._settings.parameters, region=REGION, account=ACCOUNT_ID)

    def _provision(self, template: Template) -> list[Function]:
        for name in self._resources.provision(template):
            self._log.line("local", f"{name} reads otherwise now; the change takes effect at the next start")
        return template.functions(self._resources.lookup)

    def _use(self, template: Template, functions: list[Function]) -> None:
        routes = [route for function in functions for route in function.routes]
        self._gateway.use(routes, template.cors(self._resources.lookup))
        self.pool.use(functions)
        self._functions = functions

    async def _reload_code(self) -> None:
        folders = [self._settings.root / name for name in _WATCHED if (self._settings.root / name).is_dir()]
        sandbox = str(self._settings.root / "sandbox")
        async for changes in awatch(*folders, debounce=400, watch_filter=_CodeFilter()):
            changed = [path for _, path in changes]
            if any(not path.startswith(sandbox) for path in changed):
                self._log.line("local", "the code has changed: the next events meet new environments")
                self.pool.recycle()
                await self.pool.warm()
            if self._sandbox is not None and any(path.startswith(sandbox) for path in changed):
                self._log.line("local", "the sandbox has changed: it starts again, with a fresh organisation")
                self._services.remove(self._sandbox)
                await self._sandbox.close()
                await self._start_sandbox()

    @contextlib.asynccontextmanager
    async def _receiving(self) -> AsyncGenerator[str | None, None]:
        """Serve the webhook receiver while inside and give its address; None where there is none to be."""
        port, url = self._settings.receiver_port, self._settings.receiver_url
        if port is None:
            yield None
            return
        try:
            listener = _listen(port, "RECEIVER_PORT")
        except LocalError as error:  # of another stack, most likely; this one works without
            self._log.line(LABEL, f"off: {error}")
            yield None
            return
        try:
            async with _serving(self._receiver, listener):
                yield url
        finally:
            listener.close()

    async def _reload_template(self) -> None:
        template = self._settings.template
        # Editors put a new file in the old one's place, so it is the folder that is watched.
        async for changes in awatch(template.parent, debounce=400, recursive=False):
            if str(template) not in {path for _, path in changes}:
                continue
            try:
                changed = self._read_template()
                functions = await asyncio.to_thread(self._provision, changed)
                await self.background.end_gone(functions)
                try:
                    self._use(changed, functions)
                finally:
                    self.background.start(self._functions)
            except LocalError as error:
                self._log.line("local", f"{template.name} was not taken over: {error}")
            else:
                self._log.line("local", f"{template.name} has changed: {_counts(functions)} now")
                await self.pool.warm()


def _counts(functions: Sequence[Function]) -> str:
    routes = sum(len(function.routes) for function in functions)
    others = sum(len(function.triggers) for function in functions)
    return f"{routes} routes" + (f", {others} other event sources" if others else "")


class _CodeFilter(DefaultFilter):
    """Changes that alter what runs; compiled files do not."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and path.endswith((".py", ".json", ".html", ".css", ".js"))


def _listen(port: int, variable: str) -> socket.socket:
    # The protocol must be named: asyncio turns off Nagle's delay (40 ms an answer) only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise LocalError(f"port {port} is in use; choose another with {variable}=…") from error
    return listener


async def _answers(port: int, what: str, child: Child | None) -> None:
    """Wait until something listens on `port`, as long as the process meant to do so lives."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (child is None or child.alive):
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await asyncio.sleep(0)
            if child is None or child.alive:
                return
    raise LocalError(f"{what} did not start on port {port}; its output is above")


async def _must_live(child: Child, what: str) -> None:
    code = await child.wait()
    raise LocalError(f"{what} has ended with exit code {code}")


@contextlib.asynccontextmanager
async def _serving(application: ASGIApp, listener: socket.socket) -> AsyncGenerator[None, None]:
    """Serve HTTP on `listener` while inside."""
    config = uvicorn.Config(
        application,
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-* from a caller are data for the function, not for the gateway
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task
