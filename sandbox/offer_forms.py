"""The form an offer is filled out with, and what becomes of a submission.

Every organisation's form asks for a start date and a salary; the rest are its Offer custom fields. The names of the
system paths are inferred. Source: offer.start and offer.create.
"""

from typing import Any

from sandbox import custom_values, forms, parameters
from sandbox.endpoints import Call
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.organisation import Organisation
from sandbox.parameters import InvalidValue, Parameter, Reader, required

START_DATE, SALARY, OPENING = (f"{forms.SYSTEM_PREFIX}{name}" for name in ("start_date", "salary", "opening"))
_INTEGER = parameters.whole(-(10**15), 10**15)
_MONEY = parameters.structure({"value": required(_INTEGER), "currencyCode": required(custom_values.currency_code)})
_SYSTEM: dict[str, Reader] = {START_DATE: parameters.moment, SALARY: _MONEY, OPENING: parameters.identifier}
# What an offer form takes more narrowly than customField.setValue does.
_NARROWER: dict[str, Reader] = {"Currency": _MONEY, "Number": _INTEGER}

OFFER_FORM: dict[str, Parameter] = {
    "offerForm": required(
        parameters.structure(
            {
                "fieldSubmissions": required(
                    parameters.list_of(
                        parameters.structure(
                            {
                                "path": required(parameters.text),
                                "value": Parameter(parameters.anything, required=True, nullable=True),
                            }
                        )
                    )
                )
            }
        )
    )
}


def definition(organisation: Organisation) -> dict[str, Any]:
    """Return the definition of the offer form as it is now."""
    openings = [
        {"label": opening["identifier"], "value": opening["id"]}
        for opening in organisation.openings
        if opening["openingState"] in {"Open", "Approved"} and not opening["isArchived"]
    ]
    fields = [field for field in organisation.custom_fields if field["objectType"] == "Offer"]
    return forms.form(
        (
            "Offer",
            [
                forms.system_field("Date", "start_date", "Start date", required=True),
                forms.system_field("Currency", "salary", "Salary", required=True),
                forms.system_field("ValueSelect", "opening", "Opening", required=False, selectable=openings),
            ],
        ),
        (
            "More",
            [forms.custom_field(field, required=field["isRequired"]) for field in fields if not field["isArchived"]],
        ),
    )


def submitted(call: Call, *, application_id: str) -> dict[str, Any]:
    """Return what the call's submission sets: `{startDate, salary, openingId, customFieldValues}`.

    Every wrong, unknown or missing field is named by its path in one `invalid_input`. Raises `opening_not_found`,
    `opening_in_use` and `opening_state_invalid` for the opening.
    """
    organisation = call.organisation
    fields = forms.fields_by_path(definition(organisation))
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for submission in call.parameters["offerForm"]["fieldSubmissions"]:
        path, value = submission["path"], submission["value"]
        if path not in fields:
            problems.append((path, "The form has no such field"))
        elif path in values:
            problems.append((path, "Submitted twice"))
        elif value is not None or fields[path]["isRequired"]:
            try:
                values[path] = _read(organisation, path, value)
            except InvalidValue as problem:
                values[path] = None
                problems.append((path, str(problem)))
    problems += [(path, "Required") for path, field in fields.items() if field["isRequired"] and path not in values]
    if problems:
        raise invalid_input(*problems)
    if OPENING in values:
        _check_opening(organisation, values[OPENING], application_id)
    return {
        "startDate": values[START_DATE],
        "salary": values[SALARY],
        "openingId": values.get(OPENING),
        "customFieldValues": {path: value for path, value in values.items() if path not in _SYSTEM},
    }


def _read(organisation: Organisation, path: str, value: Any) -> Any:
    if value is None:
        raise InvalidValue("Must not be null")
    if path in _SYSTEM:
        return _SYSTEM[path](value)
    field = organisation.custom_fields.get(path)
    if field is None:
        raise InvalidValue("Unknown field")
    narrower = _NARROWER.get(field["fieldType"])
    return narrower(value) if narrower else custom_values.read(field, value)


def _check_opening(organisation: Organisation, opening_id: str, application_id: str) -> None:
    opening = organisation.openings.get(opening_id)
    if opening is None:
        raise not_found("opening")
    for offer in organisation.offers:
        over = offer["acceptanceStatus"] in {"Declined", "Cancelled"}
        if offer["applicationId"] != application_id and not over and offer["versions"][-1]["openingId"] == opening_id:
            raise ApiError("opening_in_use", "The opening is already in use by another offer.")
    if opening["openingState"] in {"Closed", "Filled"} or opening["isArchived"]:
        raise ApiError("opening_state_invalid", "The opening has been closed or filled.")
