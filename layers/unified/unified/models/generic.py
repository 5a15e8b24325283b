"""The generic family: people one may hire, people who hire, and the organisation."""

from __future__ import annotations

from unified.models import Field, Model
from unified.models.types import Boolean, Choice, ListOf, Struct, Text, email, phone, url

_KINDS = ("Personal", "Work", "Other")
_LINK_TYPES = (
    "LinkedIn",
    "GitHub",
    "Twitter",
    "Medium",
    "StackOverflow",
    "YouTube",
    "CodePen",
    "Website",
)

GENERIC_CONTACT = Model(
    id="genericContact",
    name="Contact",
    description="A person that the account knows: in an applicant tracking system, a candidate.",
    fields=(
        Field("firstName", Text(), "Given name: everything before the first space of a single-field name."),
        Field("lastName", Text(), "Family name: the rest of a single-field name; absent for one word."),
        Field("email", email(), "The primary e-mail address."),
        Field("phoneNumber", phone(), "The primary phone number."),
        Field("phone", phone(), "The same as phoneNumber, under the name that Morph's client uses."),
        Field(
            "emails",
            ListOf(Struct({"value": email(), "type": Choice(_KINDS), "isPrimary": Boolean()}, ("value",))),
            "Every e-mail address.",
        ),
        Field(
            "phoneNumbers",
            ListOf(Struct({"value": phone(), "type": Choice(_KINDS), "isPrimary": Boolean()}, ("value",))),
            "Every phone number.",
        ),
        Field(
            "links",
            ListOf(Struct({"type": Choice(_LINK_TYPES), "url": url()}, ("type", "url")), 20),
            "Profiles and sites. Writing replaces all of them.",
        ),
        Field("company", Text(), "Where the person works."),
        Field("title", Text(), "What the person does there."),
        Field("location", Text(500), "Where the person lives, from the largest region to the smallest."),
        Field("tags", ListOf(Text()), "Labels of the account's own."),
        Field("source", Text(), "How the person came to the account."),
        Field("resume", Struct({"id": Text(), "name": Text()}, ("id",)), "The latest résumé, as a file."),
    ),
)

GENERIC_USER = Model(
    id="genericUser",
    name="User",
    description="A member of the account's organisation.",
    fields=(
        Field("firstName", Text(), "Given name."),
        Field("lastName", Text(), "Family name."),
        Field("email", email(), "The address by which the member signs in."),
        Field("role", Text(), "What the member may do, in the account's own words."),
        Field("isActive", Boolean(), "Whether the member may still sign in."),
    ),
)

GENERIC_WORKSPACE = Model(
    id="genericWorkspace",
    name="Workspace",
    description="The organisation whose account is connected.",
    fields=(Field("name", Text(), "What the organisation calls itself."),),
)
