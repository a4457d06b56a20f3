"""numpy: many small temporaries, some of many megabytes, and one array that lives to the end."""

import numpy as np


def run(loops):
    result = np.zeros(500_000)
    for turn in range(loops):
        for size in range(16, 1_616, 4):
            left = np.arange(size, dtype=np.float64)
            right = left * 1.5 + turn
            result[:size] += np.sort(right - left.mean())
        large = np.linspace(0.0, 1.0, 500_000)
        result += np.sqrt(large * large + turn)
    return float(result.sum())
