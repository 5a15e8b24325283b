"""user.list, user.info, user.search."""

from typing import Any

from sandbox import parameters, views
from sandbox.endpoints import Call, endpoint
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required


@endpoint(
    "user.list",
    permission="organizationRead",
    parameters={"includeDeactivated": optional(parameters.flag), **SYNCED},
)
def list_users(call: Call) -> Listing:
    """Return a page of users; deactivated ones only with `includeDeactivated`."""
    everyone = call.parameters.get("includeDeactivated", False)
    return call.page(
        Listed(
            table=call.organisation.users,
            write=lambda user: views.user(call.organisation, call.principal, user),
            keep=lambda user: everyone or user["isEnabled"],
            filters={"includeDeactivated": everyone},
        )
    )


@endpoint("user.info", permission="organizationRead", parameters={"userId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one user, deactivated or not; raises `user_not_found`."""
    return views.user(call.organisation, call.principal, call.find("user", call.parameters["userId"]))


@endpoint("user.search", permission="organizationRead", parameters={"email": required(parameters.text)})
def search(call: Call) -> list[dict[str, Any]]:
    """Return the users with exactly this e-mail address, in any case."""
    wanted = call.parameters["email"].strip().casefold()
    return [
        views.user(call.organisation, call.principal, user)
        for user in call.organisation.users
        if (user["email"] or "").casefold() == wanted
    ]
