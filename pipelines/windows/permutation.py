"""A shuffled order of many numbers that needs no memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Permutation"]

# Alternating rounds: each adds a hash of one half of a number to its other half.
# A few mix a large range well; small halves hash to few values and need more of them.
_ROUNDS, _ROUNDS_OF_FEW, _FEW = 6, 32, 10_000
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


@dataclass(frozen=True)
class Permutation:
    r"""A random order of ``0 .. size - 1``, computed where it is asked for.

    A number is written as (left, right) = divmod(number, b) in an a x b rectangle that just holds
    `size` numbers. Each round of this Feistel network is one to one,

    .. math:: (l, r) \to (r, (l + h_k(r)) \bmod a)

    so their chain is too; the few numbers that leave the range are sent on until they are back
    in it. Integers only: the same order on any platform and with any version of NumPy.

    Args:
        size: how many numbers, at least 0 and below 2**62.
        seed: of the order, at least 0.
        epoch: another order for each, at least 0.

    Example:
        >>> order = Permutation(7, seed=1)
        >>> sorted(order(np.arange(7)).tolist())
        [0, 1, 2, 3, 4, 5, 6]

    Source:
        Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002 (methods 2 and 3).
    """

    size: int
    seed: int
    epoch: int = 0

    def __call__(self, positions: NDArray) -> NDArray:
        """The numbers at some positions of the order.

        Args:
            positions: ints of shape (n,), each from 0 to size - 1.

        Returns:
            int64 of shape (n,), each from 0 to size - 1; no two positions share one.

        Raises:
            IndexError: if there is no such position.
        """
        positions = np.asarray(positions)
        if len(positions) and not (0 <= positions.min() and positions.max() < self.size):
            raise IndexError(f"positions are 0 to {self.size - 1}; got others.")
        numbers = self._once(positions.astype(np.uint64))
        outside = np.flatnonzero(numbers >= self.size)
        while len(outside):
            numbers[outside] = self._once(numbers[outside])
            outside = outside[numbers[outside] >= self.size]
        return numbers.astype(np.int64)

    def _once(self, numbers: NDArray) -> NDArray:
        """One pass through the network, one to one on the whole rectangle."""
        left_size, right_size = self._sides
        left = numbers // right_size
        right = numbers - left * right_size
        for key in self._keys:
            left, right = right, _added(left, _hashed(right, key, left_size), left_size)
            left_size, right_size = right_size, left_size
        return left * right_size + right

    @cached_property
    def _sides(self) -> tuple[np.uint64, np.uint64]:
        """Sides of the smallest near-square rectangle of at least `size` numbers."""
        right = max(1, int(np.ceil(np.sqrt(self.size))))
        return np.uint64(max(1, -(-self.size // right))), np.uint64(right)

    @cached_property
    def _keys(self) -> NDArray:
        """One key for each round; SeedSequence is stable by promise."""
        sequence = np.random.SeedSequence((self.seed, self.epoch, self.size))
        rounds = _ROUNDS_OF_FEW if self.size <= _FEW else _ROUNDS
        return sequence.generate_state(rounds, np.uint64)


def _added(left: NDArray, shift: NDArray, size: np.uint64) -> NDArray:
    """(left + shift) mod size, both below size: a comparison is faster than a division."""
    total = left + shift
    return total - size * (total >= size)


def _hashed(numbers: NDArray, key: np.uint64, size: np.uint64) -> NDArray:
    """Numbers below `size` that look random: two multiplications mix all bits with the key."""
    mixed = (numbers + key) * _MIX
    mixed ^= mixed >> _HALF
    mixed *= key | np.uint64(1)
    return ((mixed >> _HALF) * size) >> _HALF
