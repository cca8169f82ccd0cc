"""Many to one: a label for a whole series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.models.training import Training
from forecast.patterns.inputs import Inputs
from forecast.patterns.labelled import LabelNetwork
from forecast.patterns.learning import trained
from forecast.patterns.lessons import Material
from forecast.patterns.losses import log_loss_of_series
from forecast.patterns.sequence import SequenceModel, blank_state
from forecast.pipelines import Covariate, Panel

__all__ = ["SeriesClassifier"]

_POOLINGS = ("last", "mean")


class SeriesClassifier(LabelNetwork):
    """Many to one: a recurrent network reads a series and says which class it is of.

    `p = softmax(V h + b)`, with h the state after the last step ("last") or the mean of the states
    after all steps ("mean"), which forgets the early steps less. Series may be of any lengths,
    with gaps. The network is a state: `update` absorbs new rows in O(new rows), and
    `predict_proba` says at any time what is known by now.

    Args:
        layer: "LSTM", "GRU", "SimpleRNN", or "Dense" for a network without memory.
        units: hidden units of a layer.
        num_layers: layers one above the other.
        pooling: "mean" or "last".
        training: how it is trained.
        seed: of the initial weights and all draws of the training.
        alias: name of the column of answers; that of the labels by default.

    Example:
        >>> import numpy as np, pandas as pd, forecast as fc
        >>> rng = np.random.default_rng(0)
        >>> df = pd.DataFrame({
        ...     "unique_id": np.repeat(range(20), 9), "ds": np.tile(range(9), 20),
        ...     "label": np.repeat(["low", "high"], 90)})
        >>> df["y"] = rng.normal(np.where(df["label"] == "low", -2.0, 2.0))
        >>> few = fc.Training(num_steps=30, num_checks=1, learning_rate=0.02)
        >>> network = fc.SeriesClassifier(units=4, training=few).fit(df[df["ds"] < 5])
        >>> network.update(df[df["ds"] >= 5]).predict()["label"].iloc[[0, -1]].tolist()
        ['low', 'high']

    Source:
        Graves (2012), Supervised sequence labelling with recurrent neural networks, Springer.
    """

    def __init__(
        self,
        layer: str = "LSTM",
        units: int = 32,
        num_layers: int = 1,
        pooling: str = "mean",
        training: Training = Training(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        super().__init__(layer, units, num_layers, training, seed, alias)
        if pooling not in _POOLINGS:
            raise ValueError(f"`pooling` must be one of {', '.join(_POOLINGS)}; got {pooling!r}.")
        self.pooling = pooling

    def predict(self, df: Any = None) -> Any:
        """The likeliest class of each series.

        Args:
            df: other series, of the columns given to `fit`, labels aside; by default those of the
                states. The network itself is left as it is.

        Returns:
            `unique_id`, `ds` (the last step seen) and the label.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the frame cannot be used.
        """
        return self._said(df, labels=True)

    def predict_proba(self, df: Any = None) -> Any:
        """The probability of each class for each series, by what was seen so far.

        Args:
            df: as of `predict`.

        Returns:
            `unique_id`, `ds` (the last step seen) and a column a class, named as it.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the frame cannot be used.
        """
        return self._said(df, labels=False)

    def _said(self, df: Any, labels: bool) -> Any:
        model = self._require_fitted().model
        reading, store = (None, self.store_) if df is None else self._standing(df)
        return self._newest(reading, store, model.outputs(engine.inner(store.state)), labels)

    def _learn(self, panel: Panel, answers: NDArray, horizon: int) -> tuple[Any, dict]:  # noqa: ARG002
        inputs = Inputs.of(panel)
        body = self._body(inputs.width, int(answers.max()) + 1)
        block = panel.block(0, panel.lengths)
        features = inputs.features(block)
        material = Material(
            features, block.valid, answers, block.valid.astype(np.float64), pooling=self.pooling
        )
        found, history = trained(body, material, self.training, log_loss_of_series, self.seed)
        return SequenceModel(found, inputs, self.pooling), history

    def _entries(self, panel: Panel, column: Covariate, entries: NDArray) -> NDArray:
        """One entry a series, `(num_series,)`."""
        found = np.full(panel.num_series, np.nan)
        for i, name in enumerate(panel.ids):
            own = entries[panel.offsets[i] : panel.offsets[i + 1]]
            labels = np.unique(own[~np.isnan(own)])
            if not len(labels):
                raise ValueError(
                    f"label column {column.name!r} is empty in all rows of series {name!r} that "
                    "have a value. Give the series a label, or leave it away and predict it."
                )
            if len(labels) > 1:
                names = [column.categories[int(x)] if column.categories else x for x in labels[:2]]
                raise ValueError(
                    f"label column {column.name!r} varies within series {name!r}: {names[0]!r} and "
                    f"{names[1]!r}. Give each series one label, or take SequenceLabeler for labels "
                    "of steps."
                )
            found[i] = labels[0]
        return found

    def _predicted(self, panel: Panel) -> NDArray:
        """Outputs for each series of a panel, `(num_series, num_classes)`."""
        model = self._require_fitted().model
        state = blank_state(model, panel.num_series)
        return model.outputs(model.read(state, panel.block(0, panel.lengths))[0])
