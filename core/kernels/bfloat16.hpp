// The matrix product with its factors rounded to bfloat16 (8 bits of mantissa) and sums in float32, on the tile registers
// of x86 processors (AMX: Sapphire Rapids and newer): up to 13 times the multiply-adds of the product in float32.
//
// Both factors are rounded and laid out anew for every product, which costs a few cycles a vector and is why small batches
// gain less. A tile is 16 rows of 32 numbers (of A), or 16 pairs of rows of 16 (of B, pairs side by side). A block of
// 2 × 2 tiles of C stays in registers for the whole length of K. Each element of C is summed in the order of K, whatever
// rows stand beside it.
#pragma once

#include "gemm.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TS_TILES __attribute__((target("amx-tile,amx-bf16,avx512bf16")))
#endif

namespace thetastar::TS_LEVEL {

inline constexpr Offset kTileSide = 16, kTileDepth = 32;  // rows and columns of a tile of C; numbers of K in one of A or B

// Room for a product's factors, in numbers of T, of which bfloat16 takes half of a float each.
inline Offset bfloat16_room(Offset M, Offset K) {
  const Offset depth = K + kTileDepth;
  return (M + kTileSide + 2 * kTileSide) * depth / 2;
}

template <class T>
bool has_bfloat16() {
  return false;
}
// Where a factor B (K, N) is used by many products, it is rounded once: `lines` long enough for K, in numbers of T.
struct RoundedLines {
  Offset depth, columns;  // in tiles
  RoundedLines(Offset K, Offset N) : depth((K + kTileDepth - 1) / kTileDepth), columns((N + kTileSide - 1) / kTileSide) {}
  Offset size() const { return depth * columns * kTileSide * kTileDepth / 2; }
};

// These two are never asked for: see has_bfloat16.
template <class T>
void multiply_bfloat16(Offset M, Offset N, const Product<T>& p, T* /*room*/, const T* /*rounded*/ = nullptr, Offset /*depth*/ = 0) {
  multiply<T>(M, N, p);
}
template <class T>
void round_lines(const T*, Offset /*ldb*/, Offset /*first*/, Offset /*count*/, const RoundedLines&, T* /*out*/) {}

#ifdef TS_TILES

// Whether this processor has the instructions, and the system lets this process use the registers; asked of it once.
inline bool ask_for_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & 1u << 22) || !(d & 1u << 24)) return false;  // AMX-BF16, AMX-TILE
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & 1u << 5)) return false;                      // AVX512-BF16
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // of arch_prctl
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

#if defined(__AVX512F__)

template <>
inline bool has_bfloat16<float>() {
  static const bool has = ask_for_tiles();
  return has;
}

using Brain = std::uint16_t;  // a bfloat16: the upper half of a float

// Numbers of a line of which `count` are left: zeros behind them.
TS_TILES inline __m512 some(const float* from, Offset count) {
  if (count >= 16) return _mm512_loadu_ps(from);
  return count <= 0 ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
}
// 32 numbers in their order.
TS_TILES inline __m512i rounded(__m512 first, __m512 second) { return (__m512i)_mm512_cvtne2ps_pbh(second, first); }
// 16 pairs: a number of each.
TS_TILES inline __m512i paired(__m512 first, __m512 second) {
  alignas(64) static constexpr Brain kOrder[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                   8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), rounded(first, second));
}
// A tile's 16 lines of 16 pairs become columns.
TS_TILES inline void store_turned(Vec<float>* lines, Brain* tile) {
  turn<float, 8>(lines);
  for (int r = 0; r < 16; ++r) _mm512_store_ps(tile + r * kTileDepth, (__m512)lines[r]);
}

// A (M, K) → tiles (M / 16, K / 32) of (16, 32).
TS_TILES inline void pack_left(const Left<float>& a, Offset M, Brain* out) {
  const Offset K = a.length;
  for (Offset i = 0; i < M; i += kTileSide)
    for (Offset k = 0; k < K; k += kTileDepth, out += kTileSide * kTileDepth) {
      if (a.step == 1) {
        for (Offset r = 0; r < std::min(kTileSide, M - i); ++r) {
          const float* line = a.data + (i + r) * a.row + k;
          _mm512_store_si512(out + r * kTileDepth, rounded(some(line, K - k), some(line + 16, K - k - 16)));
        }
      } else {  // its columns are lines
        Vec<float> pairs[16];
        for (Offset r = 0; r < 16; ++r) {
          const float* line = a.data + (k + 2 * r) * a.step + i;
          const bool one = k + 2 * r < K, two = k + 2 * r + 1 < K;
          pairs[r] = (Vec<float>)paired(some(line, one ? M - i : 0), some(line + (two ? a.step : 0), two ? M - i : 0));
        }
        store_turned(pairs, out);
      }
    }
}

// Columns j ... j + 16 · columns of B (K, N) → tiles (K / 32, columns) of (16 pairs of rows, 16).
TS_TILES inline void pack_columns(const Product<float>& p, Offset N, Offset j, int columns, Brain* out) {
  const Offset K = p.a.length;
  for (Offset k = 0; k < K; k += kTileDepth)
    for (int c = 0; c < columns; ++c, out += kTileSide * kTileDepth) {
      const Offset column = j + c * kTileSide;
      if (p.turned) {
        Vec<float> lines[16];
        for (Offset r = 0; r < 16; ++r) {
          const float* line = p.b + (column + r) * p.ldb + k;
          const bool there = column + r < N;
          lines[r] = (Vec<float>)rounded(some(line, there ? K - k : 0), some(there ? line + 16 : line, there ? K - k - 16 : 0));
        }
        store_turned(lines, out);
      } else {
        for (Offset r = 0; r < 16; ++r) {
          const float* line = p.b + (k + 2 * r) * p.ldb + column;
          const bool one = k + 2 * r < K, two = k + 2 * r + 1 < K;
          _mm512_store_si512(out + r * kTileDepth, paired(some(line, one ? 16 : 0), some(two ? line + p.ldb : line, two ? 16 : 0)));
        }
      }
    }
}

// Lines first ... first + count of a B, whose first of them is at b, into the tiles that pack_columns gives for all of it. An
// odd number of lines is followed by zeros, so a line that others write must begin a pair.
template <>
TS_TILES inline void round_lines<float>(const float* b, Offset ldb, Offset first, Offset count, const RoundedLines& lines, float* out) {
  Brain* panel = reinterpret_cast<Brain*>(out);
  for (Offset c = 0; c < lines.columns; c += 2) {
    const Offset columns = std::min<Offset>(2, lines.columns - c);
    for (Offset k = first; k < first + count; k += 2) {
      const float* line = b + (k - first) * ldb + c * kTileSide;
      const bool two = k + 1 < first + count;
      for (Offset t = 0; t < columns; ++t) {
        const float* at = line + t * kTileSide;
        Brain* pairs = panel + ((k / kTileDepth * columns + t) * kTileSide + k % kTileDepth / 2) * kTileDepth;
        _mm512_store_si512(pairs, paired(some(at, 16), some(two ? at + ldb : at, two ? 16 : 0)));
      }
    }
    panel += lines.depth * columns * kTileSide * kTileDepth;
  }
}

// The registers' shapes: 0 to 3 are C (upper and lower rows, left and right), 4 and 5 A (upper, lower), 6 and 7 B.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {};
  TileShapes(Offset upper, Offset lower) {
    const auto up = static_cast<std::uint8_t>(upper), low = static_cast<std::uint8_t>(lower);
    for (const int i : {0, 1, 4}) rows[i] = up;
    for (const int i : {2, 3, 5}) rows[i] = low, bytes[i] = low ? 64 : 0;
    for (const int i : {6, 7}) rows[i] = 16;
  }
};

// One or two tiles of rows times one or two of columns; a and b are packed, `depth` tiles long.
template <bool kTwoRows, bool kTwoColumns>
TS_TILES void tile_block(const Product<float>& p, Offset i, Offset j, const Brain* a, const Brain* b, Offset depth) {
  constexpr Offset kTile = kTileSide * kTileDepth;
  const Offset line = p.ldc * static_cast<Offset>(sizeof(float));
  float *upper = p.c + i * p.ldc + j, *lower = upper + kTileSide * p.ldc;
  asm volatile("" ::: "memory");  // what was packed is there
  if (p.begin == Begin::kZero) {
    _tile_zero(0);
    if constexpr (kTwoColumns) _tile_zero(1);
    if constexpr (kTwoRows) _tile_zero(2);
    if constexpr (kTwoRows && kTwoColumns) _tile_zero(3);
  } else {  // the bias is the same line for all rows
    const bool adds = p.begin == Begin::kAdd;
    const float *first = adds ? upper : p.bias + j, *second = adds ? lower : p.bias + j;
    const Offset step = adds ? line : 0;
    _tile_loadd(0, first, step);
    if constexpr (kTwoColumns) _tile_loadd(1, first + kTileSide, step);
    if constexpr (kTwoRows) _tile_loadd(2, second, step);
    if constexpr (kTwoRows && kTwoColumns) _tile_loadd(3, second + kTileSide, step);
  }
  for (Offset k = 0; k < depth; ++k, a += kTile, b += kTwoColumns ? 2 * kTile : kTile) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kTwoColumns) {
      _tile_loadd(7, b + kTile, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kTwoRows) {
      _tile_loadd(5, a + depth * kTile, 64);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kTwoRows && kTwoColumns) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, upper, line);
  if constexpr (kTwoColumns) _tile_stored(1, upper + kTileSide, line);
  if constexpr (kTwoRows) _tile_stored(2, lower, line);
  if constexpr (kTwoRows && kTwoColumns) _tile_stored(3, lower + kTileSide, line);
  asm volatile("" ::: "memory");
}

// Rows that are left over have shapes of their own; setting the shapes costs as much as some tiles, so it is done only where
// they change.
template <bool kTwoColumns>
TS_TILES void tile_panel(const Product<float>& p, Offset M, Offset j, const Brain* a, const Brain* b, Offset depth, const TileShapes& whole,
                         const TileShapes& rest) {
  const Offset lines = depth * kTileSide * kTileDepth, wholes = M / (2 * kTileSide) * (2 * kTileSide);
  const bool changes = wholes > 0 && wholes < M;
  if (changes) _tile_loadconfig(&whole);
  for (Offset i = 0; i < wholes; i += 2 * kTileSide) tile_block<true, kTwoColumns>(p, i, j, a + i / kTileSide * lines, b, depth);
  if (wholes == M) return;
  if (changes) _tile_loadconfig(&rest);
  if (M - wholes > kTileSide)
    tile_block<true, kTwoColumns>(p, wholes, j, a + wholes / kTileSide * lines, b, depth);
  else
    tile_block<false, kTwoColumns>(p, wholes, j, a + wholes / kTileSide * lines, b, depth);
}

// As `multiply`, but for the rectifier, and for A with one segment only. room: bfloat16_room(M, K) numbers. rounded: all of B,
// by round_lines, so deep that it has room for more lines than these; or null.
template <>
TS_TILES inline void multiply_bfloat16<float>(Offset M, Offset N, const Product<float>& p, float* room, const float* rounded, Offset deepest) {
  constexpr Offset kTile = kTileSide * kTileDepth;
  const Offset depth = (p.a.length + kTileDepth - 1) / kTileDepth, rows = (M + kTileSide - 1) / kTileSide, left = M % (2 * kTileSide);
  Brain *a = reinterpret_cast<Brain*>(room), *panel = a + rows * depth * kTile;
  const TileShapes whole(kTileSide, kTileSide), rest(std::min(left, kTileSide), std::max<Offset>(0, left - kTileSide));
  pack_left(p.a, M, a);
  _tile_loadconfig(left > 0 ? &rest : &whole);
  for (Offset j = 0; j < N; j += 2 * kTileSide) {
    const bool two = j + kTileSide < N;
    const Brain* b = panel;
    if (rounded)
      b = reinterpret_cast<const Brain*>(rounded) + j / kTileSide * deepest * kTile;
    else
      pack_columns(p, N, j, two ? 2 : 1, panel);
    two ? tile_panel<true>(p, M, j, a, b, depth, whole, rest) : tile_panel<false>(p, M, j, a, b, depth, whole, rest);
  }
  _tile_release();
}

#endif  // __AVX512F__
#endif  // TS_TILES

}  // namespace thetastar::TS_LEVEL
