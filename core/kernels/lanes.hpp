// Products over images whose every number is a vector: one lane a sample, so that images of one or six channels fill the
// registers as well as those of sixty-four.
//
//   Z  (pixels, O)   = b + windows (pixels, taps·I) · W (taps·I, O)     W's numbers are the same for all lanes
//   dX (pixels', I) += dZ (pixels, O) · W[t]ᵀ (O, I)                     for every tap t, to where that tap looks
//   dW (taps·I, O)   = windowsᵀ · dZ                                     summed over pixels, and then over the lanes
//
// As in kernels/gemm.hpp a tile of sums stays in registers, and every sum is in the order of its terms.
#pragma once

#include "gemm.hpp"

namespace thetastar::TS_LEVEL {

inline constexpr int kLaneRows = kRegisters == 32 ? 4 : 2;
inline constexpr int kLaneColumns = 6, kFewLaneColumns = 12;  // the second for one or two rows in all
inline constexpr int kCorrelationRows = kRegisters == 32 ? 4 : 3, kCorrelationColumns = kRegisters == 32 ? 6 : 4;  // fewer loads than 2 × 6

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
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i) {
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
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) row[i] = load(a[i] + at);
#pragma GCC unroll 12
    for (int j = 0; j < Columns; ++j) {
      const Vec<T> value = splat(b[j * b_column]);
#pragma GCC unroll 4
      for (int i = 0; i < Rows; ++i) sums[i][j] += row[i] * value;
    }
  }
  store_sums<T, Rows, Columns>(sums, p.rectifies, row_of_c);
}

template <class T, int Columns, int Rows = kLaneRows - 1>
inline void last_lane_rows(Offset rows, const LaneProduct<T>& p, Offset i, Offset j) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      lane_tile<T, Rows, Columns>(p, i, j);
    else
      last_lane_rows<T, Columns, Rows - 1>(rows, p, i, j);
  }
}

// In tiles of nearly equal width: a narrow one at the end would be bound by its additions' latency.
template <class T, int Rows, int Columns = kFewLaneColumns>
void multiply_few_lanes(Offset N, const LaneProduct<T>& p, Offset j = 0) {
  if constexpr (Columns > 0) {
    const Offset tiles = (N - j + kFewLaneColumns - 1) / kFewLaneColumns;
    for (Offset left = tiles; left > 0 && (N - j + left - 1) / left == Columns; --left, j += Columns) lane_tile<T, Rows, Columns>(p, 0, j);
    multiply_few_lanes<T, Rows, Columns - 1>(N, p, j);
  }
}

template <class T, int Columns>
void multiply_many_lanes(Offset M, Offset N, const LaneProduct<T>& p, Offset j = 0) {
  if constexpr (Columns > 0) {
    for (; N - j >= Columns; j += Columns) {
      Offset i = 0;
      for (; i + kLaneRows <= M; i += kLaneRows) lane_tile<T, kLaneRows, Columns>(p, i, j);
      last_lane_rows<T, Columns>(M - i, p, i, j);
    }
    multiply_many_lanes<T, Columns - 1>(M, N, p, j);
  }
}

template <class T>
void multiply_lanes(Offset M, Offset N, const LaneProduct<T>& p) {
  if (kRegisters == 32 && M <= 2) return M == 1 ? multiply_few_lanes<T, 1>(N, p) : multiply_few_lanes<T, 2>(N, p);
  multiply_many_lanes<T, kLaneColumns>(M, N, p);
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
#pragma GCC unroll 4
  for (int k = 0; k < Rows; ++k) {
    at[k] = p.columns[k0 + k];
#pragma GCC unroll 12
    for (int j = 0; j < Columns; ++j) sums[k][j] = p.adds ? load(c + k * p.sums_row + j * W) : Vec<T>{};
  }
  const T* d = p.d + j0 * W;
#pragma GCC unroll 4
  for (Offset i = 0; i < p.pixels; ++i, d += p.d_row) {
    const T* a = p.a + p.rows[i];
    Vec<T> value[Rows];
#pragma GCC unroll 4
    for (int k = 0; k < Rows; ++k) value[k] = load(a + at[k]);
#pragma GCC unroll 12
    for (int j = 0; j < Columns; ++j) {
      const Vec<T> slope = load(d + j * W);
#pragma GCC unroll 4
      for (int k = 0; k < Rows; ++k) sums[k][j] += value[k] * slope;
    }
  }
#pragma GCC unroll 4
  for (int k = 0; k < Rows; ++k)
#pragma GCC unroll 12
    for (int j = 0; j < Columns; ++j) store(c + k * p.sums_row + j * W, sums[k][j]);
}

template <class T, int Columns, int Rows = kCorrelationRows - 1>
inline void last_correlation_rows(Offset rows, const LaneCorrelation<T>& p, Offset k, Offset j) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      correlation_tile<T, Rows, Columns>(p, k, j);
    else
      last_correlation_rows<T, Columns, Rows - 1>(rows, p, k, j);
  }
}

template <class T, int Columns = kCorrelationColumns>
void correlate_lanes(Offset K, Offset N, const LaneCorrelation<T>& p, Offset j = 0) {
  if constexpr (Columns > 0) {
    for (; N - j >= Columns; j += Columns) {
      Offset k = 0;
      for (; k + kCorrelationRows <= K; k += kCorrelationRows) correlation_tile<T, kCorrelationRows, Columns>(p, k, j);
      last_correlation_rows<T, Columns>(K - k, p, k, j);
    }
    correlate_lanes<T, Columns - 1>(K, N, p, j);
  }
}

}  // namespace thetastar::TS_LEVEL
