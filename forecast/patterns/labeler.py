"""Many to many, aligned, and one to one: a label for every step."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.models.training import Training
from forecast.patterns.form import PatternForm
from forecast.patterns.inputs import Inputs
from forecast.patterns.labelled import LabelNetwork
from forecast.patterns.learning import trained
from forecast.patterns.lessons import Material
from forecast.patterns.losses import log_loss_of_steps
from forecast.patterns.sequence import SequenceModel, blank_state
from forecast.pipelines import Panel, write_frame

__all__ = ["SequenceLabeler"]


class SequenceLabeler(LabelNetwork):
    """Many to many, aligned: a recurrent network labels every step of a series.

    `p_t = softmax(V h_t + b)`, with h_t what was seen up to step t: an online labeler, whose
    `update` absorbs new rows in O(new rows). With `bidirectional=True` a second network reads each
    series from its end, `p_t = softmax(V [h_t; g_t] + b)`: for series that are known as a whole.
    With `layer="Dense"` it has no memory, and is the pattern one to one: a step's inputs in, that
    step's label out.

    Args:
        layer: "LSTM", "GRU", "SimpleRNN", or "Dense" for a network without memory.
        units: hidden units of a layer, in each direction.
        num_layers: layers one above the other, in each direction.
        bidirectional: whether a label may depend on later steps.
        training: how it is trained; with a `truncation` on stretches that begin from zero states.
        seed: of the initial weights and all draws of the training.
        alias: name of the column of answers; that of the labels by default.

    Raises:
        ValueError: for an argument out of range, or a layer without memory in two directions.

    Example:
        >>> import numpy as np, pandas as pd, forecast as fc
        >>> df = pd.DataFrame({"unique_id": "a", "ds": range(60), "y": np.sin(range(60))})
        >>> df["label"] = np.where(df["y"] > 0, "up", "down")
        >>> few = fc.Training(num_steps=40, num_checks=1, learning_rate=0.05)
        >>> network = fc.SequenceLabeler("Dense", units=4, training=few).fit(df[:50])
        >>> network.predict(df[50:])["label"].tolist() == df["label"][50:].tolist()
        True

    Source:
        Graves (2012), Supervised sequence labelling with recurrent neural networks, Springer.
    """

    def __init__(
        self,
        layer: str = "LSTM",
        units: int = 32,
        num_layers: int = 1,
        bidirectional: bool = False,
        training: Training = Training(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        super().__init__(layer, units, num_layers, training, seed, alias)
        PatternForm(layer, units, num_layers, 1, seed, bidirectional=bidirectional)
        self.bidirectional = bidirectional

    def predict(self, df: Any = None) -> Any:
        """The likeliest label of every step of a frame, or of the newest step of each state.

        Args:
            df: series from their first step on, of the columns given to `fit`, labels aside; by
                default the last step that the states have seen. The network is left as it is.

        Returns:
            `unique_id`, `ds` and the label.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the frame cannot be used, or is left away of a bidirectional network.
        """
        return self._said(df, labels=True)

    def predict_proba(self, df: Any = None) -> Any:
        """The probability of each label at every step of a frame, or at the newest of each state.

        Args:
            df: as of `predict`.

        Returns:
            `unique_id`, `ds` and a column a class, named as it.

        Raises:
            NotFittedError: before `fit`.
            ValueError: as of `predict`.
        """
        return self._said(df, labels=False)

    def update(self, df: Any) -> Self:
        """See `PatternNetwork.update`; a bidirectional network cannot."""
        if self.bidirectional:
            raise ValueError(
                "a bidirectional network reads a series from its end, too: every new row changes "
                "the labels before it. Call predict(df) with whole series, or fit with "
                "bidirectional=False to label online."
            )
        return super().update(df)

    def _said(self, df: Any, labels: bool) -> Any:
        model = self._require_fitted().model
        if df is None:
            if self.bidirectional:
                raise ValueError(
                    "a bidirectional network labels whole series: call predict(df) with them."
                )
            outputs = model.outputs(engine.inner(self.store_.state))
            return self._newest(None, self.store_, outputs, labels)
        reading, panel = self._encoded(df)
        columns = reading.layout.columns
        times = panel.flat_times()
        frame = pd.DataFrame({columns.id: panel.ids[panel.codes], columns.time: times})
        return write_frame(self._answered(frame, self._predicted(panel), labels), reading.layout)

    def _predicted(self, panel: Panel) -> NDArray:
        """Outputs for each step of a panel, `(total_steps, num_classes)`."""
        model = self._require_fitted().model
        block = panel.block(0, panel.lengths)
        return model.read(blank_state(model, panel.num_series), block)[1][block.valid]

    def _learn(self, panel: Panel, answers: NDArray, horizon: int) -> tuple[Any, dict]:  # noqa: ARG002
        inputs = Inputs.of(panel)
        body = self._body(inputs.width, int(answers.max()) + 1, self.bidirectional)
        block = panel.block(0, panel.lengths)
        targets = np.zeros(block.valid.shape, dtype=np.int64)
        weights = np.zeros(block.valid.shape)
        targets[block.valid], weights[block.valid] = np.maximum(answers, 0), answers >= 0
        material = Material(inputs.features(block), block.valid, targets, weights)
        found, history = trained(body, material, self.training, log_loss_of_steps, self.seed)
        return SequenceModel(found, inputs), history
