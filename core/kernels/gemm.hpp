// The one matrix product: C (M, N) = [bias (N) or C] + A (M, K) · B (K, N), with zeros for what is negative where a
// rectifier follows.
//
// B and C have rows of whole aligned vectors. A is read one number at a time, through offsets that a Left describes, so
// the same kernel serves these products (those of images: window.hpp; with samples in lanes: lanes.hpp):
//   dense    Z  (B, O) = b + X (B, I) · W (I, O)       A = X
//            dW (I, O) = Xᵀ (I, B) · dZ (B, O)         A = X, rows and columns exchanged
//            dX (B, I) = dZ (B, O) · Wᵀ (O, I)         A = dZ, B = W, turned panel by panel
//   gates    one time step is every T-th row; in the gradient the steps of each sample are a run of K
//
// A tile of C stays in registers for the whole length of K. Each element of C is summed in the order of K whatever the tile, so a
// row's result does not depend on the rows beside it.
#pragma once

#include <algorithm>

#include "tile.hpp"
#include "transpose.hpp"

namespace thetastar::TS_LEVEL {

inline constexpr int kAhead = 8;  // rows of B that are fetched ahead of one row of A

// A's element (i, k) of run s lies at data[row of i + start of s + k · step]; K runs through all runs in order.
template <class T>
struct Left {
  const T* data;
  Offset row = 0;     // from one row to the next
  Offset step = 1;    // from one column to the next
  Offset length = 0;  // columns of a run
  Offset runs = 1;
  const Offset* starts = nullptr;  // where each run begins; null: one, at 0

  const T* at(Offset i) const { return data + i * row; }
};

template <class T>
struct Product {
  Left<T> a;
  const T* b;
  Offset ldb;
  T* c;
  Offset ldc;
  const T* bias = nullptr;
  Begin begin = Begin::kZero;
  bool rectifies = false;  // C = max(0, ...)
  bool turned = false;     // B lies there as (N, K), rows padded; A has one run then
  Offset column = 0;       // of C, at which b begins: a panel of B lies by itself
};

template <class T, int Rows, int Columns>
inline void tile(const Product<T>& p, Offset i0, Offset j0) {
  Sums<T, Rows, Columns> sums;
  const T* a[Rows];
  TS_UNROLLED for (int i = 0; i < Rows; ++i) a[i] = p.a.at(i0 + i);
  T* const corner = p.c + i0 * p.ldc + j0;
  const auto c = [&](int i) { return corner + i * p.ldc; };
  begin_sums<T, Rows, Columns>(sums, p.begin, c, [&](int j) { return load(p.bias + j0 + j * kWidth<T>); });
  const T* b = p.b + (j0 - p.column);
  const Offset length = p.a.length, step = p.a.step, ldb = p.ldb;
#if defined( \
    __wasm__)  // an address there is a number and a constant, so what lies side by side must be told: 0.85 of the time
  if (p.a.row == 1 || step == 1) {
    for (Offset s = 0; s < p.a.runs; ++s) {
      const Offset start = p.a.starts ? p.a.starts[s] : 0;
      const T* column = a[0] + start;
      if (p.a.row == 1)
#pragma GCC unroll 4
        for (Offset k = 0; k < length; ++k, column += step, b += ldb)
          add_products<T, Rows, Columns>(sums, [&](int i) { return column[i]; }, b);
      else
#pragma GCC unroll 4
        for (Offset k = start; k < start + length; ++k, b += ldb)
          add_products<T, Rows, Columns>(sums, [&](int i) { return a[i][k]; }, b);
    }
    return store_sums<T, Rows, Columns>(sums, p.rectifies, c);
  }
#endif
  for (Offset s = 0; s < p.a.runs; ++s)
#pragma GCC unroll 4
    for (Offset k = 0, at = p.a.starts ? p.a.starts[s] : 0; k < length; ++k, at += step, b += ldb) {
      if constexpr (Rows == 1 && kVectorBytes < kLine)  // B passes once and from afar
        for (int line = 0; line < Columns * kVectorBytes; line += kLine)
          __builtin_prefetch(reinterpret_cast<const char*>(b + kAhead * ldb) + line);
      add_products<T, Rows, Columns>(sums, [&](int i) { return a[i][at]; }, b);
    }
  store_sums<T, Rows, Columns>(sums, p.rectifies, c);
}

template <class T, int Columns>
void tiles(const Product<T>& p, Offset M, Offset j) {
  constexpr int kRows = Columns > kTileColumns ? kWideTileRows : kTileRows;
  const Offset left = M % kRows, last = left > 0 && M > kRows ? kRows + left : left;
  Offset i = 0;
  for (; i < M - last; i += kRows) tile<T, kRows, Columns>(p, i, j);
  if (last == 0) return;
  // Two tiles of about the same height: a low one is bound by its additions' latency.
  const Offset half = last > kRows ? (last + 1) / 2 : last;
  as_constant<kRows>(half, [&](auto rows) TS_INLINED { tile<T, rows, Columns>(p, i, j); });
  if (half < last)
    as_constant<kRows>(last - half, [&](auto rows) TS_INLINED { tile<T, rows, Columns>(p, i + half, j); });
}

// packed (count, Columns · W) = rows first ... of some columns of B, which has N of them.
template <class T, int Columns>
void pack(const Product<T>& p, Offset N, Offset j, Offset first, Offset count, T* packed) {
  constexpr int W = kWidth<T>;
  if (!p.turned) {
    const T* row = p.b + first * p.ldb + j;
    for (Offset k = 0; k < count; ++k, row += p.ldb, packed += Columns * W)
      TS_UNROLLED for (int c = 0; c < Columns; ++c) store(packed + c * W, load(row + c * W));
    return;
  }
  for (Offset k = 0; k < count; k += W)
    for (int c = 0; c < Columns; ++c) {
      Vec<T> block[W];
      for (int r = 0; r < W; ++r) {
        const Offset column = j + c * W + r;
        block[r] = column < N ? load(p.b + column * p.ldb + first + k) : Vec<T>{};
      }
      turn<T, W / 2>(block);
      for (int r = 0; r < W; ++r) store(packed + ((k + r) * Columns + c) * W, block[r]);
    }
}

// All rows of C, for some columns. A panel of B is copied part by part where it must be turned, or where its rows lie far apart
// and many rows of A use it; C then takes up its sums where the part before left them. Any other panel is read where it lies,
// because the second cache delivers it as fast as the tiles ask for it.
template <class T, int Columns>
void panel(const Product<T>& p, Offset M, Offset N, Offset j) {
  constexpr int W = kWidth<T>;
  constexpr Offset kSize = sizeof(T);
  const bool far = p.ldb * kSize >= kFarBytes && p.a.length * p.a.runs * Columns * W * kSize >= kPackBytes / 2;
  if (!p.turned && (!far || M < kPackRows)) return tiles<T, Columns>(p, M, j);
  alignas(kVectorBytes) T packed[kPackBytes / sizeof(T)];
  constexpr Offset kMost = kPackBytes / static_cast<Offset>(sizeof(T)) / (Columns * W) / W * W;
  const bool whole = p.a.runs > 1;  // parts of whole runs, or of one
  const Offset steps = whole ? p.a.runs : p.a.length, size = whole ? p.a.length : 1;
  if (size > kMost) return tiles<T, Columns>(p, M, j);
  for (Offset at = 0; at < steps; at += kMost / size) {
    const Offset count = std::min(steps - at, kMost / size);
    pack<T, Columns>(p, N, j, at * size, count * size, packed);
    Product<T> part = p;
    part.b = packed;
    part.column = j;
    part.ldb = Columns * W;
    if (whole) {
      part.a.runs = count;
      part.a.starts = p.a.starts + at;
    } else {
      part.a.length = count;
      part.a.data = p.a.data + at * p.a.step;
    }
    if (at > 0) part.begin = Begin::kAdd;
    part.rectifies = p.rectifies && at + count == steps;
    tiles<T, Columns>(part, M, j);
  }
}

// visit(how many vectors wide, its first column) for all panels of N columns. by_fours: a few columns may be panels of four.
template <class T, class Visit>
inline void each_panel(Offset N, Visit visit, bool by_fours = false) {
  constexpr int W = kWidth<T>;
  Offset left = (N + W - 1) / W;  // vectors
  by_fours = by_fours && left % 4 == 0 && left <= 16;
  for (Offset j = 0; left > 0;) {
    // 4 vectors are one wide panel, not 3 + 1: a panel of one is bound by loads.
    const int columns = left == 4 || by_fours ? 4 : static_cast<int>(left < kTileColumns ? left : kTileColumns);
    as_constant<4>(columns, [&](auto wide) TS_INLINED { visit(wide, j); });
    j += columns * W;
    left -= columns;
  }
}

// One row of A has one accumulator a column: only many columns keep both multipliers busy.
template <class T>
void multiply_row(Offset N, const Product<T>& p) {
  for (Offset left = (N + kWidth<T> - 1) / kWidth<T>, j = 0; left > 0;) {
    const Offset panels = (left + kRowColumns - 1) / kRowColumns,
                 columns = (left + panels - 1) / panels;  // all about as wide
    as_constant<kRowColumns>(columns, [&](auto wide) TS_INLINED { tile<T, 1, wide>(p, 0, j); });
    j += columns * kWidth<T>;
    left -= columns;
  }
}

template <class T>
void multiply(Offset M, Offset N, const Product<T>& p) {
  if (M == 1 && !p.turned) return multiply_row(N, p);
  each_panel<T>(N, [&](auto columns, Offset j) { panel<T, columns>(p, M, N, j); }, M >= kFoursRows);
}

// For many products of few rows with one B: `panels` (K, padded N) gets B panel by panel, so that a panel's rows lie together in
// the nearest cache. A has one run.
template <class T>
void pack_panels(Offset N, const Product<T>& p, T* panels) {
  each_panel<T>(N, [&](auto columns, Offset j) { pack<T, columns>(p, N, j, 0, p.a.length, panels + p.a.length * j); });
}
// The same part by part, of a B that has K rows: rows first ... of it, which lie at b, and its columns from ... to.
template <class T>
void pack_panels(Offset N, Offset K, const T* b, Offset ldb, Offset first, Offset count, Offset from, Offset to,
                 T* panels) {
  each_panel<T>(N, [&](auto columns, Offset j) {
    constexpr Offset width = columns * kWidth<T>;
    const Offset begin = std::max(j, from), end = std::min(j + width, to);
    T* rows = panels + K * j + first * width;
    for (Offset k = 0; k < count; ++k)
      for (Offset c = begin; c < end; c += kWidth<T>) store(rows + k * width + (c - j), load(b + k * ldb + c));
  });
}
// K: rows of B in the panels
template <class T>
void multiply_panels(Offset M, Offset N, const Product<T>& p, const T* panels, Offset K) {
  each_panel<T>(N, [&](auto columns, Offset j) {
    Product<T> of_panel = p;
    of_panel.b = panels + K * j;
    of_panel.column = j;
    of_panel.ldb = columns * kWidth<T>;
    tiles<T, columns>(of_panel, M, j);
  });
}

}  // namespace thetastar::TS_LEVEL
