"""Temporal convolution and causal transformer in float64 NumPy, one step of one row at a time.

Written from the equations of the papers: loops over steps, taps and heads, no shared layout but the
order in which Keras lists weights.
"""

from __future__ import annotations

import math

import numpy as np

Weights = list[np.ndarray]


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, dilation: int) -> np.ndarray:
    """Dilated causal convolution of (steps, features); the last tap is the step itself."""
    taps = len(kernel)
    out = np.zeros((len(x), kernel.shape[2]))
    for t in range(len(x)):
        out[t] = bias
        for tap in range(taps):
            source = t - (taps - 1 - tap) * dilation
            if source >= 0:
                out[t] += x[source] @ kernel[tap]
    return out


def convolution_block(x: np.ndarray, weights: Weights, dilation: int) -> np.ndarray:
    kernel_1, bias_1, kernel_2, bias_2, *widening = weights
    inner = np.maximum(convolve(x, kernel_1, bias_1, dilation), 0)
    inner = np.maximum(convolve(inner, kernel_2, bias_2, dilation), 0)
    return np.maximum(inner + (x @ widening[0] if widening else x), 0)


def normed(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / deviation * gamma + beta


def gelu(x: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))))(x)


def turned(vector: np.ndarray, step: int) -> np.ndarray:
    """Rotary position: complex numbers (first half, second half) times exp(i angle step)."""
    half = len(vector) // 2
    number = vector[:half] + 1j * vector[half:]
    number = number * np.exp(1j * step * 10_000.0 ** (-np.arange(half) / half))
    return np.concatenate([number.real, number.imag])


def attention(x: np.ndarray, weights: Weights, window: int) -> np.ndarray:
    """Causal attention to the last `window` steps, head by head."""
    w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o = weights
    out = np.tile(b_o, (len(x), 1)).astype(float)
    for head in range(w_q.shape[1]):
        query, key, value = (x @ w[:, head] + b[head] for w, b in
                             ((w_q, b_q), (w_k, b_k), (w_v, b_v)))  # fmt: skip
        for t in range(len(x)):
            seen = range(max(0, t - window + 1), t + 1)
            scores = [turned(query[t], t) @ turned(key[s], s) / np.sqrt(w_q.shape[2]) for s in seen]
            shares = np.exp(scores) / np.exp(scores).sum()
            found = sum(share * value[s] for share, s in zip(shares, seen, strict=True))
            out[t] += found @ w_o[head]
    return out


def transformer_block(x: np.ndarray, weights: dict[str, Weights], window: int) -> np.ndarray:
    x = x + attention(normed(x, *weights["norm_0"]), weights["attention"], window)
    (w_1, b_1), (w_2, b_2) = weights["widening"], weights["narrowing"]
    return x + gelu(normed(x, *weights["norm_1"]) @ w_1 + b_1) @ w_2 + b_2
