"""Quantities that carry their own first and second time derivative, exactly.

Second-order forward differentiation: every rule is the product or chain rule written out, so the
derivatives of the synthetic walker are exact to rounding, also where two pieces of a curve meet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Jet:
    """A quantity at n instants; time is the first axis of three arrays of one shape.

    Attributes
    ----------
    at, d, dd : value, first and second derivative with respect to time (per s, per s^2).
    """

    at: np.ndarray
    d: np.ndarray
    dd: np.ndarray

    def __add__(self, other: "Jet | np.ndarray | float") -> "Jet":
        if isinstance(other, Jet):
            return Jet(self.at + other.at, self.d + other.d, self.dd + other.dd)
        return Jet(self.at + other, self.d, self.dd)

    def __neg__(self) -> "Jet":
        return Jet(-self.at, -self.d, -self.dd)

    def __sub__(self, other: "Jet | np.ndarray | float") -> "Jet":
        return self + (-other)

    def __mul__(self, other: "Jet | float") -> "Jet":
        if isinstance(other, Jet):
            return bilinear(np.multiply, self, other)
        return Jet(self.at * other, self.d * other, self.dd * other)

    def __truediv__(self, other: "Jet | float") -> "Jet":
        if isinstance(other, Jet):
            y = other.at
            return self * chain(other, 1.0 / y, -1.0 / y**2, 2.0 / y**3)
        return self * (1.0 / other)


def constant(x: np.ndarray) -> Jet:
    """A quantity that does not change; `x` has time as its first axis."""
    still = np.zeros_like(x)
    return Jet(x, still, still)


def linear(f: Callable[[np.ndarray], np.ndarray], x: Jet) -> Jet:
    """A linear function of a jet."""
    return Jet(f(x.at), f(x.d), f(x.dd))


def bilinear(f: Callable[[np.ndarray, np.ndarray], np.ndarray], x: Jet, y: Jet) -> Jet:
    """A function that is linear in either argument: the product rule, twice."""
    return Jet(
        f(x.at, y.at),
        f(x.d, y.at) + f(x.at, y.d),
        f(x.dd, y.at) + 2.0 * f(x.d, y.d) + f(x.at, y.dd),
    )


def chain(x: Jet, value: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> Jet:
    """g(x) from g, g' and g'' at x, element by element."""
    return Jet(value, slope * x.d, slope * x.dd + curvature * x.d**2)


def cos(x: Jet) -> Jet:
    """Cosine."""
    c = np.cos(x.at)
    return chain(x, c, -np.sin(x.at), -c)


def sin(x: Jet) -> Jet:
    """Sine."""
    s = np.sin(x.at)
    return chain(x, s, np.cos(x.at), -s)


def sqrt(x: Jet) -> Jet:
    """Square root of a positive quantity."""
    root = np.sqrt(x.at)
    return chain(x, root, 0.5 / root, -0.25 / root**3)


def step(x: Jet) -> Jet:
    """0 below 0, 1 above 1, quintic between: twice continuously differentiable."""
    z = np.clip(x.at, 0.0, 1.0)
    rest = 1.0 - z
    value = z * z * z * (10.0 + z * (6.0 * z - 15.0))
    return chain(x, value, 30.0 * (z * rest) ** 2, 60.0 * z * rest * (rest - z))


def dot(x: Jet, y: Jet) -> Jet:
    """Inner product of vectors, shape (n, 3) -> (n, 1)."""
    return bilinear(lambda a, b: np.sum(a * b, axis=1, keepdims=True), x, y)


def cross(x: Jet, y: Jet) -> Jet:
    """Vector product, shape (n, 3)."""
    return bilinear(np.cross, x, y)


def unit(x: Jet) -> Jet:
    """Vectors of length one, shape (n, 3)."""
    return x / sqrt(dot(x, x))


def columns(*parts: Jet) -> Jet:
    """Scalars of shape (n,) to vectors, or vectors to matrices of which they are the columns."""
    return Jet(
        np.stack([p.at for p in parts], axis=-1),
        np.stack([p.d for p in parts], axis=-1),
        np.stack([p.dd for p in parts], axis=-1),
    )


def rotate(r: Jet, v: Jet | np.ndarray) -> Jet:
    """Rotate vectors: (n, 3, 3) and (n, 3), or one vector (3,) -> (n, 3)."""
    if isinstance(v, Jet):
        return bilinear(lambda a, b: np.einsum("nij,nj->ni", a, b), r, v)
    return linear(lambda a: a @ v, r)


def compose(a: Jet | np.ndarray, b: Jet | np.ndarray) -> Jet:
    """Product of rotations, (n, 3, 3); one of the two may be a constant matrix (3, 3)."""
    if isinstance(a, Jet):
        return bilinear(np.matmul, a, b) if isinstance(b, Jet) else linear(lambda x: x @ b, a)
    return linear(lambda x: a @ x, b) if isinstance(b, Jet) else constant(a @ b)


def rotation(axis: int, angle_rad: float) -> np.ndarray:
    """One right-handed turn about coordinate axis 0, 1 or 2, shape (3, 3)."""
    return np.asarray(turn(axis, constant(np.array([angle_rad]))).at[0])


def turn(axis: int, angle_rad: Jet) -> Jet:
    """Right-handed turn about coordinate axis 0, 1 or 2; shape (n,) -> (n, 3, 3)."""
    c, s = cos(angle_rad), sin(angle_rad)
    i, j = (axis + 1) % 3, (axis + 2) % 3

    def fill(of_axis: float, c: np.ndarray, s: np.ndarray) -> np.ndarray:
        r = np.zeros((len(c), 3, 3))
        r[:, axis, axis] = of_axis
        r[:, i, i] = r[:, j, j] = c
        r[:, j, i] = s
        r[:, i, j] = -s
        return r

    return Jet(fill(1.0, c.at, s.at), fill(0.0, c.d, s.d), fill(0.0, c.dd, s.dd))


def spin(r: Jet) -> tuple[np.ndarray, np.ndarray]:
    """Angular velocity (rad/s) and acceleration (rad/s^2) in the lab, shape (n, 3) each.

    From dR/dt R^T = [w] and d2R/dt2 R^T = [a] + [w]^2, of which [w]^2 is the symmetric part.
    """
    back = np.swapaxes(r.at, 1, 2)

    def skew_part(m: np.ndarray) -> np.ndarray:
        odd = 0.5 * (m - np.swapaxes(m, 1, 2))
        return np.stack([odd[:, 2, 1], odd[:, 0, 2], odd[:, 1, 0]], axis=1)

    return skew_part(r.d @ back), skew_part(r.dd @ back)
