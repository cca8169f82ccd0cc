"""Frames in, panels out, and back: pandas and polars frames, frequencies, origins, readers."""

from __future__ import annotations

from .batches import Batches
from .block import Block
from .buckets import LengthBuckets
from .calendar_features import CALENDAR_FEATURES, calendar_columns, with_calendar
from .channels import ChannelId, begun_systems, one_system, series_ids
from .columns import Columns, CovariateColumns
from .covariate_table import Covariate, CovariateSchema, CovariateTable
from .datasets import DatasetInfo, datasets, load_dataset
from .encoding import Encoding, fit_encoding
from .ett import read_ett
from .filling import fill_gaps
from .frame import Reading, read_frame
from .frequency import Frequency
from .future import FutureCovariates, Upcoming, read_future
from .gaps import SeriesGaps, fill_panel, gap_steps, series_gaps
from .infer import infer_frequency
from .layout import Layout, write_frame
from .leading import with_gaps
from .m4 import read_m4
from .origins import Origins, rolling_origins
from .panel import Panel
from .panel_frame import panel_frame
from .parquet_panel import read_parquet_panel
from .readers import read_file
from .sample import evenly_spread
from .season import Season, default_season
from .sources import BatchSource
from .split import Split, first_values, steps_behind
from .storage import open_panel, save_panel
from .streams import Streams
from .summary import DataSummary, check_data
from .tsf import TsfInfo, read_tsf
from .window_batch import WindowBatch
from .windows import Windows

__all__ = [
    "CALENDAR_FEATURES",
    "BatchSource",
    "Batches",
    "Block",
    "ChannelId",
    "Columns",
    "Covariate",
    "CovariateColumns",
    "CovariateSchema",
    "CovariateTable",
    "DataSummary",
    "DatasetInfo",
    "Encoding",
    "Frequency",
    "FutureCovariates",
    "Layout",
    "LengthBuckets",
    "Origins",
    "Panel",
    "Reading",
    "Season",
    "SeriesGaps",
    "Split",
    "Streams",
    "TsfInfo",
    "Upcoming",
    "WindowBatch",
    "Windows",
    "begun_systems",
    "calendar_columns",
    "check_data",
    "datasets",
    "default_season",
    "evenly_spread",
    "fill_gaps",
    "fill_panel",
    "first_values",
    "fit_encoding",
    "gap_steps",
    "infer_frequency",
    "load_dataset",
    "one_system",
    "open_panel",
    "panel_frame",
    "read_ett",
    "read_file",
    "read_frame",
    "read_future",
    "read_m4",
    "read_parquet_panel",
    "read_tsf",
    "rolling_origins",
    "save_panel",
    "series_gaps",
    "series_ids",
    "steps_behind",
    "with_calendar",
    "with_gaps",
    "write_frame",
]
