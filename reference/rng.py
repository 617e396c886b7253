"""Threefry-2x32 with 20 rounds: random bits as a function of a key and a counter, with no state in between.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3 and table 1.
"""

from __future__ import annotations

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
KEY_PARITY = 0x1BD11BDA
MASK = 0xFFFFFFFF

# (counter, key, output), from the authors' file of known answers
KNOWN_ANSWERS = (
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
)


def rotate_left(word: int, bits: int) -> int:
    """Turn a 32-bit word left: (word << bits | word >> (32 - bits)) mod 2^32."""
    return ((word << bits) | (word >> (32 - bits))) & MASK


def threefry2x32(counter: tuple[int, int], key: tuple[int, int]) -> tuple[int, int]:
    """Mix two counter words under two key words.

    Round r:  x0 <- x0 + x1;  x1 <- rotate(x1, R[r mod 8]) xor x0.
    After every fourth round, the s-th such time:  x0 <- x0 + k[s mod 3];  x1 <- x1 + k[(s + 1) mod 3] + s,
    where k = (key0, key1, 0x1BD11BDA xor key0 xor key1). All sums are mod 2^32.
    """
    k = (key[0], key[1], KEY_PARITY ^ key[0] ^ key[1])
    x0 = (counter[0] + k[0]) & MASK
    x1 = (counter[1] + k[1]) & MASK
    for r in range(20):
        x0 = (x0 + x1) & MASK
        x1 = rotate_left(x1, ROTATIONS[r % 8]) ^ x0
        if r % 4 == 3:
            s = r // 4 + 1
            x0 = (x0 + k[s % 3]) & MASK
            x1 = (x1 + k[(s + 1) % 3] + s) & MASK
    return x0, x1


def halves(number: int) -> tuple[int, int]:
    """The low and the high 32 bits of a number."""
    return number & MASK, number >> 32 & MASK


def draw(seed: int, purpose: int, index: int, counter: int) -> tuple[int, int]:
    """Two words for a seed's purpose (9: the signs of a curvature), a step and a place: keys folded in one by one."""
    key = threefry2x32(halves(purpose), halves(seed))
    return threefry2x32(halves(counter), threefry2x32(halves(index), key))
