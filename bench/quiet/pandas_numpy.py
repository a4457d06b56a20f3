"""pandas and numpy: group, merge, pivot, resample, CSV there and back, linear algebra."""

import io

import numpy as np
import pandas as pd
from load import until_end

random = np.random.default_rng(1)
for number in until_end():
    frame = pd.DataFrame(
        {
            "key": random.integers(0, 20, 500),
            "name": [f"n{i % 37}" for i in range(500)],
            "value": random.normal(size=500),
            "time": pd.date_range("2026-01-01", periods=500, freq="min"),
        }
    )
    sums = frame.groupby("key")["value"].agg(["mean", "sum", "count"])
    frame.merge(sums, left_on="key", right_index=True).pivot_table(index="name", columns="key", values="value")
    frame.set_index("time")["value"].resample("10min").mean().rolling(3).max()
    pd.read_csv(io.StringIO(frame.to_csv(index=False)), parse_dates=["time"])
    matrix = random.normal(size=(60, 60))
    np.linalg.solve(matrix, np.linalg.svd(matrix @ matrix.T)[0])
