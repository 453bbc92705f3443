"""The provider of a port: it accepts only an object that has every method of the port."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from dependency_injector.providers import Object, OverridingContext, Provider, deepcopy

from ticket_export.errors import ConfigurationError

T = TypeVar("T")


class PortProvider(Provider[T]):
    """Provides the object of `default`, until a host overrides it.

    An object that lacks a method of `port` raises a `ConfigurationError`: at `override`, or at the first call where
    the object does not exist earlier.
    """

    def __init__(self, port: type[object], default: Provider[T]) -> None:
        super().__init__()
        self._port = port
        self._default = default
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __deepcopy__(self, memo: dict[Any, Any] | None) -> PortProvider[T]:
        memo = {} if memo is None else memo
        if id(self) not in memo:
            memo[id(self)] = copied = PortProvider(self._port, deepcopy(self._default, memo))
            copied._name = self._name
            self._copy_overridings(copied, memo)
        found: PortProvider[T] = memo[id(self)]
        return found

    @property
    def related(self) -> Iterator[Provider[Any]]:
        """The providers that this one may call."""
        yield self._default
        yield from super().related

    def override(self, provider: Any) -> OverridingContext[Any]:
        """Provide `provider`, or the object that it provides; a ``with`` block ends that.

        Raises:
            ConfigurationError: the object is known to lack a method of the port.
        """
        if not isinstance(provider, Provider):
            provider = Object(provider)
        provides = getattr(provider, "provides", None)
        if isinstance(provider, Object):
            self._check(provides)
        elif isinstance(provides, type):
            # Python would refuse to make it, but only later, and with an error that does not name the provider.
            self._require(getattr(provides, "__abstractmethods__", ()), provides)
        return super().override(provider)

    def __call__(self, *args: Any, **kwargs: Any) -> T:  # type: ignore[override]  # no port has an asynchronous adapter
        """Return the object.

        Raises:
            ConfigurationError: it lacks a method of the port.
        """
        provided: T = super().__call__(*args, **kwargs)
        if self._port not in type(provided).__mro__:
            self._check(provided)
        return provided

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        return self._default(*args, **kwargs)

    def _check(self, provided: object) -> None:
        # A class may inherit no port. Properties are not evaluated: some raise outside of a ``with`` block.
        names = getattr(self._port, "__abstractmethods__", ()) or {n for n in dir(self._port) if not n.startswith("_")}
        missing = [name for name in names if not hasattr(type(provided), name) and not hasattr(provided, name)]
        self._require(missing, type(provided))

    def _require(self, missing: Collection[str], adapter: type) -> None:
        if missing:
            raise ConfigurationError(
                f"container.{self._name}: {adapter.__name__} cannot be used as {self._port.__name__}, because it does "
                f"not define {', '.join(sorted(missing))}; add what is missing, or inherit from a complete adapter"
            )
