"""The base of the networks that are trained by gradient descent."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from numpy.typing import NDArray

from forecast.baselines.autoregression.lags import seasons_of
from forecast.baselines.pooled.fit import PooledSettings
from forecast.checks import check_kind, check_positive_integer, check_seed
from forecast.fitting import Estimate, Task
from forecast.heads import Squared
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.checking import best_step, free_running_check, most_useful_share
from forecast.models.counts import hint_of_counts, refuse_other_than_counts
from forecast.models.descent import descend
from forecast.models.design import NetworkDesign
from forecast.models.forecaster import DescendedForecaster
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.models.objective import Objective
from forecast.models.optimizers import refuse_uncurved
from forecast.models.program import program_of
from forecast.models.readout import averaged_readout, fit_readout
from forecast.models.renewal import Learned, renewed
from forecast.models.sampling import Sampling
from forecast.models.scale_choice import NetworkSettings, Scale, rounds_of
from forecast.models.start import started_scale, warm_start
from forecast.models.teaching import Lesson, Sequences, make_lesson
from forecast.models.training import Training
from forecast.models.walk import Walk
from forecast.pipelines import Reading

__all__ = ["TrainedForecaster"]


@dataclass(frozen=True, eq=False)
class _Averaged(Learned):
    """A network whose readout is averaged, with its layers as they were trained."""

    trained: Body = field(kw_only=True)


class TrainedForecaster(DescendedForecaster):
    """Networks of a running state, trained by gradient descent."""

    _layer: ClassVar[str]
    _default_readout: ClassVar[str] = "averaged"

    def __init__(
        self,
        units: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: NetworkDesign = NetworkDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units, optional=True)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        if not isinstance(training, Training):
            raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
        check_kind("design", design, NetworkDesign)
        _refuse_sampled(training, design)
        refuse_uncurved(training.optimizer, design.output_head)
        self.units = units
        self.training = training
        self.season_length = season_length
        self.seed = seed
        self.alias = alias
        self.design = design

    @property
    def point(self) -> str:  # type: ignore[override]
        """What the point forecast stands for: the mean where squares are minimised."""
        return "mean" if isinstance(self.design.output_head, Squared) else "median"

    @property
    def _readout(self) -> str:
        """What the design names, or the default where its head allows it."""
        allowed = self.design.can_be_read_in_closed_form
        return self.design.readout or (self._default_readout if allowed else "trained")

    def _arranged(self, reading: Reading, ids: Any = None, begun: bool = False) -> Reading:
        reading, columns = super()._arranged(reading, ids, begun), reading.layout.columns
        column = ", ".join(columns.channels) or columns.target
        refuse_other_than_counts(reading.panel, self.design.output_head, column)
        return reading

    @abstractmethod
    def _sizes(self, task: Task) -> dict[str, Any]:
        """Units, number and options of the layers, see `Blueprint`."""

    def _sequences(self, network: NetworkModel, lesson: Lesson, task: Task) -> Sequences:
        """The batches of the plan."""
        training, sampling = self.training, None
        length = training.sequence_length(int(task.panel.lengths.max()), task.season.length)
        if training.forcing is not None and lesson.trail is not None:
            warmup = max(1, min(task.season.length, length // 2))
            highway, program = network.highway, program_of(network.body.blueprint)
            walk = Walk(highway.features, program, warmup)
            sampling = Sampling(lesson.trail, highway, walk, self.seed)
        rounds = rounds_of(network.highway)
        planned = training.planned_steps(task.panel.num_rows, length, rounds)
        return Sequences(
            lesson, length, training.batch_size, planned, self.seed, training.cut, sampling
        )

    def _alone(self, task: Task) -> Estimate:
        """The network without other forecasters beside it."""
        head, steps_at_once = self.design.output_head, self.design.steps_at_once(task.horizon)
        refuse_other_than_counts(task.panel, head)
        given = self.training.cut.target_weights
        given.refuse_other_steps(steps_at_once)
        settings = task.settled or self._settled(task, steps_at_once)
        network = self._untrained(task, settings)
        words = f"{network.body.blueprint.words}, {settings.words}{self.design.words}"
        history: dict[str, list[float]] = {}
        if task.ahead is None or (task.ahead[1].ends < 0).all():
            words += " alone: too short to train on"
        else:
            lesson = make_lesson(network.highway, task.panel, task.season.length, head, given)
            if lesson.weights.any():
                network, history, more = self._descended(network, lesson, task)
                words += more + hint_of_counts(task.panel, head)
            else:
                words += " alone: no changes to learn from"
        estimate = Learned.by(network, words, history, task, settings)
        # Where nothing could be scored, the linear forecast stands as it is.
        if self._readout != "averaged" or estimate.origins is None:
            return estimate
        trained: Any = network.body
        averaged, _ = self._averaged(trained, network, task)
        estimate = replace(estimate, model=averaged, choices=f"{words}, averaged readout")
        return _Averaged(**vars(estimate), trained=trained)

    def _descended(
        self, network: NetworkModel, lesson: Lesson, task: Task
    ) -> tuple[NetworkModel, dict[str, list[float]], str]:
        """The trained network, its learning curves, and what is to be said of the training."""
        head, training = network.head, self.training
        objective = Objective(head, network.highway.power)
        # A walk is in the highway's own unit, a distribution has a width of its own.
        whole = training.forcing is None and not head.is_distribution
        unit = lesson.size if whole else 1.0
        sequences = self._sequences(network, lesson.in_unit(unit), task)
        check = free_running_check(network, task)
        body = self._begun(network, objective.bias(lesson.targets, lesson.weights))
        checkpoint = self._checkpoint(task, NetworkModel(network.highway, body, head))
        body, history = descend(
            body, sequences, training, check, objective.loss, unit, checkpoint
        )  # fmt: skip
        words = f", best of {len(history['step'])} checks at step {best_step(history):.0f}"
        if not head.is_distribution:
            body, share = most_useful_share(body, check)
            words += "" if share == 1.0 else f", {share:.0%} of its corrections"
        model = NetworkModel(network.highway, body, head)
        if self._readout in ("refitted", "shrunk"):
            read, _ = self._read_in_closed_form(body.without_readout, lesson, task)
            better = check(read) < check(body)
            model = model.with_body(read) if better else model
            words += ", readout refitted" if better else ", trained readout"
        return model, history, words

    def _read_in_closed_form(
        self, layers: Body, lesson: Lesson, task: Task
    ) -> tuple[ReadBody, str]:
        """The layers with a readout in closed form, and words for it."""
        per_series = self.design.readout == "shrunk"
        found = fit_readout(layers, lesson, seasons_of(task.season), per_series)
        body = ReadBody(layers, found.coefficients, found.information, found.departures)
        return body, f" with {found.words}"

    def _averaged(
        self, trained: Body, network: NetworkModel, task: Task
    ) -> tuple[NetworkModel, str]:
        """The network with the trained readout averaged with one in closed form; words for it."""
        given, season = self.training.cut.target_weights, task.season
        lesson = make_lesson(network.highway, task.panel, season.length, given=given)
        body, words = averaged_readout(trained, lesson, seasons_of(season))
        return network.with_body(body), f" with {words}"

    def _scale(self, task: Task, pooled: PooledSettings) -> Scale:
        """That of an earlier fit, of which this one is to go on."""
        start = self.training.run.start
        return super()._scale(task, pooled) if start is None else started_scale(start)

    def _untrained(self, task: Task, settings: NetworkSettings) -> NetworkModel:
        """The linear forecast alone, in a network of the size that the data ask for."""
        highway = settings.seeing(self._highway(task, settings.pooled), task.panel)
        head = self.design.output_head
        form = Blueprint(
            self._layer, num_features=input_width(highway), seed=self.seed,
            num_outputs=head.num_outputs * highway.block_length, **self._sizes(task),
        )  # fmt: skip
        body, start = Body(form), self.training.run.start
        if start is not None:
            seen = task.panel if task.ahead is None else task.ahead[0]
            body = warm_start(start, form, head, seen)
        return NetworkModel(highway, body, head)

    def _begun(self, network: NetworkModel, bias: NDArray | None) -> Body:
        """The layers with this bias of their readout, but for those of an earlier fit."""
        body: Any = network.body
        if bias is None or self.training.run.start is not None:
            return body
        return body.with_weights([*body.weights[:-1], bias])

    def _completed(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series, see `renewed`.

        A readout in closed form is fitted again, also one that is averaged: it corrects what the
        highway misses.
        """
        if not (isinstance(estimate, Learned) and isinstance(estimate.model, NetworkModel)):
            raise TypeError(f"the estimate of a network is expected; got {estimate!r}.")
        model = estimate.model
        if isinstance(estimate, _Averaged):
            model = model.with_body(estimate.trained)
        highway = self._highway(task, estimate.settled.pooled)
        model, words = renewed(model, highway, estimate, task)
        if isinstance(estimate, _Averaged):
            model, more = self._averaged(estimate.trained, model, task)
            return estimate.completed(model, more + words)
        if isinstance(model.body, ReadBody):
            given = self.training.cut.target_weights
            lesson = make_lesson(model.highway, task.panel, task.season.length, given=given)
            body, more = self._read_in_closed_form(model.body.body, lesson, task)
            model, words = model.with_body(body), more + words
        return estimate.completed(model, words)


def _refuse_sampled(training: Training, design: NetworkDesign) -> None:
    """Refuse walks on what a network does not emit: one value a step."""
    if training.forcing is None:
        return
    if design.output_head.is_distribution or design.block_length != 1:
        raise ValueError(
            f"teacher_forcing={training.teacher_forcing!r} feeds the network's own point forecasts "
            "of one step: take a point head such as 'absolute' with block_length=1; got "
            f"{design!r}."
        )
