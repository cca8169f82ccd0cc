"""Frames in, panels out, and back: pandas and polars frames, frequencies, origins, readers."""

from __future__ import annotations

from .block import Block
from .channels import ChannelId, begun_systems, one_system, series_ids
from .columns import Columns
from .covariate_table import Covariate, CovariateSchema, CovariateTable
from .datasets import DatasetInfo, datasets, load_dataset
from .frame import Reading, read_frame
from .frequency import Frequency
from .future import Upcoming, read_future
from .infer import infer_frequency
from .layout import Layout, write_frame
from .origins import Origins, rolling_origins
from .panel import Panel
from .readers import read_file
from .sample import evenly_spread
from .season import Season, default_season
from .summary import DataSummary, check_data

__all__ = [
    "Block",
    "ChannelId",
    "Columns",
    "Covariate",
    "CovariateSchema",
    "CovariateTable",
    "DataSummary",
    "DatasetInfo",
    "Frequency",
    "Layout",
    "Origins",
    "Panel",
    "Reading",
    "Season",
    "Upcoming",
    "begun_systems",
    "check_data",
    "datasets",
    "default_season",
    "evenly_spread",
    "infer_frequency",
    "load_dataset",
    "one_system",
    "read_file",
    "read_frame",
    "read_future",
    "rolling_origins",
    "series_ids",
    "write_frame",
]
