"""Scenarios of contacts, users and the workspace."""

import secrets

from tests.e2e.as_ashby_has_it import contact, given, parts
from tests.e2e.bench import Bench, Scenarios, differences, keeper, same_ids, some
from unified.connector import Operation

SCENARIOS: Scenarios = {}
does = keeper(SCENARIOS)

# -- contacts ---------------------------------------------------------------------------------------------------------


@does("genericContact", Operation.LIST, "native")
def contacts_are_the_candidates(bench: Bench) -> None:
    same_ids(bench, "genericContact", [one["id"] for one in bench.every("candidate.list")])


@does("genericContact", Operation.RETRIEVE, "native")
def a_contact_is_its_candidate(bench: Bench) -> None:
    (ada,) = [one for one in bench.ashby("candidate.search", email="ada@example.com") if one["name"] == "Ada Lovelace"]
    for record_id in (ada["id"], bench.candidate()["id"]):
        record = bench.ashby("candidate.info", id=record_id)
        assert bench.read("genericContact", record_id) == given(contact(record))


@does("genericContact", Operation.CREATE, "native")
def a_new_contact_is_a_new_candidate(bench: Bench) -> None:
    before, email = bench.last_change(), f"{secrets.token_hex(8)}@example.com"
    links = [{"type": "LinkedIn", "url": "https://linkedin.com/in/ada"}, {"type": "Medium", "url": "https://m.example"}]
    made = bench.create(
        "genericContact", firstName="Ada", lastName="King Noel", email=email, phone="+44 20 7946 0000", links=links
    )
    record = bench.ashby("candidate.info", id=made)
    assert record["name"] == "Ada King Noel"
    assert record["primaryEmailAddress"]["value"] == email
    assert record["primaryPhoneNumber"]["value"] == "+44 20 7946 0000"
    assert [parts(one, "type", "url") for one in record["socialLinks"]] == links
    assert {(kind, identifier) for kind, identifier, _ in bench.changes(before)} == {("candidate", made)}


@does("genericContact", Operation.UPDATE, "native")
def a_changed_contact_is_a_changed_candidate(bench: Bench) -> None:
    made = bench.candidate()["id"]
    before, number = bench.ashby("candidate.info", id=made), bench.last_change()
    bench.update("genericContact", made, lastName="King")
    after = bench.ashby("candidate.info", id=made)
    assert after["name"] == "Person King"
    assert differences(before, after) <= {"name", "updatedAt"}
    assert bench.changes(number) == {("candidate", made, "updated")}


@does("genericContact", Operation.DELETE, "emulated")
def a_deleted_contact_is_an_anonymized_candidate(bench: Bench) -> None:
    made, number = bench.candidate(), bench.last_change()
    bench.delete("genericContact", made["id"])
    after = bench.ashby("candidate.info", id=made["id"])
    assert made["name"] not in str(after)
    assert made["primaryEmailAddress"]["value"] not in str(after)
    assert {change[:2] for change in bench.changes(number)} == {("candidate", made["id"])}


# -- users and the workspace ------------------------------------------------------------------------------------------


@does("genericUser", Operation.LIST, "native")
def users_are_all_users(bench: Bench) -> None:
    found = bench.every("user.list", includeDeactivated=True)
    assert not all(user["isEnabled"] for user in found)
    same_ids(bench, "genericUser", [user["id"] for user in found])


@does("genericUser", Operation.RETRIEVE, "native")
def a_user_is_as_ashby_has_it(bench: Bench) -> None:
    for user in some(bench.every("user.list", includeDeactivated=True)):
        assert bench.read("genericUser", user["id"]) == given(
            {
                "firstName": user["firstName"],
                "lastName": user["lastName"],
                "email": user.get("email"),
                "role": user["globalRole"],
                "isActive": user["isEnabled"],
            }
        )


@does("genericWorkspace", Operation.LIST, "emulated")
def the_workspace_is_the_one_organisation(bench: Bench) -> None:
    (workspace,) = bench.listed("genericWorkspace", 100)
    assert workspace["fields"] == {"name": bench.every("brand.list")[0]["name"]}


@does("genericWorkspace", Operation.RETRIEVE, "emulated")
def the_workspace_is_named_by_the_first_brand(bench: Bench) -> None:
    brands = bench.every("brand.list")
    assert bench.read("genericWorkspace", "organization") == {"name": brands[0]["name"]}
    raw = bench.good("GET", "genericWorkspace/organization", params={"include": "raw"})["remote"]["raw"]
    assert raw["brands"] == brands
