// The one matrix product: C (M, N) = [bias (N)] + A (M, K) · B (K, N).
//
// B, C and bias have rows of whole aligned vectors. A is read one number at a time through two strides, so the same
// kernel serves the three products of a dense layer:
//   forward   Z  (B, O) = b + X (B, I) · W (I, O)      A = X,  strides (ldX, 1)
//   backward  dW (I, O) = Xᵀ (I, B) · dZ (B, O)        A = Xᵀ, strides (1, ldX)
//             dX (B, I) = dZ (B, O) · Wᵀ (O, I)        A = dZ, strides (ldZ, 1), Wᵀ transposed once a step
//
// A tile of C stays in registers for the whole length of K: kRows × kColumns accumulators, kColumns vectors of B and
// one broadcast fill the register file (27 of 32, or 16 of 16). Each element of C is summed in the order of K whatever
// the tile, so a row's result does not depend on the rows beside it.
#pragma once

#include "../simd/vec.hpp"

namespace thetastar::TS_LEVEL {

inline constexpr int kTileRows = kRegisters == 32 ? 8 : 4;
inline constexpr int kTileColumns = 3;

template <class T, int Rows, int Columns>
inline void tile(std::ptrdiff_t K, const T* a, std::ptrdiff_t a_row, std::ptrdiff_t a_column, const T* b,
                 std::ptrdiff_t ldb, T* c, std::ptrdiff_t ldc, const T* bias) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[Rows][Columns];
  for (int j = 0; j < Columns; ++j) {
    const Vec<T> start = bias ? load(bias + j * W) : Vec<T>{};
    for (int i = 0; i < Rows; ++i) sums[i][j] = start;
  }
  for (std::ptrdiff_t k = 0; k < K; ++k) {
    Vec<T> row[Columns];
    for (int j = 0; j < Columns; ++j) row[j] = load(b + k * ldb + j * W);
    for (int i = 0; i < Rows; ++i) {
      const Vec<T> value = splat(a[i * a_row + k * a_column]);
      for (int j = 0; j < Columns; ++j) sums[i][j] += value * row[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j) store(c + i * ldc + j * W, sums[i][j]);
}

template <class T, int Columns, int Rows = kTileRows - 1>
inline void last_rows(int rows, std::ptrdiff_t K, const T* a, std::ptrdiff_t a_row, std::ptrdiff_t a_column, const T* b,
                      std::ptrdiff_t ldb, T* c, std::ptrdiff_t ldc, const T* bias) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      tile<T, Rows, Columns>(K, a, a_row, a_column, b, ldb, c, ldc, bias);
    else
      last_rows<T, Columns, Rows - 1>(rows, K, a, a_row, a_column, b, ldb, c, ldc, bias);
  }
}

template <class T, int Columns>
void panel(std::ptrdiff_t M, std::ptrdiff_t K, const T* a, std::ptrdiff_t a_row, std::ptrdiff_t a_column, const T* b,
           std::ptrdiff_t ldb, T* c, std::ptrdiff_t ldc, const T* bias) {
  std::ptrdiff_t i = 0;
  for (; i + kTileRows <= M; i += kTileRows)
    tile<T, kTileRows, Columns>(K, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, bias);
  last_rows<T, Columns>(static_cast<int>(M - i), K, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, bias);
}

template <class T>
void gemm(std::ptrdiff_t M, std::ptrdiff_t N, std::ptrdiff_t K, const T* a, std::ptrdiff_t a_row,
          std::ptrdiff_t a_column, const T* b, std::ptrdiff_t ldb, T* c, std::ptrdiff_t ldc, const T* bias = nullptr) {
  constexpr int W = kWidth<T>;
  std::ptrdiff_t left = (N + W - 1) / W;  // vectors
  for (std::ptrdiff_t j = 0; left > 0;) {
    // 4 vectors are two panels of 2, not 3 + 1: a panel of one is bound by loads.
    const int columns = left == 4 ? 2 : static_cast<int>(left < kTileColumns ? left : kTileColumns);
    const T* start = bias ? bias + j : nullptr;
    if (columns == 3) panel<T, 3>(M, K, a, a_row, a_column, b + j, ldb, c + j, ldc, start);
    if (columns == 2) panel<T, 2>(M, K, a, a_row, a_column, b + j, ldb, c + j, ldc, start);
    if (columns == 1) panel<T, 1>(M, K, a, a_row, a_column, b + j, ldb, c + j, ldc, start);
    j += columns * W;
    left -= columns;
  }
}

}  // namespace thetastar::TS_LEVEL
