// The matrix product on the tile registers of x86 processors (AMX: Sapphire Rapids and newer), which multiply bfloat16 (8 bits
// of mantissa) and sum in float32. A number of a factor becomes one rounded part, or three parts whose sum has all of its 24
// bits. Of the nine products of two numbers' parts the six largest are computed; each of the others is at most as large as a
// product's rounding (Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for higher-precision
// computations", 2019). Sums of three parts have half the error of those by vectors (tests/core/arithmetic.hpp).
//
// Both factors are laid out anew for every product, which is why small sizes gain nothing. A tile of A is 16 rows of 32 numbers,
// one of B 16 lines of 16 pairs: the rows r and r + 16 of B side by side, and A's columns in the same order. 2 × 2 tiles of C
// stay in registers for the whole length of K, and B's next tiles are laid out meanwhile. Each element of C is summed 32 numbers
// of K at a time, in their order, whatever rows stand beside it.
#pragma once

#include "gemm.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TS_TILES __attribute__((target("amx-tile,amx-bf16")))
#endif

namespace thetastar::TS_LEVEL {

inline constexpr Offset kTileSide = 16,
                        kTileDepth = 32;  // rows and columns of a tile of C; numbers of K in one of A or B
inline constexpr Offset kTileNumbers = kTileSide * kTileDepth / 2;  // in floats, of which a bfloat16 is half

inline Offset tiles_in(Offset numbers, Offset side) { return (numbers + side - 1) / side; }

// Room for a product's factors, in floats: all of A, and columns of B.
inline Offset bfloat16_room(Offset M, Offset K, int parts) {
  return (tiles_in(M, kTileSide) + 4) * tiles_in(K, kTileDepth) * parts * kTileNumbers;
}

// Where a factor B (K, N) is used by many products, it is laid out once, with room for this many tiles.
struct PackedRight {
  int parts;
  Offset depth, columns;  // in tiles
  PackedRight(Offset K, Offset N, int how_many)
      : parts(how_many), depth(tiles_in(K, kTileDepth)), columns(tiles_in(N, kTileSide)) {}
  Offset size() const { return depth * columns * parts * kTileNumbers; }
};

template <class T>
bool has_bfloat16() {
  return false;
}
// These two are never asked for: see has_bfloat16.
template <class T>
void multiply_bfloat16(Offset M, Offset N, const Product<T>& p, int /*parts*/, T* /*room*/,
                       const T* /*packed*/ = nullptr, Offset /*depth*/ = 0) {
  multiply<T>(M, N, p);
}
template <class T>
void pack_right(const T*, Offset /*ldb*/, Offset /*first*/, Offset /*count*/, Offset /*from*/, Offset /*to*/,
                const PackedRight&, T* /*out*/) {}

#ifdef TS_TILES

// Whether this processor has the instructions, and the system lets this process use the registers; asked of it once.
inline bool has_tiles() {
  static const bool has = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & 1u << 22) || !(d & 1u << 24))
      return false;                                              // AMX-BF16, AMX-TILE
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // of arch_prctl
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

#if defined(__AVX512F__)

template <>
inline bool has_bfloat16<float>() {
  return has_tiles();
}

using Brain = std::uint16_t;  // a bfloat16: the upper half of a float
inline constexpr Offset kTileBrains = kTileSide * kTileDepth;

// Numbers of a line of which `count` are left: zeros behind them.
TS_TILES inline __m512 some(const float* from, Offset count) {
  if (count >= 16) return _mm512_loadu_ps(from);
  return count <= 0 ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
}
// 16 lines of up to 16 numbers, turned.
TS_TILES inline void load_turned(const float* from, Offset ld, Offset lines, Offset numbers, Vec<float>* out) {
  for (Offset r = 0; r < 16; ++r) out[r] = (Vec<float>)some(from + (r < lines ? r * ld : 0), r < lines ? numbers : 0);
  turn<float, 8>(out);
}

// Rounded to 8 bits of mantissa, halves away from zero. What that leaves of the number is a float again.
TS_TILES inline __m512 upper_part(__m512 x) {
  const __m512i bits = _mm512_add_epi32((__m512i)x, _mm512_set1_epi32(0x8000));
  return (__m512)_mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(0xffff0000u)));
}
// 16 pairs of upper halves.
TS_TILES inline __m512i paired(__m512 first, __m512 second) {
  constexpr int kFirstOrMaskedSecond = 0xf8;
  return _mm512_ternarylogic_epi32(_mm512_srli_epi32((__m512i)first, 16), (__m512i)second,
                                   _mm512_set1_epi32(static_cast<int>(0xffff0000u)), kFirstOrMaskedSecond);
}
// 16 pairs: a line of a tile, and of each of the tiles behind it that hold the other parts. The third part needs no rounding.
template <int kParts>
TS_TILES inline void store_line(__m512 first, __m512 second, Brain* line) {
  TS_UNROLLED for (int part = 0; part < kParts; ++part) {
    const bool rest = part == 2;
    const __m512 one = rest ? first : upper_part(first), two = rest ? second : upper_part(second);
    _mm512_store_si512(line + part * kTileBrains, paired(one, two));
    first = _mm512_sub_ps(first, one);
    second = _mm512_sub_ps(second, two);
  }
}
template <int kParts>
TS_TILES inline void store_turned(const Vec<float>* lines, Brain* tile) {  // 32 of them
  for (Offset r = 0; r < 16; ++r) store_line<kParts>((__m512)lines[r], (__m512)lines[r + 16], tile + r * kTileDepth);
}

// A (M, K) → tiles (M / 16, K / 32)
template <int kParts>
TS_TILES void pack_left(const Left<float>& a, Offset M, Brain* out) {
  for (Offset i = 0; i < M; i += kTileSide)
    for (Offset k = 0; k < a.length; k += kTileDepth, out += kParts * kTileBrains) {
      const Offset left = a.length - k;
      const float *first = a.data + i * a.row + k * a.step, *second = left > 16 ? first + 16 * a.step : first;
      if (a.step == 1) {
        for (Offset r = 0; r < std::min(kTileSide, M - i); ++r)
          store_line<kParts>(some(first + r * a.row, left), some(second + r * a.row, left - 16), out + r * kTileDepth);
      } else {  // its columns are lines
        Vec<float> lines[32];
        load_turned(first, a.step, left, M - i, lines);
        load_turned(second, a.step, left - 16, M - i, lines + 16);
        store_turned<kParts>(lines, out);
      }
    }
}

// One tile of B from rows of which `left` are there.
template <int kParts>
TS_TILES inline void pack_rows(const float* b, Offset ldb, Offset left, Brain* tile) {
  for (Offset r = 0; r < 16; ++r) {
    const bool one = r < left, two = r + 16 < left;
    store_line<kParts>(some(b + (one ? r * ldb : 0), one ? 16 : 0), some(b + (two ? (r + 16) * ldb : 0), two ? 16 : 0),
                       tile + r * kTileDepth);
  }
}

template <int kParts>
TS_TILES void pack_right_in_parts(const float* b, Offset ldb, Offset first, Offset count, Offset from, Offset to,
                                  const PackedRight& packed, Brain* out) {
  for (Offset column = from / kTileSide; column < tiles_in(to, kTileSide); ++column) {
    const Offset panel = column / 2 * 2, columns = std::min<Offset>(2, packed.columns - panel);
    for (Offset k = 0; k < count; k += kTileDepth) {
      const Offset tile = panel * packed.depth + (first + k) / kTileDepth * columns + column - panel;
      pack_rows<kParts>(b + k * ldb + column * kTileSide, ldb, count - k, out + tile * kParts * kTileBrains);
    }
  }
}
// Rows first ... first + count and columns from ... to of a B, whose first such row is at b. Rows come 32 at a time, but for
// the last ones; columns 16 at a time.
template <>
TS_TILES inline void pack_right<float>(const float* b, Offset ldb, Offset first, Offset count, Offset from, Offset to,
                                       const PackedRight& packed, float* out) {
  Brain* tiles = reinterpret_cast<Brain*>(out);
  if (packed.parts == 1) pack_right_in_parts<1>(b, ldb, first, count, from, to, packed, tiles);
  if (packed.parts == 3) pack_right_in_parts<3>(b, ldb, first, count, from, to, packed, tiles);
}

// Columns j ... j + 32 of B → tiles (K / 32, 2 or 1): all together, or one by one while others are multiplied.
template <int kParts>
class Panel {
 public:
  Panel(const Product<float>& p, Offset N, Offset j, Brain* out)
      : p_(p), N_(N), j_(j), columns_(std::clamp<Offset>(tiles_in(N - j, kTileSide), 0, 2)),
        tiles_(tiles_in(p.a.length, kTileDepth) * columns_), out_(out) {}

  TS_TILES void pack_in(Offset steps) { every_ = tiles_ ? std::max<Offset>(1, steps / tiles_) : 0; }
  TS_TILES void step() {
    if (every_ > 0 && ++step_ % every_ == 0 && next_ < tiles_) pack_tile();
  }
  TS_TILES void pack() {
    while (next_ < tiles_) pack_tile();
  }

 private:
  TS_TILES void pack_tile() {
    const Offset k = next_ / columns_ * kTileDepth, left = p_.a.length - k, column = j_ + next_ % columns_ * kTileSide;
    Brain* tile = out_ + next_++ * kParts * kTileBrains;
    if (!p_.turned) return pack_rows<kParts>(p_.b + k * p_.ldb + column, p_.ldb, left, tile);
    Vec<float> lines[32];
    const float* line = p_.b + column * p_.ldb + k;
    load_turned(line, p_.ldb, N_ - column, left, lines);
    load_turned(left > 16 ? line + 16 : line, p_.ldb, N_ - column, left - 16, lines + 16);
    store_turned<kParts>(lines, tile);
  }

  const Product<float>& p_;
  const Offset N_, j_, columns_, tiles_;
  Brain* const out_;
  Offset next_ = 0, step_ = 0, every_ = 0;
};

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

// Which parts are multiplied: the small products first, and only one factor changes from one to the next.
template <int kParts>
inline constexpr int kProducts = kParts == 1 ? 1 : 6;
inline constexpr int kLeftParts[2][6] = {{0}, {0, 0, 1, 1, 2, 0}}, kRightParts[2][6] = {{0}, {2, 1, 1, 0, 0, 0}};

// One or two tiles of rows times one or two of columns, `depth` tiles long.
template <int kParts, bool kTwoRows, bool kTwoColumns>
TS_TILES void tile_block(const Product<float>& p, Offset i, Offset j, const Brain* a, const Brain* b, Offset depth,
                         Panel<kParts>& next) {
  constexpr Offset kTile = kParts * kTileBrains;
  constexpr auto& kLeft = kLeftParts[kParts > 1];
  constexpr auto& kRight = kRightParts[kParts > 1];
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
    TS_UNROLLED for (int n = 0; n < kProducts<kParts>; ++n) {
      const bool loads_left = n == 0 || kLeft[n] != kLeft[n - 1], loads_right = n == 0 || kRight[n] != kRight[n - 1];
      const Brain *left = a + kLeft[n] * kTileBrains, *right = b + kRight[n] * kTileBrains;
      if (loads_left) _tile_loadd(4, left, 64);
      if (loads_right) _tile_loadd(6, right, 64);
      _tile_dpbf16ps(0, 4, 6);
      if constexpr (kTwoColumns) {
        if (loads_right) _tile_loadd(7, right + kTile, 64);
        _tile_dpbf16ps(1, 4, 7);
      }
      if constexpr (kTwoRows) {
        if (loads_left) _tile_loadd(5, left + depth * kTile, 64);
        _tile_dpbf16ps(2, 5, 6);
      }
      if constexpr (kTwoRows && kTwoColumns) _tile_dpbf16ps(3, 5, 7);
    }
    next.step();
  }
  _tile_stored(0, upper, line);
  if constexpr (kTwoColumns) _tile_stored(1, upper + kTileSide, line);
  if constexpr (kTwoRows) _tile_stored(2, lower, line);
  if constexpr (kTwoRows && kTwoColumns) _tile_stored(3, lower + kTileSide, line);
  asm volatile("" ::: "memory");
}

// The last rows have shapes of their own. Shapes are set only where they change, because it takes as long as some tiles.
template <int kParts, bool kTwoColumns>
TS_TILES void tile_panel(const Product<float>& p, Offset M, Offset j, const Brain* a, const Brain* b, Offset depth,
                         const TileShapes& whole, const TileShapes& rest, Panel<kParts>& next) {
  const Offset lines = depth * kParts * kTileBrains, wholes = M / (2 * kTileSide) * (2 * kTileSide);
  const bool changes = wholes > 0 && wholes < M;
  if (changes) _tile_loadconfig(&whole);
  for (Offset i = 0; i < wholes; i += 2 * kTileSide)
    tile_block<kParts, true, kTwoColumns>(p, i, j, a + i / kTileSide * lines, b, depth, next);
  if (wholes == M) return;
  if (changes) _tile_loadconfig(&rest);
  a += wholes / kTileSide * lines;
  if (M - wholes > kTileSide)
    tile_block<kParts, true, kTwoColumns>(p, wholes, j, a, b, depth, next);
  else
    tile_block<kParts, false, kTwoColumns>(p, wholes, j, a, b, depth, next);
}

// packed: all of B, by pack_right, with room for `deepest` tiles; or null.
template <int kParts>
TS_TILES void multiply_in_parts(Offset M, Offset N, const Product<float>& p, Brain* room, const Brain* packed,
                                Offset deepest) {
  constexpr Offset kTile = kParts * kTileBrains;
  const Offset depth = tiles_in(p.a.length, kTileDepth), left = M % (2 * kTileSide);
  Brain *a = room, *now = a + tiles_in(M, kTileSide) * depth * kTile, *then = now + 2 * depth * kTile;
  const TileShapes whole(kTileSide, kTileSide), rest(std::min(left, kTileSide), std::max<Offset>(0, left - kTileSide));
  pack_left<kParts>(p.a, M, a);
  if (!packed) Panel<kParts>(p, N, 0, now).pack();
  _tile_loadconfig(left > 0 ? &rest : &whole);
  for (Offset j = 0; j < N; j += 2 * kTileSide, std::swap(now, then)) {
    const Brain* b = packed ? packed + j / kTileSide * deepest * kTile : now;
    Panel<kParts> next(p, packed ? 0 : N, j + 2 * kTileSide, then);
    next.pack_in(depth * tiles_in(M, 2 * kTileSide));
    j + kTileSide < N ? tile_panel<kParts, true>(p, M, j, a, b, depth, whole, rest, next)
                      : tile_panel<kParts, false>(p, M, j, a, b, depth, whole, rest, next);
    next.pack();
  }
  _tile_release();
}
// As `multiply`, but without a rectifier, and for A with one run. room: bfloat16_room(M, K, parts) numbers. packed: all of B, by
// pack_right, with room for `depth` tiles; or null.
template <>
TS_TILES inline void multiply_bfloat16<float>(Offset M, Offset N, const Product<float>& p, int parts, float* room,
                                              const float* packed, Offset depth) {
  Brain* own = reinterpret_cast<Brain*>(room);
  const Brain* right = reinterpret_cast<const Brain*>(packed);
  parts == 1 ? multiply_in_parts<1>(M, N, p, own, right, depth) : multiply_in_parts<3>(M, N, p, own, right, depth);
}

#endif  // __AVX512F__
#else
inline bool has_tiles() { return false; }
#endif  // TS_TILES

}  // namespace thetastar::TS_LEVEL
