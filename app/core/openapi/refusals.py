"""Which errors a route may answer with, read from the code it runs: what is raised below it and not caught.

Followed are functions of ours by name, methods where the class of a value is written down (a parameter's
annotation, what a function says it returns), and every class that has the functions of a protocol. What a
docstring says after `Raises` counts as raised too: it speaks for what no reader of code can follow.
"""

import ast
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.core.errors import DomainError

Errors = frozenset[type[DomainError]]
NONE: Errors = frozenset()
OURS = "app."
_RAISES = re.compile(r"Raises ([^.]+)")
_CLASS_NAME = re.compile(r"\b[A-Z][A-Za-z]+\b")


@functools.cache
def raised_by(function: types.FunctionType) -> Errors:
    """The errors that leave a function. A function that is being read already adds nothing to itself."""
    if function in _being_read or not _is_ours(function):
        return NONE
    node = _nodes(function.__module__).get(function.__qualname__)
    if node is None:
        return NONE
    _being_read.add(function)
    try:
        return _Reading(function, node).errors()
    finally:
        _being_read.discard(function)


_being_read: set[types.FunctionType] = set()


def _is_ours(function: object) -> bool:
    return isinstance(function, types.FunctionType) and function.__module__.startswith(OURS)


Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@functools.cache
def _nodes(module: str) -> dict[str, Node]:
    """Every function of a module by its qualified name."""
    found: dict[str, Node] = {}

    def walk(statements: list[ast.stmt], prefix: str) -> None:
        for statement in statements:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{prefix}{statement.name}"] = statement
                walk(statement.body, f"{prefix}{statement.name}.<locals>.")
            elif isinstance(statement, ast.ClassDef):
                walk(statement.body, f"{prefix}{statement.name}.")

    walk(ast.parse(inspect.getsource(sys.modules[module])).body, "")
    return found


class _Reading:
    """One function: its names, the classes of its variables, and what its statements raise."""

    def __init__(self, function: types.FunctionType, node: Node) -> None:
        self._function = function
        self._node = node
        self._classes = dict(_annotated(function))
        owner = _owner(function)
        if owner is not None and function.__code__.co_argcount:
            self._classes[function.__code__.co_varnames[0]] = owner
        self._closure = _closure(function)

    def errors(self) -> Errors:
        body = [self._node.body] if isinstance(self._node, ast.Lambda) else self._node.body
        keyword_defaults = (self._function.__kwdefaults__ or {}).values()
        defaults = self._of_value([*(self._function.__defaults__ or ()), *keyword_defaults])
        return self._below(body) | self._promised() | defaults

    def _promised(self) -> Errors:
        """What the docstring says is raised, by the names it has where it is written, or anywhere."""
        words = _RAISES.search(inspect.getdoc(self._function) or "")
        named = set(_CLASS_NAME.findall(words[1])) if words else set()
        here = [self._function.__globals__.get(name) for name in named]
        found = {error for error in here if isinstance(error, type) and issubclass(error, DomainError)}
        absent = named - {error.__name__ for error in found}
        return frozenset(found | {error for error in all_errors() if error.__name__ in absent})

    def _below(self, nodes: Iterable[ast.AST]) -> Errors:
        return NONE.union(*(self._of(node) for node in nodes))

    def _of(self, node: ast.AST) -> Errors:
        match node:
            case ast.Try():
                return self._of_try(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._remember(name, value)
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass")):
                return self._of(node.args[0])
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                own = self._of_value(self._value(node))
                return own if isinstance(node, ast.Name) else own | self._of(node.value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._below(node.body)
        return self._below(ast.iter_child_nodes(node))

    def _of_try(self, node: ast.Try) -> Errors:
        leaving = self._below(node.body)
        for handler in node.handlers:
            caught = tuple(self._caught(handler.type))
            raises_again = any(
                isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(handler)
            )
            if caught and not raises_again:
                leaving = frozenset(error for error in leaving if not issubclass(error, caught))
            leaving |= self._below(handler.body)
        return leaving | self._below(node.orelse) | self._below(node.finalbody)

    def _caught(self, named: ast.expr | None) -> Iterator[type]:
        parts: list[ast.expr | None] = [*named.elts] if isinstance(named, ast.Tuple) else [named]
        for part in parts:
            value = self._value(part) if part is not None else Exception
            if isinstance(value, type):
                yield value

    def _of_value(self, value: object) -> Errors:
        if isinstance(value, property):
            value = value.fget
        if isinstance(value, type):
            return frozenset({value}) if issubclass(value, DomainError) else NONE
        if isinstance(value, dict | tuple | list | frozenset):
            members = value.values() if isinstance(value, dict) else value
            plain_members = (m for m in members if not isinstance(m, dict | tuple | list | frozenset))
            return NONE.union(*(self._of_value(member) for member in plain_members))
        if isinstance(value, DomainError):
            return frozenset({type(value)})
        plain = inspect.unwrap(getattr(value, "__func__", value))  # type: ignore[arg-type]
        if isinstance(plain, functools.partial):
            plain = plain.func
        if not isinstance(plain, types.FunctionType):
            return NONE
        return raised_by(plain).union(*(raised_by(other) for other in _overriding(plain)))

    def _remember(self, name: str, value: ast.expr) -> None:
        """The class of `name = f(...)`, where f is a class or says what it returns."""
        called = value.value if isinstance(value, ast.Await) else value
        if not isinstance(called, ast.Call):
            return
        maker = self._value(called.func)
        made = maker if isinstance(maker, type) else _returned(maker)
        if made is not None:
            self._classes[name] = made

    def _value(self, node: ast.AST) -> object:
        """What a name or a chain of attributes stands for; None where that is not known."""
        match node:
            case ast.Name(id=name):
                if name in self._closure:
                    return self._closure[name]
                return self._function.__globals__.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in self._classes:
                return inspect.getattr_static(self._classes[name], attribute, None)
            case ast.Attribute(value=inner, attr=attribute):
                holder = self._value(inner)
                return getattr(holder, attribute, None) if holder is not None else None
            case ast.Call(func=func):
                maker = self._value(func)
                return maker if isinstance(maker, type) else _returned(maker)
        return None


@functools.cache
def all_errors() -> Errors:
    def below(parent: type[DomainError]) -> Iterator[type[DomainError]]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    return frozenset(below(DomainError))


def _annotated(function: types.FunctionType) -> Iterator[tuple[str, type]]:
    for name, annotation in function.__annotations__.items():
        plain = _class_of(annotation)
        if plain is not None:
            yield name, plain


def _class_of(annotation: object) -> type | None:
    """The class of ours behind an annotation, be it annotated, optional or neither."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _class_of(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        found = [_class_of(part) for part in typing.get_args(annotation)]
        return next((part for part in found if part is not None), None)
    origin = typing.get_origin(annotation) or annotation
    return origin if isinstance(origin, type) and origin.__module__.startswith(OURS) else None


def _returned(maker: object) -> type | None:
    plain = getattr(maker, "__func__", maker)
    return _class_of(getattr(plain, "__annotations__", {}).get("return"))


def _owner(function: types.FunctionType) -> type | None:
    """The class a method is written in."""
    holder: Any = sys.modules[function.__module__]
    path = function.__qualname__.split(".")[:-1]
    if not path or "<locals>" in path:
        return None
    for step in path:
        holder = getattr(holder, step, None)
    return holder if isinstance(holder, type) else None


@functools.cache
def _below_class(parent: type) -> tuple[type, ...]:
    """The classes that inherit from this one, or for a protocol those that have all its functions."""
    if getattr(parent, "_is_protocol", False):
        wanted = {name for name, member in vars(parent).items() if isinstance(member, types.FunctionType)}
        wanted = {name for name in wanted if not name.startswith("_")}
        return tuple(other for other in _classes() if other is not parent and wanted <= set(vars(other)))
    children = parent.__subclasses__()
    return (*children, *(grandchild for child in children for grandchild in _below_class(child)))


@functools.cache
def _classes() -> tuple[type, ...]:
    return tuple(
        member
        for name, module in list(sys.modules.items())
        if name.startswith(OURS)
        for member in vars(module).values()
        if isinstance(member, type) and member.__module__ == name
    )


def _overriding(method: types.FunctionType) -> Iterator[types.FunctionType]:
    """The same method in the classes below the one it is written in."""
    owner = _owner(method)
    for child in _below_class(owner) if owner is not None else ():
        other = child.__dict__.get(method.__name__)
        if isinstance(other, types.FunctionType):
            yield other


def _closure(function: types.FunctionType) -> dict[str, object]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


def raised_by_all(functions: Iterable[Callable[..., Any]]) -> Errors:
    """What leaves any of a route's own function and what it depends on."""
    plain = (getattr(function, "__func__", function) for function in functions)
    return NONE.union(*(raised_by(f) for f in plain if isinstance(f, types.FunctionType)))
