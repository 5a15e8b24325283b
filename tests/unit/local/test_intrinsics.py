"""CloudFormation YAML and its intrinsic functions."""

import pytest

from local.errors import TemplateError
from local.intrinsics import Reference, Resolver, Value, parse

RESOURCES = {"Table": Reference("table-1", {"Arn": "arn:table-1", "Stream.Arn": "arn:stream"})}


def lookup(name: str) -> Reference:
    """Know one resource."""
    if name not in RESOURCES:
        raise TemplateError(f"no {name}")
    return RESOURCES[name]


def resolve(yaml_text: str, conditions: str = "{}", **values: Value) -> Value:
    """Resolve one YAML value with these parameters."""
    resolver = Resolver(
        values={"AWS::Region": "eu-west-1", **values},
        conditions=parse(conditions),
        mappings=parse("Zones: {eu-west-1: {Name: ireland}}"),
        lookup=lookup,
    )
    return resolver.resolve(parse(f"It: {yaml_text}")["It"], "It")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Table", "table-1"),
        ("{Ref: Table}", "table-1"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Names", ["a", "b"]),
        ("!GetAtt Table.Arn", "arn:table-1"),
        ("!GetAtt Table.Stream.Arn", "arn:stream"),
        ("{Fn::GetAtt: [Table, Arn]}", "arn:table-1"),
        ("!Sub '${Table}/${Table.Arn}/${AWS::Region}/${Count}/${Flag}'", "table-1/arn:table-1/eu-west-1/3/true"),
        ("!Sub 'arn:${!Literal}'", "arn:${Literal}"),
        ("!Sub ['${a}-${Table}', {a: !Ref Count}]", "3-table-1"),
        ("!Join [',', !Ref Names]", "a,b"),
        ("!Join ['', [x, !Ref Count]]", "x3"),
        ("!Select [1, !Ref Names]", "b"),
        ("!Select ['0', !Split ['/', 'x/y']]", "x"),
        ("!Split [',', 'p,q']", ["p", "q"]),
        ("!FindInMap [Zones, !Ref AWS::Region, Name]", "ireland"),
        ("!Base64 hi", "aGk="),
        ("{a: {b: !Ref Table}, c: [1, !Ref Count]}", {"a": {"b": "table-1"}, "c": [1, 3]}),
        ("2010-09-09", "2010-09-09"),
    ],
)
def test_resolves(text: str, expected: Value) -> None:
    """Short and long forms, nested in any way."""
    assert resolve(text, Names=["a", "b"], Count=3, Flag=True) == expected


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("!Equals [!Ref Stage, production]", "yes"),
        ("!Equals [!Ref Count, '3']", "yes"),
        ("!Not [!Equals [!Ref Stage, production]]", "no"),
        ("!And [!Condition IsReal, !Equals [a, b]]", "no"),
        ("!Or [!Equals [a, b], {Condition: IsReal}]", "yes"),
    ],
)
def test_if_follows_its_condition(condition: str, chosen: str) -> None:
    """Conditions combine, name each other and compare as text."""
    conditions = f"{{IsReal: !Equals [a, a], It: {condition}}}"
    assert (
        resolve(
            "!If [It, yes, no]".replace("yes", "'yes'").replace("no]", "'no']"), conditions, Stage="production", Count=3
        )
        == chosen
    )


def test_if_does_not_look_at_the_other_branch() -> None:
    """It may refer to what does not exist here."""
    assert resolve("!If [It, here, !Ref Missing]", "{It: !Equals [a, a]}") == "here"


def test_no_value_removes_what_holds_it() -> None:
    """A key, a list item, or the whole value."""
    text = "{a: !Ref AWS::NoValue, b: [1, !If [It, x, !Ref AWS::NoValue]], c: 2}"
    assert resolve(text, "{It: !Equals [a, b]}") == {"b": [1], "c": 2}
    assert resolve("!Ref AWS::NoValue") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("!ImportValue other", "Fn::ImportValue"),
        ("{Fn::Transform: {Name: x}}", "Fn::Transform"),
        ("!Ref Missing", "no Missing"),
        ("!Ref AWS::Unknown", "AWS::Unknown"),
        ("!GetAtt Table.Nothing", "no attribute Nothing"),
        ("!Sub '${Missing}'", "no Missing"),
        ("!Sub '${Names}'", "must be text"),
        ("!Select [9, [a]]", "item 9 of 1"),
        ("!FindInMap [Zones, nowhere, Name]", "finds nothing"),
        ("!If [Missing, a, b]", "no condition 'Missing'"),
        ("!Join [',']", "two arguments"),
    ],
)
def test_what_it_cannot_resolve_is_an_error_that_says_where(text: str, told: str) -> None:
    """Nothing is passed through as if it were data."""
    with pytest.raises(TemplateError, match=told) as raised:
        resolve(text, Names=["a", "b"])
    assert "It" in str(raised.value) or "Missing" in str(raised.value)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "[1, 2]", "a: [", ""])
def test_what_is_no_template_is_an_error(text: str) -> None:
    """YAML itself would let the second of two equal keys win silently."""
    with pytest.raises(TemplateError):
        parse(text)
