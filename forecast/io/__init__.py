"""Safe bundles: a fitted forecaster in one file, without pickle.

Integrity, not authenticity: hashes cover every byte, so damage is refused, but not a file that
somebody made on purpose. Loading executes nothing of that either, and takes memory for a few times
the size of the file, beside 1 GiB at most.
"""

from forecast.archive.errors import BundleError
from forecast.io.bundle import load, save

__all__ = ["BundleError", "load", "save"]
