"""Labels as numbers: by what the training part has shown, with a place for what it has not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import (
    Columns,
    Covariate,
    CovariateColumns,
    CovariateSchema,
    Encoding,
    Frequency,
    FutureCovariates,
    Upcoming,
    fit_encoding,
    read_frame,
    read_future,
)

COLUMNS = Columns(
    future=["price", "weather"], more=CovariateColumns(past=["sky"], static=["kind", "size"])
)
LABELS = np.array(["rain", "sun", "fog", "hail"], dtype=object)


def frame_of(seed: int, lengths=(9, 6)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for name, length in zip("ab", lengths, strict=True):
        sky = LABELS[rng.integers(4, size=length)]
        sky[rng.random(length) < 0.3] = None
        parts.append(
            pd.DataFrame(
                {
                    "unique_id": name, "ds": range(length), "y": rng.normal(size=length),
                    "price": rng.normal(size=length),
                    "weather": LABELS[rng.integers(4, size=length)], "sky": sky,
                    "kind": rng.choice(LABELS), "size": rng.normal(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def by_hand(labels, known) -> np.ndarray:
    """One-hot columns of labels, the first for those that are not known."""
    rows = []
    for label in labels:
        hits = [float(label == one) for one in known]
        rows.append([1.0 - sum(hits), *hits])
    return np.array(rows).reshape(len(rows), len(known) + 1)


@given(seed=st.integers(0, 10_000), cut=st.integers(1, 6))
def test_one_hot_columns_are_those_of_the_training_part(seed, cut):
    frame = frame_of(seed)
    panel = read_frame(frame, COLUMNS, 1).panel
    head = panel.head(cut)
    encoding = fit_encoding(head, spread_static=True)
    train = frame[frame["ds"] < cut]
    weather, sky, kind = (sorted(train[c].dropna().unique()) for c in ("weather", "sky", "kind"))
    found = encoding.apply(panel).covariates
    static = np.column_stack(
        [by_hand(frame.groupby("unique_id")["kind"].first(), kind),
         frame.groupby("unique_id")["size"].first()]
    )  # fmt: skip
    np.testing.assert_array_equal(found.static, static)
    ahead = [frame[["price"]], by_hand(frame["weather"], weather), static[panel.codes]]
    np.testing.assert_array_equal(found.future, np.column_stack(ahead))
    past = by_hand(frame["sky"], sky)
    past[frame["sky"].isna()] = np.nan
    np.testing.assert_array_equal(found.past, past)
    names = [column.name for column in found.schema.future]
    assert names[:2] == ["price", "weather=unseen"]
    assert names[2 : 2 + len(weather)] == [f"weather={label}" for label in weather]
    assert names[-1] == "size" and encoding.num_spread == len(kind) + 2
    assert not any(column.is_categorical for column in found.schema.future)


@given(seed=st.integers(0, 10_000), cut=st.integers(1, 6))
def test_what_comes_after_the_training_part_changes_no_encoding(seed, cut):
    frame = frame_of(seed)
    changed = frame.copy()
    late = changed["ds"] >= cut
    changed.loc[late, ["weather", "sky"]] = "a new label"
    encodings = [
        fit_encoding(read_frame(data, COLUMNS, 1).panel.head(cut)) for data in (frame, changed)
    ]
    assert encodings[0] == encodings[1]
    heads = [
        encoding.apply(read_frame(data, COLUMNS, 1).panel.head(cut)).covariates
        for encoding, data in zip(encodings, (frame, changed), strict=True)
    ]
    for kind in ("future", "past", "static"):
        np.testing.assert_array_equal(getattr(heads[0], kind), getattr(heads[1], kind))


def test_codes_count_from_one_and_zero_is_unseen():
    panel = read_frame(frame_of(1), COLUMNS, 1).panel
    encoding = fit_encoding(panel.head(3), kind="codes")
    table, found = panel.covariates, encoding.apply(panel).covariates
    known = encoding.schema.future[1].categories
    labels = [table.schema.future[1].categories[int(code)] for code in table.future[:, 1]]
    expected = [known.index(label) + 1 if label in known else 0 for label in labels]
    np.testing.assert_array_equal(found.future[:, 1], expected)
    assert found.schema.future[1] == Covariate("weather", ("unseen", *known))
    assert found.future.shape == table.future.shape
    np.testing.assert_array_equal(np.isnan(found.past), np.isnan(table.past))


def test_a_missing_label_is_unseen():
    frame = frame_of(1).astype({"weather": object})
    frame.loc[3, "weather"] = None
    panel = read_frame(frame, COLUMNS, 1).panel
    found = fit_encoding(panel).apply(panel).covariates
    assert found.future[3, 1:].tolist() == [1.0] + [0.0] * (found.future.shape[1] - 2)


def test_kinds_that_are_not_used_are_left_away():
    panel = read_frame(frame_of(2), COLUMNS, 1).panel
    future = fit_encoding(panel, kinds=("future",)).apply(panel).covariates
    assert future.past.shape[1] == future.static.shape[1] == 0 and future.future.shape[1] > 2
    nothing = fit_encoding(panel, kinds=())
    assert nothing == Encoding() and nothing.apply(panel).covariates.is_empty
    assert nothing.apply(panel).values is panel.values


def test_numbers_are_not_copied():
    columns = Columns(future=["price"], more=CovariateColumns(static=["size"]))
    panel = read_frame(frame_of(2), columns, 1).panel
    found = fit_encoding(panel).apply(panel).covariates
    assert found.future is panel.covariates.future and found.static is panel.covariates.static


def test_what_is_ahead_is_encoded_with_what_is_static_last():
    panel = read_frame(frame_of(3), COLUMNS, 1).panel
    encoding = fit_encoding(panel, spread_static=True)
    table = encoding.apply(panel).covariates
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, size=(2, 4)).astype(float)
    values = np.stack([rng.normal(size=(2, 4)), labels], axis=-1)
    future = FutureCovariates(values, (Covariate("price"), Covariate("weather", ("new", "sun"))))
    found = encoding.ahead(future, table.static)
    known = encoding.schema.future[1].categories
    for row in range(2):
        shown = [{-1.0: None, 0.0: "new", 1.0: "sun"}[code] for code in labels[row]]
        np.testing.assert_array_equal(found[row, :, 0], values[row, :, 0])
        np.testing.assert_array_equal(found[row, :, 1 : 2 + len(known)], by_hand(shown, known))
        spread = np.tile(table.static[row], (4, 1))
        np.testing.assert_array_equal(found[row, :, 2 + len(known) :], spread)


def test_an_empty_column_is_of_either_kind():
    frame = frame_of(4)
    encoding = fit_encoding(read_frame(frame, COLUMNS, 1).panel)
    found = encoding.apply(read_frame(frame.assign(sky=np.nan), COLUMNS, 1).panel).covariates
    assert np.isnan(found.past).all()
    assert found.past.shape[1] == len(encoding.schema.past[0].categories) + 1


def test_past_labels_may_be_missing_throughout():
    frame = frame_of(4).assign(sky=pd.Categorical([None] * 15))
    panel = read_frame(frame, COLUMNS, 1).panel
    assert np.isnan(fit_encoding(panel).apply(panel).covariates.past).all()


@pytest.mark.parametrize("empty", [None, np.nan], ids=["None", "NaN"])
def test_labels_known_ahead_may_all_be_missing_in_later_rows(empty):
    """A week without a promotion."""
    frame = frame_of(4)
    encoding = fit_encoding(read_frame(frame, COLUMNS, 1).panel)
    found = encoding.apply(read_frame(frame.assign(weather=empty), COLUMNS, 1).panel).covariates
    place = [column.name for column in found.schema.future].index("weather=unseen")
    labels = found.future[:, place : place + 1 + len(encoding.schema.future[1].categories)]
    np.testing.assert_array_equal(labels, np.eye(1, labels.shape[1]).repeat(len(labels), axis=0))
    upcoming = Upcoming(np.array(["a"], object), pd.Index([0]), Frequency(1), 3)
    rows = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "price": 1.0, "weather": empty})
    ahead = encoding.ahead(read_future(rows, COLUMNS, upcoming), np.zeros((1, 0)))
    np.testing.assert_array_equal(ahead[0, :, 1:], labels[:3])


@pytest.mark.parametrize("column", ["price", "weather"])
def test_a_column_known_ahead_that_is_always_empty_is_refused(column):
    frame = frame_of(4)
    panel = read_frame(frame.assign(**{column: None}), COLUMNS, 1).panel
    with pytest.raises(ValueError, match=rf"future covariate '{column}' is empty in all rows. Fil"):
        fit_encoding(panel)
    known = fit_encoding(read_frame(frame, COLUMNS, 1).panel)
    if column == "price":
        with pytest.raises(ValueError, match=r"column 'price' of series 'a', time 0, is empty"):
            known.apply(panel)
        rows = pd.DataFrame({"unique_id": "a", "ds": [1], "price": np.nan, "weather": "fog"})
        upcoming = Upcoming(np.array(["a"], object), pd.Index([0]), Frequency(1), 1)
        with pytest.raises(ValueError, match=r"'price' is missing in all rows; the training part"):
            known.ahead(read_future(rows, COLUMNS, upcoming), np.zeros((1, 0)))


def test_a_column_that_changed_its_kind_is_refused():
    frame = frame_of(5)
    encoding = fit_encoding(read_frame(frame, COLUMNS, 1).panel)
    text = read_frame(frame.assign(price="cheap"), COLUMNS, 1).panel
    with pytest.raises(ValueError, match=r"'price' holds text, for example 'cheap', where the "
                                         r"training part had numbers"):  # fmt: skip
        encoding.apply(text)
    numbers = read_frame(frame.assign(weather=1.0), COLUMNS, 1).panel
    with pytest.raises(ValueError, match=r"'weather' holds numbers where the training part had the "
                                         r"labels \['fog', .*astype\(str\)"):  # fmt: skip
        encoding.apply(numbers)


def test_columns_that_cannot_be_encoded_are_refused():
    with pytest.raises(ValueError, match=r"must be 'one_hot' or 'codes'; got 'ordinal'"):
        Encoding(kind="ordinal")
    frame = pd.concat([frame_of(0, (200, 60))]).assign(sky=[f"label {i}" for i in range(260)])
    panel = read_frame(frame, COLUMNS, 1).panel
    with pytest.raises(ValueError, match=r"past covariate 'sky' has 260 labels, .*at most 256"):
        fit_encoding(panel)
    codes = fit_encoding(panel, kind="codes").apply(panel).covariates
    assert codes.past.max() == 260.0
    with pytest.raises(ValueError, match=r"the future covariate 'price' is missing"):
        fit_encoding(panel, kinds=("future",)).apply(panel.without_covariates())


def test_a_schema_without_columns_changes_nothing():
    panel = read_frame(frame_of(0)).panel
    assert Encoding(CovariateSchema()).apply(panel) is panel
