"""Short strings: formatted, concatenated, joined into one long string and split again."""


def run(loops):
    pieces = 0
    for _ in range(loops):
        words = []
        for number in range(40_000):
            words.append(f"word{number}" + "-tail")
        pieces += len(",".join(words).split(","))
    return pieces
