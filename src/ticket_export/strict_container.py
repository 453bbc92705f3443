"""A container that refuses the names that it does not know. dependency-injector would ignore some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dependency_injector.containers import DeclarativeContainer, DynamicContainer, ProvidersOverridingContext
from dependency_injector.providers import Provider

from ticket_export.application.safe_text import did_you_mean
from ticket_export.errors import ConfigurationError


def _require_known(names: Iterable[str], known: Collection[str]) -> None:
    problems = [
        f"{name!a} is not a provider of the container; {did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]
    if problems:
        raise ConfigurationError("; ".join(problems))


class _Instance(DynamicContainer):
    """What the call of a declared container returns."""

    def override_providers(self, **parts: Any) -> ProvidersOverridingContext[Any]:
        _require_known(parts, self.providers)
        return super().override_providers(**parts)

    def __setattr__(self, name: str, value: Any) -> None:
        # While the container is made, it has no such provider yet.
        if name in self.__dict__.get("providers", ()):
            _refuse_replacement(name)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"{name!a} is not a provider of the container; {did_you_mean(name, self.__dict__.get('providers', ()))}",
            name=name,
            obj=self,
        )


def _refuse_replacement(name: str) -> NoReturn:
    raise ConfigurationError(
        f"container.{name} cannot be replaced, because other providers keep the old one; "
        f"use container.{name}.override(…)"
    )


class StrictContainer(DeclarativeContainer):
    """A declared container; it, and its instances, take only parts that it declares."""

    instance_type = _Instance

    if TYPE_CHECKING:
        # The stubs of dependency-injector allow any name, as a provider of Any.
        __getattr__: None  # type: ignore[assignment, misc]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        inherited = {name for base in cls.__bases__ for name in getattr(base, "providers", ())}
        for name, value in vars(cls).items():
            if name in inherited and isinstance(value, Provider):
                _refuse_replacement(name)

    def __new__(cls, **parts: Any) -> Self:  # noqa: D102 - the class says it
        _require_known(parts, cls.providers)
        return super().__new__(cls, **parts)

    @classmethod
    def override_providers(cls, **parts: Any) -> ProvidersOverridingContext[Any]:
        """Override providers of the class by their names; a ``with`` block ends that.

        Raises:
            ConfigurationError: there is no such provider.
        """
        _require_known(parts, cls.providers)
        return super().override_providers(**parts)
