"""A big live heap (about 100 MB): records that are all kept until the end, so that memory added per live byte shows."""


def run(loops):
    records = {}
    for turn in range(loops):
        for number in range(100_000):
            key = f"{turn}:{number}"
            records[key] = {"key": key, "values": [number + 0.5, turn + 0.25], "pair": (number, key)}
    return len(records)
