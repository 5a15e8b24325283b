"""version.list: the API versions, as the versioning page describes them."""

from sandbox.endpoints import Call, endpoint


@endpoint("version.list", permission=None)
def list_versions(call: Call) -> list[dict[str, str]]:  # noqa: ARG001 (a handler's signature)
    """Return `[{version, status}]`; the shape is inferred."""
    return [{"version": "2026-01-01", "status": "active"}]
