"""Channels that must go or stay together: union-find over numbered channels ("atoms")."""

from __future__ import annotations

import numpy as np

FIXED = -1


class Atoms:
    """Sets of atoms, which may be frozen.

    An atom is one channel of a layer that makes channels. `FIXED` stands for a channel at the
    edge of the model: what is united with it stays because the model's inputs and outputs do.
    """

    def __init__(self) -> None:
        self._parent: list[int] = []
        self.at_edge: list[bool] = []
        self.frozen: list[bool] = []
        self.tied: list[bool] = []

    def new(self, count: int) -> np.ndarray:
        """`count` atoms, each a set of its own."""
        start = len(self._parent)
        self._parent.extend(range(start, start + count))
        for flags in (self.at_edge, self.frozen, self.tied):
            flags.extend([False] * count)
        return np.arange(start, start + count)

    def root(self, atom: int) -> int:
        """The number that stands for an atom's set."""
        parent = self._parent
        while parent[atom] != atom:
            parent[atom] = parent[parent[atom]]
            atom = parent[atom]
        return atom

    def roots(self, atoms: np.ndarray) -> np.ndarray:
        """The same, of an array that may hold `FIXED`."""
        unique, inverse = np.unique(atoms, return_inverse=True)
        found = [FIXED if atom < 0 else self.root(int(atom)) for atom in unique]
        return np.asarray(found, dtype=np.int64)[inverse.reshape(np.shape(atoms))]

    def unite(self, one: np.ndarray, other: np.ndarray, *, tie: bool = False) -> None:
        """Make each pair one set; `tie` marks sets that were two before."""
        for a, b in np.unique(np.stack([one, other], axis=1), axis=0).tolist():
            if a < 0 or b < 0:
                self.fix(np.asarray([a, b]))
                continue
            a, b = self.root(a), self.root(b)
            if a == b:
                continue
            low, high = min(a, b), max(a, b)
            self._parent[high] = low
            self.at_edge[low] |= self.at_edge[high]
            self.frozen[low] |= self.frozen[high]
            self.tied[low] |= self.tied[high] or tie

    def fix(self, atoms: np.ndarray) -> None:
        """Keep them, because the model's inputs or outputs need them."""
        for atom in np.unique(atoms).tolist():
            if atom >= 0:
                self.at_edge[self.root(atom)] = True

    def freeze(self, atoms: np.ndarray) -> None:
        """Keep them for another reason."""
        for atom in np.unique(atoms).tolist():
            if atom >= 0:
                self.frozen[self.root(atom)] = True

    def is_fixed(self, atoms: np.ndarray) -> bool:
        """Whether all of them stay because of the model's inputs or outputs."""
        return all(a < 0 or self.at_edge[self.root(a)] for a in np.unique(atoms).tolist())
