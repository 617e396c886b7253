// The shapes of products.cpp by libraries of kernels, beside ours: in turns, on one thread, out of the cache, in per cent of the
// ceiling. As Debian has them: libdnnl-dev (oneDNN), libxsmm-dev, libxnnpack-dev. openblas.py does the same for NumPy's.
//
//   g++ -std=c++20 -O3 -ffp-contract=fast -fno-math-errno -Wno-psabi -Wno-maybe-uninitialized -march=x86-64-v4 -mprefer-vector-width=512
//       -DTS_LEVEL=v4 -I../../core libraries.cpp -o libraries -pthread -ldnnl -lxsmm -lXNNPACK -lblas        (one line)
//   OMP_NUM_THREADS=1 ./libraries
//
// Ours takes gradients 16 rows at a time, as a training asks for them, and reads W turned where it lies; the others get whole
// products. libxsmm compiles a kernel for each shape: the best of the given blocks is shown, with a copy of W that is turned,
// which it asks for. XNNPACK lays a weight out when an operator is made: `laid out` counts that, as a training needs it in
// every step, `ready` does not; it has no product with the left factor turned.
#include <cstdio>
#include <functional>

#include <libxsmm.h>
#include <oneapi/dnnl/dnnl.h>
#include <xnnpack.h>

#include "block.hpp"
#include "ceiling.hpp"
#include "shapes.hpp"

using namespace thetastar::TS_LEVEL;

// C (M, N) = A (M, K) · B (K, N); one of the factors may lie there turned
struct Factors {
  Offset M, N, K;
  bool a_turned, b_turned;
  const float *a, *b;
  float* c;
  Offset lda, ldb, ldc;
};
using Way = std::function<void()>;

static Way ours(const Factors& f) {
  return [f] {
    const Offset rows = f.a_turned ? 16 : f.M;
    for (Offset i = 0; i < f.M; i += rows) {
      const Left<float> left =
          f.a_turned ? Left<float>{f.a + i, 1, f.lda, f.K} : Left<float>{f.a + i * f.lda, f.lda, 1, f.K};
      multiply<float>(std::min(rows, f.M - i), f.N,
                      {left, f.b, f.ldb, f.c + i * f.ldc, f.ldc, nullptr, Begin::kZero, false, f.b_turned});
    }
  };
}

static Way onednn(const Factors& f) {
  return [f] {
    dnnl_sgemm(f.a_turned ? 'T' : 'N', f.b_turned ? 'T' : 'N', f.M, f.N, f.K, 1, f.a, f.lda, f.b, f.ldb, 0, f.c, f.ldc);
  };
}

// Its rows are our columns: Cᵀ = Bᵀ Aᵀ, in blocks of so many columns of C and steps of K. Null: it has no such kernel.
static Way libxsmm(const Factors& f, Offset columns, Offset steps, float* turned) {
  const Offset ldb = f.b_turned ? f.N : f.ldb;
  const auto kernel = [=](Offset n, Offset k, bool adds) {
    const int left = static_cast<int>(ldb), right = static_cast<int>(f.lda), out = static_cast<int>(f.ldc);
    const float one = 1, beta = adds;
    const int flags = f.a_turned ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
    return libxsmm_smmdispatch(static_cast<int>(n), static_cast<int>(f.M), static_cast<int>(k), &left, &right, &out,
                               &one, &beta, &flags, nullptr);
  };
  struct Piece {
    libxsmm_smmfunction run;
    Offset a, b, c;
  };
  std::vector<Piece> pieces;
  for (Offset k = 0; k < f.K; k += steps)
    for (Offset n = 0; n < f.N; n += columns) {
      pieces.push_back({kernel(std::min(columns, f.N - n), std::min(steps, f.K - k), k > 0), f.a_turned ? k * f.lda : k,
                        k * ldb + n, n});
      if (pieces.back().run == nullptr) return nullptr;
    }
  return [=] {
    if (f.b_turned)
      libxsmm_otrans(turned, f.b, sizeof(float), static_cast<int>(f.K), static_cast<int>(f.N), static_cast<int>(f.ldb),
                     static_cast<int>(f.N));
    const float* b = f.b_turned ? turned : f.b;
    for (const Piece& piece : pieces) piece.run(b + piece.b, f.a + piece.a, f.c + piece.c);
  };
}

static xnn_operator_t xnnpack_operator(
    const Factors& f) {  // W (N, K) is what it calls a kernel; it wants rows without padding
  xnn_operator_t made = nullptr;
  const float most = std::numeric_limits<float>::infinity();
  xnn_create_fully_connected_nc_f32(static_cast<std::size_t>(f.K), static_cast<std::size_t>(f.N),
                                    static_cast<std::size_t>(f.lda), static_cast<std::size_t>(f.ldc), f.b, nullptr,
                                    -most, most, f.b_turned ? 0 : XNN_FLAG_TRANSPOSE_WEIGHTS, &made);
  return made;
}
static void run(xnn_operator_t made, const Factors& f) {
  xnn_setup_fully_connected_nc_f32(made, static_cast<std::size_t>(f.M), f.a, f.c, nullptr);
  xnn_run_operator(made, nullptr);
}
static Way xnnpack(const Factors& f, bool lays_out) {
  if (f.a_turned) return nullptr;
  if (!lays_out) return [f, made = xnnpack_operator(f)] { run(made, f); };
  return [f] {
    const xnn_operator_t made = xnnpack_operator(f);
    run(made, f);
    xnn_delete_operator(made);
  };
}

int main() {
  const FlushSubnormals flush;
  xnn_initialize(nullptr);
  const char* titles[] = {"ours", "oneDNN", "libxsmm", "XNNPACK ready", "laid out"};
  std::printf("%-18s%-10s", "", "");
  for (const char* title : titles) std::printf("%15s", title);
  std::printf("   per cent of the ceiling\n");
  for (const Shapes& s : kShapes)
    for (const char* kind : {"forward", "backward", "gradient"}) {
      const Offset I = s.inputs, O = s.outputs, B = s.batch, ldi = padded<float>(static_cast<int>(I)),
                   ldo = padded<float>(static_cast<int>(O));
      Block<float> x(B * ldi), w(I * ldo), z(B * ldo), d(B * ldi), dw(I * ldo), turned(I * O);
      for (Block<float>* block : {&x, &w, &z})
        for (std::int64_t i = 0; i < block->size(); ++i) block->data()[i] = static_cast<float>(i % 7);
      const Factors f = *kind == 'f'   ? Factors{B, O, I, false, false, x.data(), w.data(), z.data(), ldi, ldo, ldo}
                        : *kind == 'b' ? Factors{B, I, O, false, true, z.data(), w.data(), d.data(), ldo, ldo, ldi}
                                       : Factors{I, O, B, true, false, x.data(), z.data(), dw.data(), ldi, ldo, ldo};
      std::vector<std::vector<Way>> ways = {{ours(f)}, {onednn(f)}, {}, {xnnpack(f, false)}, {xnnpack(f, true)}};
      for (const Offset columns : {Offset{48}, Offset{64}, f.N})
        for (const Offset steps : {Offset{256}, f.K}) ways[2].push_back(libxsmm(f, columns, steps, turned.data()));
      const double operations = 2.0 * static_cast<double>(B * I * O);
      const int repeats = std::max(3, static_cast<int>(1e8 / operations));
      double ceiling = 0, best[std::size(titles)];
      std::fill(std::begin(best), std::end(best), 1e9);
      for (int turn = 0; turn < 15; ++turn) {
        double begun = now(), done = 0;
        for (int i = 0; i < 5; ++i) done += multiply_adds(&kept);
        ceiling = std::max(ceiling, done / (now() - begun));
        for (std::size_t library = 0; library < ways.size(); ++library)
          for (const Way& way : ways[library]) {
            if (!way) continue;
            begun = now();
            for (int i = 0; i < repeats; ++i) way();
            best[library] = std::min(best[library], (now() - begun) / repeats);
          }
      }
      std::printf("%-18s%-10s", s.name, kind);
      for (const double seconds : best)
        seconds < 1e9 ? std::printf("%15.0f", 100 * operations / seconds / ceiling) : std::printf("%15s", "-");
      std::printf("\n");
    }
}
