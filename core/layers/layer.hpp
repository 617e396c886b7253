// The contract of a layer.
//
// A layer is made by the planner, knows its sizes and where its slices lie, and never changes afterwards: everything
// that varies lies in the blocks that a Pass points to. So one plan serves any number of threads.
//
//   forward   reads input (B, I) and parameters, writes every number of output (B, O), and keeps in scratch what
//             backward needs (only when training).
//   backward  reads d_output (B, O), which it may overwrite; writes every number of its parameters' gradients, and of
//             d_input (B, I) unless that is null (the first layer's input has no use for one).
#pragma once

#include "../rng.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct Pass {
  int batch = 0;           // B, the rows of this batch
  bool training = false;   // dropout acts, and slopes are kept
  const T* parameters = nullptr;
  T* gradients = nullptr;  // laid out as the parameters are
  T* scratch = nullptr;
  Stream stream{0};        // random numbers of this step
};

struct ParameterSlice {
  std::string name;        // "dense_1.weight"
  int layer = 0;           // which of the network's layers
  int rows = 0, columns = 0, ld = 0;
  std::int64_t offset = 0;
  bool is_weight = false;  // penalties and weight decay act on weights only
  InitializerSpec initializer;

  std::int64_t size() const { return static_cast<std::int64_t>(rows) * ld; }
};

template <class T>
class Layer {
 public:
  Layer(int inputs, int outputs) : inputs_(inputs), outputs_(outputs) {}
  virtual ~Layer() = default;
  virtual void forward(const Pass<T>& pass, const T* input, T* output) const = 0;
  virtual void backward(const Pass<T>& pass, const T* input, T* d_output, T* d_input) const = 0;

  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }

 protected:
  const int inputs_, outputs_;  // I, O
};

}  // namespace thetastar::TS_LEVEL
