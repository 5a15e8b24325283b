"""file.info: from a file handle to a URL."""

from sandbox import parameters
from sandbox.endpoints import Call, endpoint
from sandbox.errors import not_found
from sandbox.handles import read_handle
from sandbox.parameters import required


@endpoint("file.info", permission="candidatesRead", parameters={"fileHandle": required(parameters.text)})
def info(call: Call) -> dict[str, str]:
    """Return `{url}` of a file some candidate, or an offer to it, still has; raises `file_not_found`."""
    parts = read_handle(call.parameters["fileHandle"])
    candidate = call.organisation.candidates.get(parts[0]) if parts else None
    if parts is None or candidate is None:
        raise not_found("file")
    letters = [
        file
        for offer in call.organisation.offers
        if offer["applicationId"] in candidate["applicationIds"]
        for version in offer["versions"]
        for file in version["fileHandles"]
    ]
    if parts[1] not in {file["id"] for file in [*candidate["fileHandles"], *letters]}:
        raise not_found("file")
    return {"url": f"{call.base_url}/files/{parts[1]}"}
