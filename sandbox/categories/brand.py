"""brand.list."""

from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listed, Listing
from sandbox.parameters import PAGED


@endpoint("brand.list", permission="organizationRead", parameters=PAGED)
def list_brands(call: Call) -> Listing:
    """Return a page of brands `{id, name, hostedJobsPageSlug}`; paging only, no sync token."""
    return call.page(
        Listed(
            table=call.organisation.brands,
            write=lambda brand: published(brand, "id", "name", "hostedJobsPageSlug"),
            synced=False,
        )
    )
