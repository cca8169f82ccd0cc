"""Gram matrices of rows that arrive in pieces, the same to the last bit however they are cut."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram, gram_of_rows
from forecast.baselines.algebra.solver import one_thread

__all__ = ["LEAF_ROWS", "GramTree"]

# Rows of a leaf. Results depend on it in their last bits: it is part of the promise, not a setting.
LEAF_ROWS = 2048


class GramTree:
    """Sums over the rows `start .. stop - 1` of a long table.

    The table is cut into leaves of `LEAF_ROWS` rows, counted from its first row, and leaves are
    merged along a binary tree over their numbers. Both are fixed, so sums do not depend on how
    rows were cut into pieces, nor on the order in which workers' pieces were merged. Memory is
    `O(log(number of leaves))`: rows at an edge are kept only until their leaf is full.

    Args:
        num_columns: columns of a row, targets included.
        num_targets: how many of the last columns are targets.
        start: position of the first row in the whole table, at least 0.

    Example:
        >>> import numpy as np
        >>> rows = np.random.default_rng(0).normal(size=(5000, 3))
        >>> whole = GramTree(3).add(rows)
        >>> right = GramTree(3, start=1234).add(rows[1234:])
        >>> parts = GramTree(3).add(rows[:1234]).merge(right)
        >>> bool((whole.total().second == parts.total().second).all())
        True
    """

    def __init__(self, num_columns: int, num_targets: int = 1, start: int = 0) -> None:
        """Begin without rows."""
        self.num_columns = num_columns
        self.num_targets = num_targets
        self.start = start
        self.stop = start
        self._nodes: dict[tuple[int, int], Gram] = {}
        # Rows before the first whole leaf and after the last, `(num_columns + 1, num_rows)`: each
        # column in one stretch of memory, the weight after them.
        self._head = np.empty((num_columns + 1, 0))
        self._tail: list[NDArray] = []

    def add(self, rows: NDArray, weights: NDArray | None = None) -> Self:
        """Take in the rows that follow.

        Args:
            rows: `(num_rows, num_columns)`; any finite number where the weight is 0.
            weights: `(num_rows,)`, at least 0; all 1 by default.

        Returns:
            Itself.

        Raises:
            ValueError: another number of columns.
        """
        if rows.ndim != 2 or rows.shape[1] != self.num_columns:
            raise ValueError(
                f"Rows of shape {rows.shape} came; expected (num_rows, {self.num_columns}). "
                "Give every piece the columns that the tree was made for, targets last."
            )
        given = np.ones(len(rows)) if weights is None else weights
        position = 0
        while position < len(rows):
            # The piece ends where its leaf ends, or where the rows do.
            end = min(position + LEAF_ROWS - self.stop % LEAF_ROWS, len(rows))
            piece = (rows[position:end].T, given[None, position:end])
            self._extend(np.concatenate(piece, axis=0))
            position = end
        return self

    def _extend(self, piece: NDArray) -> None:
        """Take in rows that do not go beyond the end of the current leaf."""
        self._tail.append(piece)
        self.stop += piece.shape[1]
        if self.stop % LEAF_ROWS:
            return
        rows = np.concatenate(self._tail, axis=1)
        self._tail = []
        if rows.shape[1] == LEAF_ROWS:
            self._insert(0, self.stop // LEAF_ROWS - 1, self._leaf(rows))
        else:  # the range began inside this leaf; the left neighbour will complete it
            self._head = rows

    def _leaf(self, rows: NDArray) -> Gram:
        # Threads would cut the products of a leaf differently from machine to machine.
        with one_thread():
            return gram_of_rows(rows[:-1].T, rows[-1], self.num_targets)

    def _insert(self, level: int, index: int, gram: Gram) -> None:
        """Add a node; two halves of a larger node are merged at once."""
        while (sibling := self._nodes.pop((level, index ^ 1), None)) is not None:
            gram = gram.merge(sibling) if index % 2 == 0 else sibling.merge(gram)
            level, index = level + 1, index // 2
        self._nodes[level, index] = gram

    def merge(self, other: GramTree) -> GramTree:
        """The sums over two ranges of rows that touch.

        Args:
            other: the rows just before or just after these.

        Returns:
            A new tree; both given ones stay as they are.

        Raises:
            ValueError: the ranges do not touch, or the columns differ.
        """
        left, right = sorted((self, other), key=lambda tree: (tree.start, tree.stop))
        if left.stop != right.start or left._shape != right._shape:
            raise ValueError(
                f"Rows {left.start} to {left.stop} with {left._shape} cannot be merged with rows "
                f"{right.start} to {right.stop} with {right._shape}; expected the same (columns, "
                "targets), and ranges of which one starts where the other stops. Merge "
                "neighbours first."
            )
        merged = GramTree(self.num_columns, self.num_targets, left.start)
        merged.stop, merged._head, merged._tail = left.stop, left._head, list(left._tail)
        merged._nodes = dict(left._nodes)
        return merged._append(right)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.num_columns, self.num_targets

    def _append(self, right: GramTree) -> GramTree:
        """Take in the right neighbour: its loose rows, its nodes, its loose rows."""
        if right._head.size:
            self._extend(right._head)
        for (level, index), gram in sorted(right._nodes.items()):
            self._insert(level, index, gram)
            self.stop = max(self.stop, (index + 1) * LEAF_ROWS << level)
        for piece in right._tail:
            self._extend(piece)
        return self

    def total(self) -> Gram:
        """The sums over all rows so far.

        Returns:
            Sums, without leading axes.

        Raises:
            ValueError: the rows do not start at the table's first.
        """
        if self.start:
            raise ValueError(
                f"The rows start at {self.start}; expected 0. Merge with the sums of the rows "
                "before them first."
            )
        total = self._leaf(np.concatenate([self._head[:, :0], *self._tail], axis=1))
        for _, gram in sorted(self._nodes.items()):  # the smallest, rightmost node first
            total = gram.merge(total)
        return total
