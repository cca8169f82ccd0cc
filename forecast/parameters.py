"""scikit-learn's constructor contract, without importing scikit-learn."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import fields, is_dataclass, replace
from typing import Any, Self

__all__ = ["Parameters"]


class Parameters:
    """Arguments are stored as given; `get_params`, `set_params` and `clone` work on them.

    A frozen dataclass among the arguments is reached as `name__field`, as in
    `set_params(training__num_steps=5)`.
    """

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls).parameters]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments.

        Args:
            deep: also list the fields of dataclass arguments as `name__field`.
        """
        params = {name: getattr(self, name) for name in self._names()}
        if deep:
            for name, value in list(params.items()):
                if is_dataclass(value):
                    params |= {f"{name}__{f.name}": getattr(value, f.name) for f in fields(value)}
        return params

    def set_params(self, **params: Any) -> Self:
        """Change arguments by name.

        Raises:
            ValueError: for a name that the constructor does not know; nothing is changed then.
        """
        self._refuse_unknown(params)
        merged = self._merged(params)
        type(self)(**merged)  # the constructor's checks, before anything changes
        for name, value in merged.items():
            setattr(self, name, value)
        return self

    def _refuse_unknown(self, params: dict[str, Any]) -> None:
        known = self.get_params()
        for name in params:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                outer, inside, _ = name.partition("__")
                beside = [one for one in known if inside and one.startswith(outer + inside)]
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has "
                    f"{', '.join(sorted(beside or self._names()))}.{hint}"
                )

    def _merged(self, params: dict[str, Any]) -> dict[str, Any]:
        """The constructor's arguments once `params` are changed."""
        merged = self.get_params(deep=False)
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            merged[outer] = replace(merged[outer], **{inner: value}) if inner else value
        return merged

    def clone(self) -> Self:
        """An unfitted forecaster with the same arguments."""
        return type(self)(**self.get_params(deep=False))

    def __repr__(self) -> str:
        """The call that makes this object, default arguments left out."""
        defaults = inspect.signature(type(self)).parameters
        given = [
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"
