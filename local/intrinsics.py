"""Reads CloudFormation YAML and resolves its intrinsic functions. Pure: no I/O, no AWS.

An intrinsic that is not handled here is a `TemplateError`, never passed through as data.
Rules: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import yaml

from local.errors import TemplateError

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

# The tag !X is short for Fn::X, but for these two.
_BARE_TAGS = {"Ref", "Condition"}
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class _NoValue(str):
    """What ``!Ref AWS::NoValue`` gives: whatever holds it is left out."""

    __slots__ = ()


_NO_VALUE = _NoValue()


@dataclass(frozen=True, slots=True)
class Reference:
    """What the rest of a template can see of a resource: ``!Ref`` gives `ref`, ``!GetAtt`` an attribute."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


Lookup: TypeAlias = Callable[[str], Reference]


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: its tags are known, dates stay text, a repeated key is an error."""


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Value:
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        value: Value = list[Value](text.split(".", 1)) if suffix == "GetAtt" else text
    elif isinstance(node, yaml.SequenceNode):
        value = cast("Value", loader.construct_sequence(node, deep=True))
    else:
        value = cast("Value", loader.construct_mapping(cast("yaml.MappingNode", node), deep=True))
    return {suffix if suffix in _BARE_TAGS else f"Fn::{suffix}": value}


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Value]:
    construct = cast("Callable[..., object]", loader.construct_object)  # pyright: ignore[reportUnknownMemberType] - no types
    mapping: dict[str, Value] = {}
    for key_node, value_node in node.value:
        key = str(construct(key_node, deep=True))
        if key in mapping:
            raise TemplateError(f"{key_node.start_mark}: the key {key!r} is given twice")
        mapping[key] = cast("Value", construct(value_node, deep=True))
    return mapping


_Loader.add_multi_constructor("!", _construct_tag)  # pyright: ignore[reportUnknownMemberType] - no types
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(cast("yaml.ScalarNode", node))
)


def parse(text: str) -> dict[str, Value]:
    """Read a template, every short tag written out (``!Sub`` becomes ``Fn::Sub``)."""
    try:
        document: object = yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader with more tags)
    except yaml.YAMLError as error:
        raise TemplateError(f"the template is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise TemplateError("the template is not a mapping")
    return cast("dict[str, Value]", document)


def as_mapping(value: Value, where: str) -> dict[str, Value]:
    """Give `value` if it is a mapping (absent counts as empty), else raise a `TemplateError` naming `where`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TemplateError(f"{where} must be a mapping, not {value!r}")
    return value


def as_list(value: Value, where: str) -> list[Value]:
    """Give `value` if it is a list (absent counts as empty), else raise a `TemplateError` naming `where`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TemplateError(f"{where} must be a list, not {value!r}")
    return value


def as_text(value: Value, where: str) -> str:
    """Write a scalar as CloudFormation does into text: ``true`` in lower case, numbers as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TemplateError(f"{where} must be text, not {value!r}")


@dataclass(frozen=True, slots=True)
class Resolver:
    """Turns template values into plain ones.

    `values` holds what ``!Ref`` gives for parameters and pseudo parameters; every other name is asked of
    `lookup`, which knows the resources and raises `TemplateError` for one it does not know.
    """

    values: Mapping[str, Value]
    conditions: Mapping[str, Value]
    mappings: Mapping[str, Value]
    lookup: Lookup

    def resolve(self, value: Value, where: str) -> Value:
        """Resolve every intrinsic in `value`; parts set to ``AWS::NoValue`` are left out. `where` is for messages."""
        resolved = self._resolve(value, where)
        return None if isinstance(resolved, _NoValue) else resolved

    def holds(self, condition: str) -> bool:
        """Say whether the template's condition of this name is true."""
        if condition not in self.conditions:
            raise TemplateError(f"there is no condition {condition!r}")
        return self._boolean(self.conditions[condition], f"condition {condition}")

    def _resolve(self, value: Value, where: str) -> Value:
        if isinstance(value, list):
            items = [self._resolve(item, f"{where}[{index}]") for index, item in enumerate(value)]
            return [item for item in items if not isinstance(item, _NoValue)]
        if not isinstance(value, dict):
            return value
        name = next(iter(value), "")
        if len(value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._call(name, value[name], where)
        parts = {key: self._resolve(part, f"{where}.{key}") for key, part in value.items()}
        return {key: part for key, part in parts.items() if not isinstance(part, _NoValue)}

    def _call(self, name: str, argument: Value, where: str) -> Value:
        methods: dict[str, Callable[[Value, str], Value]] = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": self._base64,
            "Fn::Equals": self._boolean_call("Fn::Equals"),
            "Fn::And": self._boolean_call("Fn::And"),
            "Fn::Or": self._boolean_call("Fn::Or"),
            "Fn::Not": self._boolean_call("Fn::Not"),
        }
        if name not in methods:
            raise TemplateError(f"{where}: the local runner does not know {name}")
        return methods[name](argument, where)

    def _ref(self, argument: Value, where: str) -> Value:
        name = as_text(argument, f"{where}: Ref")
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.values:
            return self.values[name]
        if name.startswith("AWS::"):
            raise TemplateError(f"{where}: there is no pseudo parameter {name}")
        return self.lookup(name).ref

    def _get_att(self, argument: Value, where: str) -> Value:
        parts: Sequence[Value] = argument.split(".", 1) if isinstance(argument, str) else as_list(argument, where)
        if len(parts) != 2:
            raise TemplateError(f"{where}: GetAtt takes a resource and an attribute, not {argument!r}")
        name, attribute = as_text(parts[0], where), as_text(self._resolve(parts[1], where), where)
        attributes = self.lookup(name).attributes
        if attribute not in attributes:
            known = ", ".join(sorted(attributes)) or "none"
            raise TemplateError(f"{where}: {name} has no attribute {attribute} here (known: {known})")
        return attributes[attribute]

    def _sub(self, argument: Value, where: str) -> Value:
        text, variables = argument, dict[str, Value]()
        if isinstance(argument, list):
            if len(argument) != 2:
                raise TemplateError(f"{where}: Sub takes a text and a mapping")
            text = argument[0]
            variables = as_mapping(argument[1], f"{where}: Sub")

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):  # ${!Literal} is how a template writes ${Literal}
                return f"${{{name[1:]}}}"
            if name in variables:
                value = self._resolve(variables[name], where)
            elif "." in name:
                value = self._get_att(name, where)
            else:
                value = self._ref(name, where)
            return as_text(value, f"{where}: ${{{name}}}")

        return _PLACEHOLDER.sub(replace, as_text(text, f"{where}: Sub"))

    def _if(self, argument: Value, where: str) -> Value:
        parts = as_list(argument, f"{where}: If")
        if len(parts) != 3:
            raise TemplateError(f"{where}: If takes a condition and two values")
        chosen = parts[1] if self.holds(as_text(parts[0], where)) else parts[2]
        return self._resolve(chosen, where)

    def _join(self, argument: Value, where: str) -> Value:
        delimiter, items = self._pair(argument, f"{where}: Join")
        return as_text(delimiter, where).join(as_text(item, where) for item in as_list(items, where))

    def _split(self, argument: Value, where: str) -> Value:
        delimiter, text = self._pair(argument, f"{where}: Split")
        return list[Value](as_text(text, where).split(as_text(delimiter, where)))

    def _select(self, argument: Value, where: str) -> Value:
        index, items = self._pair(argument, f"{where}: Select")
        choices = as_list(items, where)
        position = int(as_text(index, where))
        if not 0 <= position < len(choices):
            raise TemplateError(f"{where}: Select wants item {position} of {len(choices)}")
        return choices[position]

    def _find_in_map(self, argument: Value, where: str) -> Value:
        names = [as_text(self._resolve(part, where), where) for part in as_list(argument, where)]
        value: Value = dict(self.mappings)
        for name in names:
            value = as_mapping(value, where).get(name)
        if len(names) != 3 or value is None:
            raise TemplateError(f"{where}: FindInMap finds nothing at {'.'.join(names)}")
        return value

    def _base64(self, argument: Value, where: str) -> Value:
        return base64.b64encode(as_text(self._resolve(argument, where), where).encode()).decode()

    def _pair(self, argument: Value, where: str) -> tuple[Value, Value]:
        parts = as_list(argument, where)
        if len(parts) != 2:
            raise TemplateError(f"{where} takes two arguments")
        return self._resolve(parts[0], where), self._resolve(parts[1], where)

    def _boolean_call(self, name: str) -> Callable[[Value, str], Value]:
        return lambda argument, where: self._boolean({name: argument}, where)

    def _boolean(self, value: Value, where: str) -> bool:
        if not isinstance(value, dict) or len(value) != 1:
            raise TemplateError(f"{where}: {value!r} is not a condition")
        name, argument = next(iter(value.items()))
        if name == "Condition":
            return self.holds(as_text(argument, where))
        parts = as_list(argument, where)
        if name == "Fn::Equals":
            left, right = self._pair(argument, f"{where}: Equals")
            return as_text(left, where) == as_text(right, where)
        if name == "Fn::Not" and len(parts) == 1:
            return not self._boolean(parts[0], where)
        if name in {"Fn::And", "Fn::Or"} and len(parts) >= 2:
            results = [self._boolean(part, where) for part in parts]
            return all(results) if name == "Fn::And" else any(results)
        raise TemplateError(f"{where}: {name} cannot be used as a condition like this")
