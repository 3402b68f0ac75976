"""Linear algebra of small matrices, unrolled: a step for each row.

Formulas: G. Golub and C. Van Loan, Matrix Computations, chapters 3 and 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

# A step is some ten operators.
_MOST_ROWS = 32


def inverse(call: OperatorCall, a: Any) -> Any:
    """Gauss-Jordan elimination with partial pivoting, of the matrix beside the identity."""
    import tensorflow as tf

    rows = _rows(call)
    if call.attributes["adjoint"]:
        a = tf.linalg.matrix_transpose(a)
    identity = np.broadcast_to(np.eye(rows, dtype=np.float32), call.sizes(0))
    return _eliminate(a, identity + tf.zeros_like(a))[1]


def solve(call: OperatorCall, a: Any, b: Any) -> Any:
    """As `inverse`, with the right-hand side in place of the identity."""
    import tensorflow as tf

    _rows(call)
    return _eliminate(tf.linalg.matrix_transpose(a) if call.attributes["adjoint"] else a, b)[1]


def determinant(call: OperatorCall, a: Any) -> Any:
    """The product of the pivots, each exchange of rows turning the sign."""
    import tensorflow as tf

    _rows(call)
    pivots, _ = _eliminate(a, tf.zeros_like(a)[..., :1])
    return tf.reduce_prod(pivots, axis=-1)


def log_determinant(call: OperatorCall, a: Any) -> tuple[Any, Any]:
    """Sign and logarithm of the determinant, from the pivots."""
    import tensorflow as tf

    _rows(call)
    pivots, _ = _eliminate(a, tf.zeros_like(a)[..., :1])
    signs = tf.reduce_prod(tf.sign(pivots), axis=-1)
    return signs, tf.reduce_sum(tf.math.log(tf.abs(pivots)), axis=-1)


def triangular_solve(call: OperatorCall, a: Any, b: Any) -> Any:
    """Substitution, row after row."""
    import tensorflow as tf

    rows = _rows(call)
    lower = call.attributes["lower"]
    if call.attributes["adjoint"]:
        a, lower = tf.linalg.matrix_transpose(a), not lower
    solved: dict[int, Any] = {}
    for row in range(rows) if lower else reversed(range(rows)):
        rest = b[..., row : row + 1, :]
        for column, known in solved.items():
            rest = rest - a[..., row : row + 1, column : column + 1] * known
        solved[row] = rest / a[..., row : row + 1, row : row + 1]
    return tf.concat([solved[row] for row in range(rows)], axis=-2)


def cholesky(call: OperatorCall, a: Any) -> Any:
    """Column after column, each taken off what is left (the outer product form)."""
    import tensorflow as tf

    rows = _rows(call)
    columns = []
    for k in range(rows):
        column = a[..., :, k : k + 1] / tf.sqrt(a[..., k : k + 1, k : k + 1])
        # Rounding leaves a little above the diagonal.
        column = column * (np.arange(rows) >= k).astype(np.float32)[:, None]
        columns.append(column)
        a = a - column * tf.linalg.matrix_transpose(column)
    return tf.concat(columns, axis=-1)


def _rows(call: OperatorCall) -> int:
    rows = call.sizes(0)[-1]
    if rows > _MOST_ROWS:
        raise NoRewrite(f"a matrix of {rows} rows")
    return rows


def _eliminate(a: Any, b: Any) -> tuple[Any, Any]:
    """Pivots, with the sign of their exchange, and the solution of `a x = b`."""
    import tensorflow as tf

    rows = int(a.shape[-1])
    both = tf.concat([a, b], axis=-1)
    pivots = []
    for k in range(rows):
        places = np.arange(rows, dtype=np.int32)
        sizes = tf.where(places >= k, tf.abs(both[..., k]), -1.0)
        at_pivot = tf.one_hot(tf.argmax(sizes, axis=-1, output_type=tf.int32), rows)
        at_row = (places == k).astype(np.float32)
        pivot_row = tf.reduce_sum(at_pivot[..., None] * both, axis=-2, keepdims=True)
        row = both[..., k : k + 1, :]
        # Exchanged: row k goes to where the pivot was, and the pivot's row comes below.
        both = tf.where(at_pivot[..., None] > 0.0, row + tf.zeros_like(both), both)
        moved = tf.reduce_sum(at_pivot * at_row, axis=-1)
        pivot = pivot_row[..., 0, k]
        pivots.append(tf.where(moved > 0.0, pivot, -pivot))
        scaled = pivot_row / pivot[..., None, None]
        reduced = both - both[..., :, k : k + 1] * scaled
        both = tf.where(at_row[:, None] > 0.0, scaled + tf.zeros_like(both), reduced)
    return tf.stack(pivots, axis=-1), both[..., rows:]


RULES: dict[str, Rule] = {
    "Cholesky": cholesky,
    "LogMatrixDeterminant": log_determinant,
    "MatrixDeterminant": determinant,
    "MatrixInverse": inverse,
    "MatrixSolve": solve,
    "MatrixTriangularSolve": triangular_solve,
}
