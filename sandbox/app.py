"""The sandbox as one Starlette application. Start reading here.

A request meets, in order: `sandbox.gate` (faults, call counts), then one of
- `POST /<category>.<method>` -> `sandbox.dispatch` -> a handler in `sandbox.categories`,
- `/oauth/...` -> `sandbox.oauth.routes`,
- `/files/...` -> the content behind `file.info`,
- `/_sandbox/...` -> `sandbox.admin`, `sandbox.record_admin` and `sandbox.webhook_admin`.

The state behind all of them is one `sandbox.state.Sandbox`.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import admin, record_admin, webhook_admin
from sandbox.config import SandboxConfig
from sandbox.dispatch import call_endpoint
from sandbox.gate import Gate
from sandbox.oauth.routes import ROUTES as OAUTH_ROUTES
from sandbox.state import Sandbox


def create_app(config: SandboxConfig | None = None) -> Starlette:
    """Return a fresh sandbox; its state is at `app.state.sandbox`."""
    sandbox = Sandbox(config or SandboxConfig())
    app = Starlette(
        routes=[
            *admin.ROUTES,
            *record_admin.ROUTES,
            *webhook_admin.ROUTES,
            *OAUTH_ROUTES,
            Route("/files/{file_id}", _file),
            Route("/{endpoint}", call_endpoint, methods=["POST"]),
        ],
        middleware=[Middleware(Gate, sandbox=sandbox)],
    )
    app.state.sandbox = sandbox
    return app


async def _file(request: Request) -> Response:
    """Serve a stand-in for a candidate's file, as a signed URL of Ashby's would."""
    return Response(f"%PDF-1.4\n% sandbox file {request.path_params['file_id']}\n", media_type="application/pdf")
