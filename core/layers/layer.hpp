// The contract of a layer.
//
// A layer is made by the planner, knows its sizes and where its slices lie, and never changes afterwards: everything
// that varies lies in the blocks that a Pass points to. So one plan serves any number of threads.
//
//   forward   reads input and parameters, writes every number of output, and keeps in scratch what backward needs
//             (only when the pass says `keeps`).
//   backward  reads d_output, which it may overwrite; writes every number of its parameters' gradients, and of d_input
//             unless that is null (the first layer's input has no use for one).
//
// A batch of B samples is a matrix of B · positions rows of `channels` numbers: a pixel or a time step is a row.
#pragma once

#include <cstring>

#include "../kernels/gemm.hpp"
#include "../rng.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct Pass {
  int batch = 0;           // B
  bool keeps = false;      // a backward pass follows
  bool training = false;   // dropout acts, batch normalisation looks at the batch
  const T* parameters = nullptr;
  T* running = nullptr;    // the same block where running statistics may be changed, or null
  T* gradients = nullptr;  // laid out as the parameters are
  T* scratch = nullptr;
  Stream stream{0};        // random numbers of the training, and ...
  std::uint64_t step = 0;  // ... which of its steps this is
};

struct ParameterSlice {
  std::string name;        // "dense_1.weight"
  int layer = 0;           // which of the network's layers
  int rows = 0, columns = 0;
  int blocks = 1;          // a row is so many blocks (the gates of a recurrent layer), each padded by itself
  int ld = 0;
  std::int64_t offset = 0;
  bool is_weight = false;  // penalties and weight decay act on weights only
  bool is_learned = true;  // false: running statistics, which a layer moves itself and an optimiser leaves alone
  bool is_vector = false;  // (columns,) outside, where rows is 1
  InitializerSpec initializer;
  double fan_in = 0, fan_out = 0;

  std::int64_t size() const { return static_cast<std::int64_t>(rows) * ld; }
};

// How the rows of a batch lie in memory.
struct Form {
  Shape shape;
  Offset ld = 0;           // numbers from one row to the next; padded(channels), except for an image at the input
  Offset sample() const { return shape.positions() * ld; }
};

template <class T>
Form padded_form(Shape shape) {
  return {shape, padded<T>(shape.channels)};
}

template <class T>
class Layer {
 public:
  Layer(Form in, Shape out) : in_(in), out_(padded_form<T>(out)) {}
  virtual ~Layer() = default;
  virtual void forward(const Pass<T>& pass, const T* input, T* output) const = 0;
  virtual void backward(const Pass<T>& pass, const T* input, T* d_output, T* d_input) const = 0;

  const Form& in() const { return in_; }
  const Form& out() const { return out_; }

 protected:
  Offset rows_in(const Pass<T>& pass) const { return static_cast<Offset>(pass.batch) * in_.shape.positions(); }
  Offset rows_out(const Pass<T>& pass) const { return static_cast<Offset>(pass.batch) * out_.shape.positions(); }
  Offset d_ld() const { return padded<T>(in_.shape.channels); }  // d_input always has padded rows

  const Form in_, out_;
};

}  // namespace thetastar::TS_LEVEL
