"""Frames in, panels out, and back: pandas and polars frames, frequencies, origins, readers."""

from __future__ import annotations

from .block import Block
from .calendar.frequency import Frequency
from .calendar.infer import infer_frequency
from .calendar.season import Season, default_season
from .channels import ChannelId, begun_systems, one_system, series_ids
from .columns import Columns, CovariateColumns
from .covariates.calendar_features import CALENDAR_FEATURES, calendar_columns, with_calendar
from .covariates.encoding import Encoding, fit_encoding
from .covariates.future import FutureCovariates, Upcoming, read_future
from .covariates.leading import with_gaps
from .covariates.table import Covariate, CovariateSchema, CovariateTable
from .filling import fill_gaps
from .frames.frame import Reading, read_frame
from .frames.layout import Layout, write_frame
from .frames.panel_frame import panel_frame
from .gaps import SeriesGaps, fill_panel, gap_steps, series_gaps
from .origins import Origins, rolling_origins
from .panel import Panel
from .readers.datasets import DatasetInfo, datasets, load_dataset
from .readers.ett import read_ett
from .readers.files import read_file
from .readers.m4 import read_m4
from .readers.tsf import TsfInfo, read_tsf
from .sample import evenly_spread
from .split import Split, first_values, steps_behind
from .storage.folder import open_panel, save_panel
from .storage.parquet_panel import read_parquet_panel
from .summary import DataSummary, check_data
from .weights import read_weighted
from .windows.batches import Batches
from .windows.buckets import LengthBuckets
from .windows.sources import BatchSource
from .windows.streams import Streams
from .windows.window_batch import WindowBatch
from .windows.windows import Windows

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
    "read_weighted",
    "rolling_origins",
    "save_panel",
    "series_gaps",
    "series_ids",
    "steps_behind",
    "with_calendar",
    "with_gaps",
    "write_frame",
]
