"""Valid bodies of the endpoints about candidates, metadata, users, files and webhooks."""

from sandbox.organisation import Organisation
from tests.contract.ashby.bodies import VALUES, Body, field, first

WEBHOOK = {"requestUrl": "http://127.0.0.1:9/hook", "secretToken": "s3cret"}


def archived_only(organisation: Organisation) -> str:
    """Return a candidate whose applications are all archived or hired."""
    return next(
        candidate["id"]
        for candidate in organisation.candidates
        if candidate["applicationIds"]
        and all(
            organisation.applications.get(one)["status"] in {"Archived", "Hired"}  # type: ignore[index] - it is there
            for one in candidate["applicationIds"]
        )
    )


def saved_webhook(organisation: Organisation) -> str:
    """Put a webhook setting in place and return its id."""
    record = {"webhookType": "offerUpdate", **WEBHOOK, "id": organisation.new_identifier("webhook"), "enabled": False}
    return organisation.save("webhook", record)["id"]


CANDIDATE, TAG, USER, FIELD = first("candidate"), first("candidate_tag"), first("user"), first("custom_field")
PEOPLE: dict[str, list[Body]] = {
    "apiKey.info": [{}],
    "archiveReason.list": [{}, {"includeArchived": True}],
    "brand.list": [{}, {"limit": 1}],
    "candidate.addTag": [lambda o: {"candidateId": CANDIDATE(o), "tagId": TAG(o)}],
    "candidate.anonymize": [lambda o: {"candidateId": archived_only(o)}],
    "candidate.create": [
        {"name": "Plain"},
        lambda o: {
            "name": "陳 大文",
            "email": "chan@example.com",
            "phoneNumber": "+852 5555 5555",
            "linkedInUrl": "https://linkedin.com/in/chan",
            "githubUrl": "https://github.com/chan",
            "website": "https://chan.example.com",
            "alternateEmailAddresses": ["chan@example.org"],
            "sourceId": first("source")(o),
            "creditedToUserId": USER(o),
            "location": {"city": "Hong Kong", "country": "China"},
            "createdAt": "2020-02-29T12:00:00+02:00",
        },
    ],
    "candidate.createNote": [
        lambda o: {"candidateId": CANDIDATE(o), "note": "Plain"},
        lambda o: {"candidateId": CANDIDATE(o), "note": {"type": "text/html", "value": "<b>x</b>"}, "isPrivate": True},
    ],
    "candidate.info": [lambda o: {"id": CANDIDATE(o)}, {"externalMappingId": "hris-10"}],
    "candidate.list": [{}, {"limit": 7}, {"createdAfter": 1_700_000_000_000}],
    "candidate.listNotes": [
        lambda o: {"candidateId": CANDIDATE(o)},
        lambda o: {"candidateId": CANDIDATE(o), "limit": 1},
    ],
    "candidate.removeTag": [lambda o: {"candidateId": CANDIDATE(o), "tagId": TAG(o)}],
    "candidate.search": [{"email": "ada@example.com"}, {"name": "a"}],
    "candidate.update": [
        lambda o: {"candidateId": CANDIDATE(o)},
        lambda o: {
            "candidateId": CANDIDATE(o),
            "name": "New",
            "email": "new@example.com",
            "phoneNumber": "1",
            "websiteUrl": "https://new.example.com",
            "alternateEmail": "other@example.com",
            "sourceId": None,
            "creditedToUserId": None,
            "location": {"city": "Genève"},
            "sendNotifications": False,
        },
    ],
    "candidateTag.archive": [lambda o: {"tagId": TAG(o)}],
    "candidateTag.create": [{"title": "Neu"}],
    "candidateTag.list": [{}, {"includeArchived": True}],
    "customField.create": [
        {"title": "A", "fieldType": "Url", "objectType": "Opening_Version"},
        {
            "title": "B",
            "fieldType": "ValueSelect",
            "objectType": "Candidate",
            "description": "d",
            "selectableValues": [{"label": "L", "value": "v"}],
        },
    ],
    "customField.info": [lambda o: {"customFieldId": FIELD(o)}],
    "customField.list": [{}, {"includeArchived": True, "limit": 3}],
    "customField.setValue": [
        *(
            lambda o, kind=kind, value=value, object_type=object_type: {
                "objectId": first(object_type.lower())(o),
                "objectType": object_type,
                "fieldId": field(o, kind, object_type),
                "fieldValue": value,
            }
            for object_type in ("Candidate", "Application", "Job", "Opening")
            for kind, value in VALUES.items()
        ),
        lambda o: {
            "objectId": CANDIDATE(o),
            "objectType": "Candidate",
            "fieldId": field(o, "ValueSelect"),
            "fieldValue": "senior",
        },
        lambda o: {
            "objectId": first("opening")(o),
            "objectType": "Opening",
            "fieldId": field(o, "MultiValueSelect", "Opening"),
            "fieldValue": ["high", "low"],
        },
    ],
    "customField.setValues": [
        lambda o: {
            "objectId": CANDIDATE(o),
            "objectType": "Candidate",
            "values": [
                {"fieldId": field(o, "Number"), "fieldValue": "7"},
                {"fieldId": field(o, "Boolean"), "fieldValue": "false"},
            ],
        }
    ],
    "customField.updateSelectableValues": [
        lambda o: {"customFieldId": field(o, "ValueSelect"), "selectableValues": [{"label": "X", "value": "x"}]}
    ],
    "department.info": [lambda o: {"departmentId": first("department")(o)}],
    "department.list": [{}, {"includeArchived": True}],
    "file.info": [lambda o: {"fileHandle": next(iter(o.candidates))["resumeFileHandle"]["handle"]}],
    "location.info": [lambda o: {"locationId": first("location")(o)}],
    "location.list": [{}, {"includeArchived": True, "includeLocationHierarchy": True}],
    "project.info": [lambda o: {"projectId": first("project")(o)}],
    "project.list": [{}, {"createdAfter": 0}],
    "project.search": [{}, {"title": "future"}],
    "source.list": [{}, {"includeArchived": True}],
    "user.info": [lambda o: {"userId": USER(o)}],
    "user.list": [{}, {"includeDeactivated": True, "cursor": None, "syncToken": None}],
    "user.search": [{"email": "charles@analytical-engines.example"}],
    "version.list": [{}],
    # Nothing listens on port 9 (discard): the settings are saved disabled.
    "webhook.create": [{"webhookType": "offerCreate", **WEBHOOK}],
    "webhook.delete": [lambda o: {"webhookId": saved_webhook(o)}],
    "webhook.info": [lambda o: {"webhookId": saved_webhook(o)}],
    "webhook.update": [lambda o: {"webhookId": saved_webhook(o), "secretToken": "new"}],
}
