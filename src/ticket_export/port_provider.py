"""The providers of a container's parts: each accepts only an object that can do the part's work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, Protocol, TypeVar

from dependency_injector.providers import Object, OverridingContext, Provider, deepcopy

from ticket_export.errors import ConfigurationError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Provides(Protocol[T_co]):
    """Any provider of dependency-injector that provides such an object."""

    def __call__(self, *args: Any, **kwargs: Any) -> T_co:
        """Return the object."""
        ...

    def reset_override(self) -> None:
        """Return to the provider's own object."""
        ...


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
            memo[id(self)] = copied = self._copy(deepcopy(self._default, memo))
            copied._name = self._name  # noqa: SLF001 - of this class
            self._copy_overridings(copied, memo)
        found: PortProvider[T] = memo[id(self)]
        return found

    def _copy(self, default: Provider[T]) -> PortProvider[T]:
        return PortProvider(self._port, default)

    @property
    def related(self) -> Iterator[Provider[Any]]:
        """The providers that this one may call."""
        yield self._default
        yield from super().related

    def override(self, provider: T | Provides[T]) -> OverridingContext[Any]:
        """Provide `provider`, or the object that it provides; a ``with`` block ends that.

        Raises:
            ConfigurationError: the object is known to lack a method of the port.
        """
        given: Any = provider if isinstance(provider, Provider) else Object(provider)
        provides = getattr(given, "provides", None)
        if isinstance(given, Object):
            self._check(provides)
        elif isinstance(provides, type):
            # Python would refuse to make it, but only later, and with an error that does not name the provider.
            self._require(getattr(provides, "__abstractmethods__", ()), provides)
        return super().override(given)

    def __call__(self, *args: Any, **kwargs: Any) -> T:  # type: ignore[override]  # no part is asynchronous
        """Return the object.

        Raises:
            ConfigurationError: it lacks a method of the port.
        """
        provided: T = super().__call__(*args, **kwargs)
        self._check(provided)
        return provided

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        return self._default(*args, **kwargs)

    def _check(self, provided: object) -> None:
        if self._port in type(provided).__mro__:
            return
        if isinstance(provided, type):
            raise ConfigurationError(
                f"container.{self._name}: the class {provided.__name__} is given where an object is needed; make one, "
                f"{provided.__name__}(…), or let the container make it: providers.Factory({provided.__name__}, …)"
            )
        # A class may inherit no port, and then lacks what the port itself defines too. Properties are not evaluated:
        # some raise outside of a ``with`` block.
        public = {name for name in dir(self._port) if not name.startswith("_")}
        names = public | getattr(self._port, "__abstractmethods__", set())
        missing = [name for name in names if not hasattr(type(provided), name) and not hasattr(provided, name)]
        self._require(missing, type(provided))

    def _require(self, missing: Collection[str], adapter: type) -> None:
        if missing:
            raise ConfigurationError(
                f"container.{self._name}: {adapter.__name__} cannot be used as {self._port.__name__}, because it does "
                f"not define {', '.join(sorted(missing))}; add what is missing, or inherit from a complete adapter"
            )


class PartProvider(PortProvider[T], Generic[T]):
    """The provider of a part that has no port: it accepts only an instance of the class `kind`.

    `refusal` returns what to do instead if an object cannot be used, as the end of a sentence; else None.
    """

    def __init__(
        self, kind: type[T], default: Provider[T], refusal: Callable[[Any], str | None] = lambda _given: None
    ) -> None:
        super().__init__(kind, default)
        self._refusal = refusal

    def _copy(self, default: Provider[T]) -> PortProvider[T]:
        kind: type[Any] = self._port
        return PartProvider(kind, default, self._refusal)

    def _check(self, provided: object) -> None:
        advice = self._refusal(provided)
        if advice is None and isinstance(provided, self._port):
            return
        given = f"the class {provided.__name__}" if isinstance(provided, type) else type(provided).__name__
        raise ConfigurationError(
            f"container.{self._name}: {given} cannot be used as {self._port.__name__}; "
            + (
                advice
                or f"give an object of that class, or a provider of one: providers.Factory({self._port.__name__}, …)"
            )
        )
