"""What can be defined: a setting with the type and bounds of its value, and a flag."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, TypeAdapter

Value = TypeVar("Value")


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """`default` holds until somebody says otherwise; a value outside of the bounds is refused."""

    key: str
    default: Value
    title: str
    adapter: TypeAdapter[Value] = field(repr=False)

    def read(self, stored: Any) -> Value:
        """The value behind its JSON. Raises pydantic.ValidationError."""
        return self.adapter.validate_json(json.dumps(stored), strict=True)

    def write(self, value: Value) -> Any:
        return self.adapter.dump_python(value, mode="json")

    def json_schema(self) -> dict[str, Any]:
        return self.adapter.json_schema()


def setting(
    key: str, default: Value, title: str, *, at_least: Value | None = None, at_most: Value | None = None
) -> Setting[Value]:
    """Define a setting; its type is that of its default. Durations travel as ISO 8601."""
    kind: Any = type(default)
    adapter: TypeAdapter[Value] = TypeAdapter(Annotated[kind, Field(**_bounds(at_least, at_most))])
    return Setting(key, default, title, adapter)


def _bounds(at_least: Any, at_most: Any) -> dict[str, Any]:
    return {name: bound for name, bound in (("ge", at_least), ("le", at_most)) if bound is not None}


@dataclass(frozen=True)
class Flag:
    """A switch in the code. What turns it for whom is said by administrators; the default is `default`."""

    key: str
    default: bool
    title: str
