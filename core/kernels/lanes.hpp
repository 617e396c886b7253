// Products over images with a sample in every lane, so that images of one or six channels fill vectors too.
//
//   Z  (pixels, O)   = b + windows (pixels, taps·I) · W (taps·I, O)     W's numbers are the same for all lanes
//   dX (pixels', I) += dZ (pixels, O) · W[t]ᵀ (O, I)                     for every tap t, to where that tap looks
//   dW (taps·I, O)   = windowsᵀ · dZ                                     summed over pixels, and then over the lanes
//
// As in kernels/gemm.hpp a tile of sums stays in registers, and every sum is in the order of its terms.
#pragma once

#include "gemm.hpp"

namespace thetastar::TS_LEVEL {

// C (M, N) = [bias or C] + A (M, K) · B (K, N). Row i of A begins at a + rows[i], its column k lies columns[k] further;
// B's (k, n) is at b + k · b_row + n · b_column; row i of C begins at c + c_rows[i], or i · c_row.
template <class T>
struct LaneProduct {
  const T* a;
  const Offset *rows, *columns;
  Offset K;
  const T* b;
  Offset b_row, b_column;
  T* c;
  const Offset* c_rows;
  Offset c_row;
  const T* bias = nullptr;
  Begin begin = Begin::kZero;
  bool rectifies = false;  // C = max(0, ...)
};

// Every loop over registers is unrolled, or they would all be kept in memory.
template <class T, int Rows, int Columns>
inline void lane_tile(const LaneProduct<T>& p, Offset i0, Offset j0) {
  constexpr int W = kWidth<T>;
  Sums<T, Rows, Columns> sums;
  const T* a[Rows];
  T* c[Rows];
  TS_UNROLLED for (int i = 0; i < Rows; ++i) {
    a[i] = p.a + p.rows[i0 + i];
    c[i] = p.c + (p.c_rows ? p.c_rows[i0 + i] : (i0 + i) * p.c_row) + j0 * W;
  }
  const auto row_of_c = [&](int i) { return c[i]; };
  begin_sums<T, Rows, Columns>(sums, p.begin, row_of_c, [&](int j) { return splat(p.bias[j0 + j]); });
  const T* b = p.b + j0 * p.b_column;
  const Offset K = p.K, b_row = p.b_row, b_column = p.b_column;
#pragma GCC unroll 4
  for (Offset k = 0; k < K; ++k, b += b_row) {
    const Offset at = p.columns[k];
    Vec<T> row[Rows];
    TS_UNROLLED for (int i = 0; i < Rows; ++i) row[i] = load(a[i] + at);
    TS_UNROLLED for (int j = 0; j < Columns; ++j) {
      const Vec<T> value = splat(b[j * b_column]);
      TS_UNROLLED for (int i = 0; i < Rows; ++i) sums[i][j] += row[i] * value;
    }
  }
  store_sums<T, Rows, Columns>(sums, p.rectifies, row_of_c);
}

// In tiles of nearly equal width: a narrow one at the end would be bound by its additions' latency.
template <class T, int Rows>
void multiply_few_lanes(Offset N, const LaneProduct<T>& p) {
  for (Offset j = 0, tiles = (N + kFewLaneColumns - 1) / kFewLaneColumns; tiles > 0; --tiles) {
    const Offset columns = (N - j + tiles - 1) / tiles;
    as_constant<kFewLaneColumns>(columns, [&](auto wide) TS_INLINED { lane_tile<T, Rows, wide>(p, 0, j); });
    j += columns;
  }
}

template <class T>
void multiply_many_lanes(Offset M, Offset N, const LaneProduct<T>& p) {
  for (Offset j = 0; j < N; j += kLaneColumns)
    as_constant<kLaneColumns>(std::min<Offset>(kLaneColumns, N - j), [&](auto wide) TS_INLINED {
      Offset i = 0;
      for (; i + kLaneRows <= M; i += kLaneRows) lane_tile<T, kLaneRows, wide>(p, i, j);
      as_constant<kLaneRows - 1>(M - i, [&](auto rows) TS_INLINED { lane_tile<T, rows, wide>(p, i, j); });
    });
}

template <class T>
void multiply_lanes(Offset M, Offset N, const LaneProduct<T>& p) {
  if (kRegisters == 32 && M <= 2) return M == 1 ? multiply_few_lanes<T, 1>(N, p) : multiply_few_lanes<T, 2>(N, p);
  multiply_many_lanes<T>(M, N, p);
}

// sums (K, N), vectors = [sums +] Σ over pixels of A (pixels, K)ᵀ · D (pixels, N). Row i of A begins at a + rows[i]; D's
// rows are d_row apart.
template <class T>
struct LaneCorrelation {
  const T* a;
  const Offset *rows, *columns;
  Offset pixels;
  const T* d;
  Offset d_row;
  T* sums;
  Offset sums_row;
  bool adds;
};

template <class T, int Rows, int Columns>
inline void correlation_tile(const LaneCorrelation<T>& p, Offset k0, Offset j0) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[Rows][Columns];
  Offset at[Rows];
  T* c = p.sums + k0 * p.sums_row + j0 * W;
  TS_UNROLLED for (int k = 0; k < Rows; ++k) {
    at[k] = p.columns[k0 + k];
    TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[k][j] = p.adds ? load(c + k * p.sums_row + j * W) : Vec<T>{};
  }
  const T* d = p.d + j0 * W;
#pragma GCC unroll 4
  for (Offset i = 0; i < p.pixels; ++i, d += p.d_row) {
    const T* a = p.a + p.rows[i];
    Vec<T> value[Rows];
    TS_UNROLLED for (int k = 0; k < Rows; ++k) value[k] = load(a + at[k]);
    TS_UNROLLED for (int j = 0; j < Columns; ++j) {
      const Vec<T> slope = load(d + j * W);
      TS_UNROLLED for (int k = 0; k < Rows; ++k) sums[k][j] += value[k] * slope;
    }
  }
  TS_UNROLLED for (int k = 0; k < Rows; ++k) TS_UNROLLED for (int j = 0; j < Columns; ++j)
      store(c + k * p.sums_row + j * W, sums[k][j]);
}

template <class T>
void correlate_lanes(Offset K, Offset N, const LaneCorrelation<T>& p) {
  for (Offset j = 0; j < N; j += kCorrelationColumns)
    as_constant<kCorrelationColumns>(std::min<Offset>(kCorrelationColumns, N - j), [&](auto wide) TS_INLINED {
      Offset k = 0;
      for (; k + kCorrelationRows <= K; k += kCorrelationRows) correlation_tile<T, kCorrelationRows, wide>(p, k, j);
      as_constant<kCorrelationRows - 1>(K - k, [&](auto rows) TS_INLINED { correlation_tile<T, rows, wide>(p, k, j); });
    });
}

}  // namespace thetastar::TS_LEVEL
