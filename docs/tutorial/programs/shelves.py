"""Counts the words on the labels of shelves; the cutting is done in C (labels.c)."""
import time

import labels


def count_words(shelf):
    label = ", ".join(f"word {number} of shelf {shelf}" for number in range(20))
    return len(labels.words(label))


def main():
    for shelf in range(500):
        count_words(shelf)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
