"""The layers of a window network, on arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from forecast.models.compiled import compiled, tensor
from forecast.models.windowed.view import WindowInputs

__all__ = ["Shape", "SizedNetwork", "WindowBody", "WindowForm", "WindowNetwork"]

Shape = tuple[int | None, ...]

# Forms whose programs are kept.
_MOST_PROGRAMS = 16
# Steps read at once: bounds the memory of many windows.
_MOST_STEPS = 400_000


class WindowNetwork(keras.layers.Layer, ABC):
    """Layers that read a window and say what the linear forecast will miss.

    A subclass creates its weights in `build` and computes `call`. The first steps must not depend
    on how many are asked for, and corrections should start at zero.
    """

    feeds_back: ClassVar[bool] = False
    """Whether each step is fed what was said of the step before, and so may be fed the truth."""
    attends: bool = False
    """Whether `attention` tells which steps of the window a step ahead looked at."""

    @abstractmethod
    def build(self, features_shape: Shape, ahead_shape: Shape) -> None:
        """Create all weights.

        Args:
            features_shape: `(None, None, num_features)`.
            ahead_shape: `(None, None, num_ahead)`.
        """

    @abstractmethod
    def call(
        self, features: Any, mask: Any, ahead: Any, truth: Any = None, forced: Any = None
    ) -> Any:
        """Corrections of the steps ahead, in the unit of the targets, `(batch, num_steps)`.

        Args:
            features: of the steps read, oldest first, `(batch, context_length, num_features)`.
            mask: False before the series began, `(batch, context_length)`.
            ahead: what is known of the steps ahead, `(batch, num_steps, num_ahead)`.
            truth: what the linear forecast missed at each step, `(batch, num_steps)`; only where
                `feeds_back`, in training.
            forced: which of it is fed to the step after, `(batch, num_steps)`.
        """

    def attention(self, features: Any, mask: Any, ahead: Any) -> Any:
        """Weight of each step read in each step ahead, `(batch, num_steps, context_length)`."""
        raise NotImplementedError(f"{type(self).__name__} does not attend to single steps.")


class WindowForm(Protocol):
    """What a window network is built from: a frozen dataclass of numbers and words."""

    @property
    def num_features(self) -> int:
        """Numbers of each step that is read."""
        ...

    @property
    def num_ahead(self) -> int:
        """Numbers of each step to forecast."""
        ...

    @property
    def num_weights(self) -> int:
        """Numbers in all weights, the size among them, known without building large layers."""
        ...

    def network(self) -> WindowNetwork:
        """New layers, their weights drawn with the form's seed."""
        ...

    def seedless(self) -> Any:
        """The same form with the seed 0: what compiled functions depend on."""
        ...


class SizedNetwork(keras.layers.Layer):
    """`size * network(...)`: what is learned in the unit of the targets, in that of the window.

    The size is the first of its weights, and no gradient moves it.
    """

    def __init__(self, network: WindowNetwork) -> None:
        super().__init__()
        self.network = network
        self.size = self.add_weight(shape=(), initializer="ones", trainable=False, name="size")

    def build(self, features_shape: Shape, ahead_shape: Shape) -> None:
        """See `WindowNetwork`."""
        self.network.build(features_shape, ahead_shape)
        self.built = True

    def call(
        self, features: Any, mask: Any, ahead: Any, truth: Any = None, forced: Any = None
    ) -> Any:
        """See `WindowNetwork`."""
        return self.size * self.network(features, mask, ahead, truth, forced)

    @staticmethod
    def of(form: WindowForm) -> SizedNetwork:
        """The layers of a form, with all weights."""
        layers = SizedNetwork(form.network())
        layers.build((None, None, form.num_features), (None, None, form.num_ahead))
        return layers


class WindowProgram:
    """The layers of one form as pure functions of their weights, for any number of rows and steps.

    Args:
        form: its seed does not matter.
    """

    def __init__(self, form: WindowForm) -> None:
        """Build the layers; functions are compiled when first asked for."""
        self.layers = SizedNetwork.of(form)
        self.weight_shapes = [tuple(weight.shape) for weight in self.layers.weights]
        self._signature = [
            ((None, None, form.num_features), "float32"),
            ((None, None), "bool"),
            ((None, None, form.num_ahead), "float32"),
            *((shape, "float32") for shape in self.weight_shapes),
        ]

    @cached_property
    def corrections(self) -> Any:
        """Corrections of features, mask, ahead and weights."""
        return self._compiled(lambda *inputs: self.layers(*inputs))

    @cached_property
    def attention(self) -> Any:
        """Attention of features, mask, ahead and weights; see `WindowNetwork.attention`."""
        return self._compiled(lambda *inputs: self.layers.network.attention(*inputs))

    def _compiled(self, function: Any) -> Any:
        def run(features: Any, mask: Any, ahead: Any, *weights: Any) -> tuple[Any]:
            mapping = list(zip(self.layers.weights, weights, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return (function(features, mask, ahead),)

        return compiled(run, self._signature)


@lru_cache(maxsize=_MOST_PROGRAMS)
def _program(form: WindowForm) -> WindowProgram:
    return WindowProgram(form)


class WindowBody:
    """The layers of a window network with their weights, called with arrays; it never changes.

    Args:
        form: of the layers.
        weights: all weights in the order of the layers; drawn by the form's seed by default.

    Raises:
        ValueError: if a weight is missing or has another shape.
    """

    def __init__(self, form: Any, weights: Sequence[NDArray] | None = None) -> None:
        """Store both."""
        self.form = form
        drawn = SizedNetwork.of(form).get_weights() if weights is None else weights
        self.weights = tuple(np.asarray(weight, dtype=np.float32) for weight in drawn)
        expected, got = self.program.weight_shapes, [weight.shape for weight in self.weights]
        if got != expected:
            raise ValueError(f"weights of the shapes {expected} are expected; got {got}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle form and weights; what is compiled is found again."""
        return type(self), (self.form, self.weights)

    @property
    def blueprint(self) -> Any:
        """The form, under the name that it has in recurrent networks."""
        return self.form

    @property
    def program(self) -> WindowProgram:
        """The compiled functions, shared with all bodies of this form."""
        return _program(self.form.seedless())

    @cached_property
    def tensors(self) -> list[Any]:
        """The weights as tensors of the backend."""
        return [tensor(weight) for weight in self.weights]

    @property
    def feeds_back(self) -> bool:
        """Whether each step is fed what was said of the step before."""
        return self.program.layers.network.feeds_back

    @property
    def attends(self) -> bool:
        """Whether `attention` can be asked for."""
        return self.program.layers.network.attends

    def with_weights(self, weights: Sequence[NDArray]) -> WindowBody:
        """Layers of the same form with other weights."""
        return WindowBody(self.form, weights)

    def scaled(self, factor: float) -> WindowBody:
        """Layers whose corrections are `factor` times these."""
        size, *others = self.weights
        return self.with_weights([factor * size, *others])

    def trainable(self) -> SizedNetwork:
        """New Keras layers that start with these weights, to be trained."""
        layers = SizedNetwork.of(self.form)
        layers.set_weights(list(self.weights))
        return layers

    def corrections(self, inputs: WindowInputs) -> NDArray:
        """Corrections of the linear forecast in units of the window, `(n, num_steps)`."""
        return self._run(self.program.corrections, inputs).astype(np.float64)

    def attention(self, inputs: WindowInputs) -> NDArray:
        """See `WindowNetwork.attention`."""
        return self._run(self.program.attention, inputs)

    def _run(self, function: Any, inputs: WindowInputs) -> NDArray:
        """A function of all rows, some at a time."""
        rows = max(1, _MOST_STEPS // inputs.mask.shape[1])
        parts = []
        for start in range(0, max(len(inputs.mask), 1), rows):
            part = slice(start, start + rows)
            given = inputs.features[part], inputs.mask[part], inputs.ahead[part]
            parts.append(function(*given, *self.tensors)[0])
        return np.concatenate(parts)

    def arrays(self) -> dict[str, NDArray]:
        """All weights by name, for a bundle."""
        return {f"weight.{index}": weight for index, weight in enumerate(self.weights)}

    @staticmethod
    def of_arrays(form: WindowForm, arrays: Mapping[str, NDArray]) -> WindowBody:
        """The body that `arrays` and `form` came from."""
        count = sum(name.startswith("weight.") for name in arrays)
        return WindowBody(form, [arrays[f"weight.{index}"] for index in range(count)])
