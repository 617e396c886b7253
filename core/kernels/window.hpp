// The product of a convolution with many channels: C (M, N) = [bias (N) or C] + A (M, K) · B (K, N), as kernels/gemm.hpp has
// it, for one image at a time.
//
// A is read from the image itself. Its columns are `runs` of numbers at equal steps: where the taps of a window's line lie
// side by side, a run is the whole line (taps · channels), so the innermost loop is long and its addresses are plain.
//
// A tile keeps as many sums as the registers hold, up to 4 vectors wide. B is used in parts that stay in a cache, and C takes up
// its sums where the part before left them: each element is summed in the order of K whatever the tile and the part.
#pragma once

#include "gemm.hpp"

namespace thetastar::TS_LEVEL {

template <int Columns>
inline constexpr int kWindowRows = std::min(kWindowSums / Columns, kMostWindowRows);  // each takes a pointer too

template <class T>
struct WindowProduct {
  const T* a;
  const Offset* rows;   // where each row of A begins
  Offset step, length;  // a run: from one number to the next, and how many
  Offset runs;
  const Offset* starts;  // where each run begins
  const T* b;
  Offset ldb;
  T* c;
  Offset ldc;
  const T* bias = nullptr;
  Begin begin = Begin::kZero;
  bool rectifies = false;          // C = max(0, ...)
  const Offset* b_rows = nullptr;  // the row of B that each run begins with; null: they follow one another
  const Offset* c_rows = nullptr;  // where each row of C lies; null: ldc apart
  Offset column = 0;               // of C, at which b begins: a copied panel lies by itself

  const T* b_at(Offset run) const { return b + (b_rows ? b_rows[run] : run * length) * ldb; }
  T* c_at(Offset i) const { return c + (c_rows ? c_rows[i] : i * ldc); }
};

template <class T, int Rows, int Columns>
inline void window_tile(const WindowProduct<T>& p, Offset i0, Offset j0) {
  Sums<T, Rows, Columns> sums;
  const auto c = [&](int i) { return p.c_at(i0 + i) + j0; };
  begin_sums<T, Rows, Columns>(sums, p.begin, c, [&](int j) { return load(p.bias + j0 + j * kWidth<T>); });
  const T* a[Rows];
  TS_UNROLLED for (int i = 0; i < Rows; ++i) a[i] = p.a + p.rows[i0 + i];
  const Offset length = p.length, step = p.step, ldb = p.ldb;
  const T* b = p.b + (j0 - p.column);
  for (Offset run = 0; run < p.runs; ++run) {
    if (p.b_rows) b = p.b_at(run) + (j0 - p.column);
#pragma GCC unroll 4
    for (Offset k = 0, at = p.starts[run]; k < length; ++k, at += step, b += ldb)
      add_products<T, Rows, Columns>(sums, [&](int i) { return a[i][at]; }, b);
  }
  store_sums<T, Rows, Columns>(sums, p.rectifies, c);
}

// All rows of C, in tiles of equal height (but for one row), for some columns and a part of K.
template <class T, int Columns>
void window_tiles(const WindowProduct<T>& p, Offset M, Offset j) {
  const Offset tiles = (M + kWindowRows<Columns> - 1) / kWindowRows<Columns>;
  for (Offset t = 0, i = 0; t < tiles; ++t) {
    const Offset next = M * (t + 1) / tiles;
    as_constant<kWindowRows<Columns>>(next - i, [&](auto rows) TS_INLINED { window_tile<T, rows, Columns>(p, i, j); });
    i = next;
  }
}

template <class T, int Columns>
void window_panel(const WindowProduct<T>& p, Offset M, Offset j) {
  constexpr int W = kWidth<T>;
  if (p.runs == 0) return window_tiles<T, Columns>(p, M, j);
  alignas(kVectorBytes) T copied[kCopiedBytes / sizeof(T)];
  const bool copies = M >= kCopiedRows && p.ldb > Columns * W;
  const Offset most =
      (copies ? kCopiedBytes : kStreamedBytes) / static_cast<Offset>(sizeof(T)) / (Columns * W);  // of K, in a part
  const Offset runs = std::max<Offset>(1, most / p.length), length = std::min(most, p.length);
  for (Offset run = 0; run < p.runs; run += runs)
    for (Offset from = 0; from < p.length; from += length) {
      WindowProduct<T> part = p;
      part.runs = std::min(runs, p.runs - run);
      part.length = std::min(length, p.length - from);
      part.starts += run;
      part.a += from * p.step;
      if (p.b_rows)
        part.b_rows += run, part.b += from * p.ldb;
      else
        part.b += (run * p.length + from) * p.ldb;
      if (run + from > 0) part.begin = Begin::kAdd;
      part.rectifies = p.rectifies && run + runs >= p.runs && from + length >= p.length;
      if (copies) {
        T* row = copied;
        for (Offset r = 0; r < part.runs; ++r)
          for (Offset k = 0; k < part.length; ++k, row += Columns * W)
            for (int c = 0; c < Columns; ++c) store(row + c * W, load(part.b_at(r) + k * p.ldb + j + c * W));
        part.b = copied;
        part.column = j;
        part.b_rows = nullptr;
        part.ldb = Columns * W;
      }
      window_tiles<T, Columns>(part, M, j);
    }
}

template <class T>
void multiply_windows(Offset M, Offset N, const WindowProduct<T>& p) {
  constexpr int W = kWidth<T>;
  Offset left = (N + W - 1) / W,
         panels = (left + kWindowColumns - 1) / kWindowColumns;  // vectors, in panels of nearly equal width
  for (Offset j = 0; panels > 0; --panels) {
    const Offset columns = (left + panels - 1) / panels;
    as_constant<kWindowColumns>(columns, [&](auto wide) TS_INLINED { window_panel<T, wide>(p, M, j); });
    j += columns * W;
    left -= columns;
  }
}

}  // namespace thetastar::TS_LEVEL
