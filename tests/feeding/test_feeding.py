"""Both ways into Keras: what they give, and that they train alike."""

from __future__ import annotations

import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from window_material import make_panel

import forecast as fc
from forecast.feeding import WindowDataset, keras_example, tf_dataset
from forecast.feeding import tensorflow_dataset as module

FEEDS = [WindowDataset, tf_dataset]
MASKED = ("values", "observed", "valid")


def examples(data):
    """The examples of one pass as arrays."""
    return [keras.tree.map_structure(np.asarray, example) for example in data]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        keras.tree.map_structure(np.testing.assert_array_equal, one, other)


def sources(**kind):
    panel = make_panel([13, 5, 20, 8, 2], **kind)
    return {
        "horizon": fc.Batches(fc.Windows(panel, 6, 3), 4, seed=1),
        "every step": fc.Batches(fc.Windows(panel, 6, 3, targets="every_step"), 4, seed=1),
        "buckets": fc.LengthBuckets(panel, 2, horizon=2, seed=1),
        "streams": fc.Streams(panel, 4, 2, seed=1),
    }


@pytest.mark.parametrize("name", ["horizon", "every step", "buckets", "streams"])
@pytest.mark.parametrize("channels", [1, 2])
def test_both_feeds_give_the_batches_of_each_epoch(name, channels):
    source = sources(channels=channels, covariates=True)[name]
    inputs = tuple(source.batch(0).inputs)
    py, tf = WindowDataset(source, inputs), tf_dataset(source, inputs)
    assert len(py) == len(tf) == len(source)
    for epoch in range(3):
        expected = [keras_example(batch, inputs) for batch in source.epoch(epoch)]
        assert_same(examples(tf), expected)
        py.on_epoch_begin()
        assert_same([py[number] for number in range(len(py))], expected)
        py.on_epoch_end()


def test_shapes_are_those_of_losses_with_a_weight_for_each_step():
    shapes = {}
    for name, source in sources(channels=2, gaps=0.0).items():
        x, y, weight = keras_example(source.batch(0), "values")
        shapes[name] = (x.shape[1:], y.shape[1:], weight.shape[1:])
    width = shapes["buckets"][0][0]
    assert shapes == {
        "horizon": ((6, 2), (3, 2), (3,)),
        "every step": ((6, 2), (6, 3, 2), (6, 3)),
        "buckets": ((width, 2), (width, 2, 2), (width, 2)),
        "streams": ((4, 2), (4, 2), (4,)),
    }


def test_a_step_counts_if_all_its_channels_are_there():
    windows = fc.Windows(make_panel([40], channels=2), 3, 2)
    batch = windows.gather(np.arange(len(windows)))
    _, _, weights = keras_example(batch, MASKED)
    np.testing.assert_array_equal(weights, batch.target_observed.all(axis=-1))


def test_shapes_are_static_where_all_batches_are_alike():
    panel = make_panel([30, 31], gaps=0.0)
    windows = fc.Windows(panel, 5, 2)
    whole = tf_dataset(fc.Batches(windows, 4, drop_last=True)).element_spec[0].shape.as_list()
    part = tf_dataset(fc.Batches(windows, 4)).element_spec[0].shape.as_list()
    assert len(windows) % 4 and (whole, part) == ([4, 5, 1], [None, 5, 1])
    inputs, targets, _ = tf_dataset(fc.LengthBuckets(panel, 2), ("values", "valid")).element_spec
    assert inputs["values"].shape.as_list() == targets.shape.as_list() == [2, None, 1]


def network():
    keras.utils.set_random_seed(0)
    values, observed = (keras.Input((6, 1), name=name) for name in ("values", "observed"))
    valid = keras.Input((6,), dtype="bool", name="valid")
    both = keras.layers.Concatenate()([values, observed])
    hidden = keras.layers.GlobalAveragePooling1D()(both, mask=valid)
    output = keras.layers.Reshape((3, 1))(keras.layers.Dense(3)(hidden))
    model = keras.Model({"values": values, "observed": observed, "valid": valid}, output)
    model.compile("adam", "mse")
    return model


def test_keras_trains_alike_on_both():
    source = sources()["horizon"]
    losses = [
        network().fit(feed, epochs=2, shuffle=False, verbose=0).history["loss"]
        for feed in (
            WindowDataset(source, MASKED, workers=2),
            tf_dataset(source, MASKED),
        )
    ]
    assert losses[0] == losses[1]
    assert losses[0][1] < losses[0][0]


def test_the_loss_leaves_out_what_is_missing():
    """Against the mean over the observed targets, by hand."""
    windows = fc.Windows(make_panel([13, 5, 20]), 6, 3)
    batch, model = windows.gather(np.arange(len(windows))), network()
    data = WindowDataset(fc.Batches(windows, len(windows)), MASKED)
    inputs, targets, _ = data[0]
    errors = (model.predict(inputs, verbose=0) - targets)[batch.target_observed]
    expected = np.sum(errors**2) / batch.target_observed.size
    assert model.evaluate(data, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_a_row_that_has_ended_gets_a_step_that_weighs_nothing():
    source = fc.Streams(make_panel([13, 5, 20, 8, 2]), 4, 3, seed=1)
    ended = 0
    for number, (inputs, targets, weights) in enumerate(WindowDataset(source, MASKED)):
        batch = source.batch(number)
        assert inputs["valid"][:, 0].all(), "cuDNN's layers need a step in every row"
        assert not weights[~batch.valid].any() and not targets[weights == 0].any()
        ended += np.sum(batch.series < 0)
    assert ended


@pytest.mark.parametrize("feed", FEEDS)
def test_gaps_and_padding_are_not_hidden(feed):
    gaps = fc.Batches(fc.Windows(make_panel([20]), 6, 3), 4)
    short = fc.Batches(fc.Windows(make_panel([20, 5], gaps=0.0), 6, 3), 4)
    with pytest.raises(ValueError, match=r"steps without a value, .* Name their mask"):
        feed(gaps)
    with pytest.raises(TypeError, match=r"got Windows\. Cut windows into batches first: Batches"):
        feed(gaps.windows)
    with pytest.raises(ValueError, match=r"some rows are padded, .* Name the mask"):
        feed(short, ("values", "observed"))
    with pytest.raises(ValueError, match=r"\['past'\] are not in the batches; choose from values"):
        feed(short, ("values", "past"))
    assert len(feed(fc.Batches(fc.Windows(make_panel([20, 9], gaps=0.0), 6, 3), 4)))


def test_a_carried_state_refuses_batches_out_of_order():
    data = WindowDataset(sources()["streams"], MASKED)
    data[0], data[1]
    with pytest.raises(ValueError, match=r"batch 3 was asked for after batch 1, .*shuffle=False"):
        data[3]
    threads = WindowDataset(sources()["streams"], MASKED, workers=3)
    with pytest.raises(ValueError, match=r"batch 3 was asked for after batch -1, .*shuffle=False"):
        threads[3]
    assert [len(threads[number][1]) for number in (2, 0, 1, 5, 3)] == [2] * 5  # one may overtake
    with pytest.raises(ValueError, match=r"Leave use_multiprocessing out; threads, workers=2"):
        WindowDataset(sources()["streams"], MASKED, workers=2, use_multiprocessing=True)


class Watcher(keras.Model):
    """A model that only notes the last value of each context."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, inputs):
        return inputs

    def train_step(self, data):
        self.seen.append(np.asarray(data[0])[:, -1, 0].tolist())
        return {"loss": 0.0}


@pytest.mark.parametrize("size", [4, 20, 50])
@pytest.mark.parametrize("feed", [
    WindowDataset, tf_dataset, lambda source: WindowDataset(source, workers=3),
])  # fmt: skip
def test_each_epoch_of_keras_has_its_own_order(feed, size):
    source = fc.Batches(fc.Windows(make_panel([13, 40], gaps=0.0), 6, 3), size, seed=1)
    model, looks = Watcher(), feed(source)
    model.compile(run_eagerly=True)
    model.fit(looks, epochs=3, shuffle=False, verbose=0)
    expected = [batch.values[:, -1].tolist() for e in range(3) for batch in source.epoch(e)]
    assert model.seen == expected


def test_each_epoch_of_worker_processes_has_its_own_order():
    """Keras sends a copy of the data set to new processes when an epoch begins."""
    source = sources()["horizon"]
    data = WindowDataset(source, MASKED, workers=2, use_multiprocessing=True)
    data.on_epoch_end()  # Keras ends an epoch before the first one begins
    for epoch in range(3):
        data.on_epoch_begin()
        worker = pickle.loads(pickle.dumps(data))
        expected = [keras_example(batch, MASKED) for batch in source.epoch(epoch)]
        assert_same([worker[number] for number in range(len(source))], expected)
        data.on_epoch_end()


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("at_once", [1, 400, 1 << 30])
def test_batches_gathered_at_once_are_those_gathered_one_by_one(monkeypatch, at_once, drop_last):
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", at_once)
    windows = fc.Windows(make_panel([13, 20, 40], gaps=0.0), 6, 3)
    source = fc.Batches(windows, 4, seed=1, drop_last=drop_last)
    assert len(windows) % 4
    data = tf_dataset(source)
    for epoch in range(2):
        expected = [keras_example(batch, "values") for batch in source.epoch(epoch)]
        assert_same(examples(data), expected)


def test_a_batch_counts_from_the_end_and_none_is_beyond():
    data = WindowDataset(sources()["horizon"], MASKED)
    assert_same([data[-1]], [data[len(data) - 1]])
    with pytest.raises(IndexError):
        data[len(data)]


def test_a_data_set_travels_to_workers():
    data = WindowDataset(sources()["horizon"], MASKED, workers=2)
    copy = pickle.loads(pickle.dumps(data))
    assert_same([copy[1]], [data[1]])


def test_the_room_needs_tensorflow_only_for_tf_data():
    code = (
        "import sys, forecast.feeding, forecast as fc; fc.Windows; 'keras' in sys.modules and 1 / 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'dataset'"):
        fc.feeding.dataset  # noqa: B018


@pytest.mark.parametrize("feed", FEEDS)
def test_a_state_carried_through_fit_gives_the_loss_of_whole_series(feed):
    """The callback of the guide; nothing is learned, so that every epoch has the same loss."""
    panel = make_panel([13, 5, 20, 8, 2], gaps=0.0)
    streams = fc.Streams(panel, 4, 2, seed=1, together=True)
    values = keras.Input((4, 1), 2, name="values")
    valid = keras.Input((4,), 2, "bool", name="valid")
    layer = keras.layers.LSTM(3, return_sequences=True, stateful=True)
    hidden = layer(values, mask=valid)
    head = keras.layers.Dense(1)
    model = keras.Model({"values": values, "valid": valid}, head(hidden))
    model.compile(keras.optimizers.SGD(0.0), keras.losses.MeanSquaredError("sum"))

    def reset(number, logs=None):
        if streams[number].inputs["begins"].any():
            layer.reset_state()

    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=reset)
    history = model.fit(feed(streams, ("values", "valid")), epochs=2, shuffle=False, verbose=0,
                        callbacks=[callback]).history["loss"]  # fmt: skip
    whole = keras.layers.LSTM(3, return_sequences=True)
    whole.build((None, None, 1))
    whole.set_weights([weight.numpy() for weight in layer.trainable_weights])
    total = 0.0
    for series in range(panel.num_series):
        row = panel.row(series).astype(np.float32)
        said = np.asarray(head(whole(row[None, :-1, None])))[0, :, 0] if len(row) > 1 else row[:0]
        total += np.sum((said - row[1:]) ** 2)
    np.testing.assert_allclose(np.array(history) * len(streams), total, rtol=1e-4)


def test_a_carried_state_sees_what_the_whole_series_shows():
    """A stateful layer along the chunks, against the same layer along whole series."""
    panel = make_panel([13, 5, 20, 8, 2], gaps=0.0)
    layer = keras.layers.SimpleRNN(3, return_sequences=True, stateful=True)
    carried: dict[int, list] = {}
    streams = fc.Streams(panel, 4, 2, seed=1, together=True)
    for batch in streams:
        inputs, _, _ = keras_example(batch, ("values", "valid", "begins"))
        if inputs["begins"].any() and layer.built:
            layer.reset_state()
        outputs = np.asarray(layer(inputs["values"], mask=inputs["valid"]))
        for row, series in enumerate(batch.series):
            carried.setdefault(int(series), []).append(outputs[row, batch.valid[row]])
    whole = keras.layers.SimpleRNN(3, return_sequences=True)
    whole.build((None, None, 1))
    whole.set_weights(layer.get_weights()[:3])
    for series in range(panel.num_series):
        expected = np.asarray(whole(panel.row(series).astype(np.float32)[None, :, None]))[0]
        np.testing.assert_allclose(np.concatenate(carried[series]), expected, atol=1e-6)
