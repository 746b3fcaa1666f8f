"""Types of gateways by their names, each loaded when it is asked for: a command needs those in use, of dozens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")


class LateTypes(MutableMapping[str, T]):
    """Name → type. Names, their number and whether there is one load nothing."""

    def __init__(self, loaders: Mapping[str, Callable[[], T]]):
        self._loaders = dict(loaders)
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            # Of two threads that load one both get the same: what has been built of a type is compared by it.
            self._loaded.setdefault(name, self._loaders[name]())
        return self._loaded[name]

    def __setitem__(self, name: str, kind: T) -> None:
        self._loaders[name] = lambda: kind
        self._loaded[name] = kind

    def __delitem__(self, name: str) -> None:
        del self._loaders[name]
        self._loaded.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)

    def without(self, names: Collection[str]) -> LateTypes[T]:
        """All the others."""
        return LateTypes({name: partial(self.__getitem__, name) for name in self if name not in names})


def coded(package: str, classes: Mapping[str, str]) -> dict[str, Callable[[], Any]]:
    """The loaders of types that are classes: ``classes`` has ``module:Class`` of the package by the type's name."""
    return {name: partial(_class_of, package, *place.split(":")) for name, place in classes.items()}


def _class_of(package: str, module: str, name: str) -> Any:
    return getattr(import_module(f"{package}.{module}"), name)
