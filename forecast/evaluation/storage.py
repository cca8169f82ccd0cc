"""A comparison as one file, and back."""

from __future__ import annotations

from pathlib import Path

from forecast.archive.archive import DEFAULT_LIMIT, open_archive, write_archive
from forecast.archive.errors import BundleError
from forecast.archive.kind import COMPARISON
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.saved_values import Writing, decoded

__all__ = ["load_comparison", "save_comparison"]

# What reading a manifest of the wrong structure ends in.
_MALFORMED = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def save_comparison(comparison: Comparison, path: str | Path) -> None:
    """Write a comparison to one file: forecasts, actual values, protocol, data and run.

    JSON and plain arrays in a zip file, without pickle; it appears whole or not at all. Verdict,
    table and report of what is loaded are those of what was saved.

    Args:
        comparison: the comparison.
        path: file to write, `.kfr` by custom; an older one is replaced.

    Raises:
        BundleError: for ids that are neither text nor whole numbers, a setting that is neither
            number nor text, or more than 4 GiB.
        OSError: if the file cannot be written; an older one is left as it was.
    """
    writing = Writing()
    content = writing.encoded(comparison)
    write_archive(path, {"comparison": content}, writing.arrays, COMPARISON)


def load_comparison(path: str | Path, *, max_bytes: int = DEFAULT_LIMIT) -> Comparison:
    """Read a comparison that `Comparison.save` wrote.

    Hashes cover every byte, so damage is seen and refused; nothing is unpickled or executed.

    Args:
        path: file to read.
        max_bytes: a larger file is refused.

    Returns:
        The comparison, with the verdict, the table and the report that it had.

    Raises:
        FileNotFoundError: if there is no such file.
        BundleError: if the file holds no comparison, was changed, or is not of a known version.

    Example:
        >>> import tempfile
        >>> import forecast as fc
        >>> result = fc.compare([], fc.load_dataset("sunspots"), horizon=2, n_windows=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.save(Path(folder) / "result.kfr")
        ...     load_comparison(Path(folder) / "result.kfr").verdict == result.verdict
        True
    """
    with open_archive(path, max_bytes, COMPARISON) as archive:
        try:
            found = decoded(archive.manifest["comparison"], archive.arrays(""))
        except _MALFORMED as error:
            if isinstance(error, BundleError):
                raise
            raise BundleError(
                f"its manifest describes no comparison of this library ({error}). Run the "
                "comparison again and save it."
            ) from error
        if not isinstance(found, Comparison):
            raise BundleError(f"it holds a {type(found).__name__}, a comparison is expected.")
        return found
