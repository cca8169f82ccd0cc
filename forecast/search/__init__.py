"""Tuning: settings are tried at rolling origins inside the given data."""

from forecast.search.result import SearchResult
from forecast.search.searching import Search, search

__all__ = ["Search", "SearchResult", "search"]
