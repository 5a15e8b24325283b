"""One sandbox per test, called in process; every answer is checked against the schema of its endpoint."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.applications import Starlette

from sandbox import application_views
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from sandbox.organisation import Organisation

SCHEMAS = Path(__file__).parent / "schemas"
SHARED = {"common.json", "error.json"}
PEOPLE = 300


# Call an endpoint, check the answer against its schema, return status and body.
Ashby = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="session")
def schema_names() -> list[str]:
    """Return the endpoints that have a schema."""
    return sorted(path.stem for path in SCHEMAS.glob("*.json") if path.name not in SHARED)


@pytest.fixture(scope="session")
def validator() -> Callable[[str], Draft202012Validator]:
    """Return a function from a schema's name to its validator."""
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    resources = [(name, Resource(document, DRAFT202012)) for name, document in documents.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    validators = {
        name.removesuffix(".json"): Draft202012Validator(document, registry=registry)
        for name, document in documents.items()
    }
    return validators.__getitem__


@pytest.fixture
def app() -> Starlette:
    """Return a sandbox of 300 candidates with room for many requests."""
    return create_app(SandboxConfig(candidates=PEOPLE, requests_per_minute=1_000_000))


@pytest.fixture
def client(app: Starlette) -> Iterator[httpx.Client]:
    """Return a client of the sandbox."""
    with in_process_client(app) as client:
        yield client


@pytest.fixture
def organisation(app: Starlette) -> Organisation:
    """Return the organisation of the sandbox."""
    return app.state.sandbox.organisation


@pytest.fixture
def ashby(client: httpx.Client, validator: Callable[[str], Draft202012Validator]) -> Ashby:
    """Call an endpoint and check the answer against its schema."""

    def call(
        endpoint: str,
        body: Any = None,
        *,
        key: str = "ashby_local_full",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        sent = json.dumps({} if body is None else body).encode() if content is None else content
        answer = client.post(
            f"/{endpoint}",
            content=sent,
            auth=httpx.BasicAuth(key, "") if key else httpx.Auth(),
            headers={"content-type": "application/json", **(headers or {})},
        )
        document = answer.json()
        validator(endpoint).validate(document)
        assert answer.headers["ashby-version"] == "2026-01-01"
        return answer.status_code, document

    return call


@pytest.fixture
def valid_bodies(organisation: Organisation) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function from an endpoint to bodies it accepts; an endpoint that is not listed here is a KeyError."""
    return lambda endpoint: [body(organisation) if callable(body) else body for body in BODIES[endpoint]]


Body = dict[str, Any] | Callable[[Organisation], dict[str, Any]]
WEBHOOK = {"requestUrl": "http://127.0.0.1:9/hook", "secretToken": "s3cret"}


def first(kind: str) -> Callable[[Organisation], str]:
    """Return a function to the id of the first record of a kind."""
    return lambda organisation: next(iter(organisation.tables[kind]))["id"]


def field(organisation: Organisation, field_type: str) -> str:
    """Return the id of the Candidate field of a type."""
    return next(
        record["id"]
        for record in organisation.custom_fields
        if record["fieldType"] == field_type and record["objectType"] == "Candidate"
    )


def archived_only(organisation: Organisation) -> str:
    """Return a candidate whose applications are all archived or hired."""
    return next(
        candidate["id"]
        for candidate in organisation.candidates
        if candidate["applicationIds"]
        and all(
            organisation.applications.get(one)["status"] in {"Archived", "Hired"}  # type: ignore[index]
            for one in candidate["applicationIds"]
        )
    )


APPLICATION, JOB = first("application"), first("job")
CANDIDATE, TAG, USER, FIELD = first("candidate"), first("candidate_tag"), first("user"), first("custom_field")
BODIES: dict[str, list[Body]] = {
    "apiKey.info": [{}],
    "application.info": [
        lambda o: {"applicationId": APPLICATION(o)},
        lambda o: {
            "applicationId": APPLICATION(o),
            "expand": ["openings", "applicationFormSubmissions", "referrals"],
        },
        lambda o: {"submittedFormInstanceId": submitted_form(o), "expand": ["applicationFormSubmissions"]},
    ],
    "application.list": [
        {},
        {"limit": 7, "expand": ["openings"]},
        {"status": "Lead", "createdAfter": 1_700_000_000_000},
        lambda o: {"jobId": JOB(o), "status": "Archived", "createdBefore": 1_790_000_000_000},
    ],
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
        lambda o, kind=kind, value=value: {
            "objectId": CANDIDATE(o),
            "objectType": "Candidate",
            "fieldId": field(o, kind),
            "fieldValue": value,
        }
        for kind, value in {
            "Boolean": True,
            "Date": "2026-05-01",
            "String": "",
            "LongText": "a\nb",
            "ValueSelect": "senior",
            "MultiValueSelect": ["backend", "research"],
            "Number": 1.5,
            "Currency": {"value": 1, "currencyCode": "EUR"},
            "NumberRange": {"type": "number-range", "minValue": 1, "maxValue": 2},
            "CompensationRange": {
                "type": "compensation-range",
                "minValue": 1,
                "maxValue": 2,
                "currencyCode": "EUR",
                "interval": "1 YEAR",
            },
            "Url": "https://example.com",
            "UUID": "19059c8b-18bb-4c74-a52e-5b19f01392fd",
        }.items()
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


def saved_webhook(organisation: Organisation) -> str:
    """Put a webhook setting in place and return its id."""
    record = {"webhookType": "offerUpdate", **WEBHOOK, "id": organisation.new_identifier("webhook"), "enabled": False}
    return organisation.save("webhook", record)["id"]


def submitted_form(organisation: Organisation) -> str:
    """Return the id of a form that was submitted through a job board."""
    return next(
        submission["id"]
        for application in organisation.applications
        for submission in application_views.submissions(organisation, application)
    )
