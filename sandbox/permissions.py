"""Ashby's permissions, which are also the scopes of the sandbox's OAuth server.

Source: developers.ashbyhq.com/reference/authentication, which lists every endpoint under its permission. On the wire
`apiKey.info` prints `candidatesRead` as `candidates:read`.
"""

DESCRIPTIONS = {
    "candidatesRead": "See candidates, applications and feedback",
    "candidatesWrite": "Create and change candidates and applications",
    "candidatesDelete": "Delete applications and referrals",
    "emailsRead": "Read e-mail messages with candidates",
    "jobsRead": "See jobs, postings and openings",
    "jobsWrite": "Create and change jobs, postings and openings",
    "interviewsRead": "See interviews, plans and schedules",
    "interviewsWrite": "Schedule and cancel interviews",
    "hiringProcessMetadataRead": "See sources, tags, custom fields and archive reasons",
    "hiringProcessMetadataWrite": "Create and change tags and custom fields",
    "organizationRead": "See users, departments, locations and brands",
    "organizationWrite": "Change users, departments and locations",
    "offersRead": "See offers",
    "offersWrite": "Create and change offers",
    "approvalsRead": "See approvals",
    "approvalsWrite": "Change approval rules and start approvals",
    "apiKeysRead": "See what this access may do, and webhook settings",
    "apiKeysWrite": "Create and change webhook settings",
    "reportsRead": "Run and read reports",
    "notetakerRead": "Read interview transcripts",
    "sourcingRead": "See sequences",
    "sourcingWrite": "Add candidates to sequences",
    "auditLogsRead": "Read the audit log",
}
ALL = frozenset(DESCRIPTIONS)
READS = frozenset(name for name in ALL if name.endswith("Read"))


def printed(permission: str) -> str:
    """Return a permission the way `apiKey.info` prints it: `candidatesRead` as `candidates:read`."""
    for action in ("Read", "Write", "Delete"):
        if permission.endswith(action):
            return f"{permission.removesuffix(action)}:{action.lower()}"
    raise ValueError(f"{permission} is not a permission")
