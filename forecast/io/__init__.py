"""Safe bundles: a fitted forecaster in one file, without pickle.

Hashes in a bundle detect damage, not malice; loading executes nothing that comes from the file.
"""

from forecast.io.bundle import load, save
from forecast.io.errors import BundleError

__all__ = ["BundleError", "load", "save"]
