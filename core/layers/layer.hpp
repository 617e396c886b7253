// The contract of a layer.
//
// A layer is made by the planner, knows its sizes and where its arrays lie, and never changes afterwards: everything
// that varies lies in the blocks that a Pass points to. So one plan serves any number of threads.
//
//   forward   reads input and parameters and writes every number of output. If the pass `keeps`, it leaves in scratch
//             what backward needs.
//   backward  reads d_output, input and output, and may leave dZ in d_output for `gradient`. It writes every number of
//             d_input, unless that is null, as for the first layer.
//   gradient  writes rows from ... to (exclusive) of one parameter array's gradient to d_rows, summed over the samples
//             in their order (or over groups of kTogether in theirs). If the pass `adds`, it adds them to what is there.
//
// forward and backward work on samples, gradient on parameters. So several threads can share a step, each with its own samples
// and then with its own parameters, and no bit depends on how many there are. A layer that cannot be cut in this way says so
// (`splits`) and may compute its gradients in backward.
//
// A batch of B samples is a matrix of B · positions rows of `channels` numbers: a pixel or a time step is a row.
#pragma once

#include <cstring>

#include "../kernels/gemm.hpp"
#include "../rng.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

// The parts in which a large batch passes are multiples of this many samples, so sums by groups do not depend on the parts.
inline constexpr int kTogether = 16;

template <class T>
struct Pass {
  int batch = 0;          // B
  int first = 0;          // which sample of the workspace its first one is; input and output point to that one already
  int all = 0;            // samples that the workspace holds, of which the members of a team have some each
  int before = 0;         // samples of the step's batch before those that the workspace holds
  bool keeps = false;     // a backward pass follows
  bool adds = false;      // gradients are added to what is there
  bool training = false;  // dropout acts, batch normalisation looks at the batch
  const T* parameters = nullptr;
  T* running = nullptr;    // the same block where running statistics may be changed, or null
  T* gradients = nullptr;  // laid out as the parameters are
  T* scratch = nullptr;    // what is kept, sample by sample
  T* own = nullptr;        // room that no other thread writes to
  double dropout = 1;      // what the rates of dropout are multiplied by
  Stream stream{0};        // random numbers of the training, and ...
  std::uint64_t step = 0;  // ... which of its steps this is
};

struct ParameterArray {
  std::string name;  // "dense_1.weight"
  int layer = 0;     // which of the network's layers
  int rows = 0, columns = 0;
  int gates = 1;  // of a recurrent layer: a row holds the numbers of one gate after another, each padded by itself
  int ld = 0;
  std::int64_t offset = 0;
  bool is_weight = false;  // penalties and weight decay act on weights only
  bool is_learned = true;  // false: running statistics, which a layer moves itself and an optimiser leaves alone
  bool is_vector = false;  // (columns,) outside, where rows is 1
  bool is_table = false;   // an embedding: a row is a word, a column is not what leads into a neuron
  InitializerSpec initializer;
  double fan_in = 0, fan_out = 0;

  std::int64_t size() const { return static_cast<std::int64_t>(rows) * ld; }
};

// How the rows of a batch lie in memory.
struct Form {
  Shape shape;
  Offset ld = 0;  // numbers from one row to the next; padded(channels), except for an image at the input
  int lanes = 1;  // samples side by side, number by number (layers/lanes.hpp); ld is channels then
  Offset sample() const { return shape.positions() * ld; }
  // Where sample b's numbers of a position begin; a sample's next channel lies `lanes` further.
  Offset row(Offset b, Offset position) const {
    return (b / lanes * shape.positions() + position) * ld * lanes + b % lanes;
  }
};

template <class T>
Form padded_form(Shape shape) {
  return {shape, padded<T>(shape.channels)};
}

// Some columns of a layer's output, or of its input: whole vectors.
struct Columns {
  Offset from = 0, to = 0;
};

// How a parameter array's gradient may be cut: into blocks of a few rows, into large blocks, or not at all.
enum class Cut { kRows, kLargeBlocks, kWhole };

// How gradients with respect to rows lie: always padded, or in lanes.
template <class T>
Form gradient_form(Form form) {
  if (form.lanes == 1) form.ld = padded<T>(form.shape.channels);
  return form;
}

template <class T>
class Layer {
 public:
  Layer(Form in, Shape out, int lanes = 1)
      : in_(in), out_(lanes > 1 ? Form{out, out.channels, lanes} : padded_form<T>(out)) {}
  virtual ~Layer() = default;
  virtual void forward(const Pass<T>& pass, const T* input, T* output) const = 0;
  virtual void backward(const Pass<T>& pass, const T* input, const T* output, T* d_output, T* d_input) const = 0;
  virtual void gradient(const Pass<T>&, const T* /*input*/, const T* /*d_output*/, const ParameterArray&,
                        Offset /*from*/, Offset /*to*/, T* /*d_rows*/) const {}
  // Where a team gains by it, a layer is cut by columns: a member computes some columns for all samples of the pass. Backward has
  // two parts then: dZ in place of d_output and, when all members have that, d_input.
  virtual bool cuts_columns(int /*members*/, Offset /*least: weights*/) const { return false; }
  virtual void forward_columns(const Pass<T>&, const T* /*input*/, T* /*output*/, Columns) const {}
  virtual void backward_output(const Pass<T>&, const T* /*output*/, T* /*d_output*/, Columns) const {}
  virtual void backward_input(const Pass<T>&, const T* /*d_output*/, T* /*d_input*/, Columns) const {}
  virtual bool splits() const { return true; }       // samples do not see each other, and gradients have their own pass
  virtual bool sees_batch() const { return false; }  // statistics over the batch: it must pass as a whole
  virtual Cut cut() const { return Cut::kLargeBlocks; }
  virtual Offset rows_at_once() const { return kTileRows; }  // the least rows of a gradient that is cut into rows
  virtual double multiplications() const { return 0; }       // of a sample's forward pass, in products

  const Form& in() const { return in_; }
  const Form& out() const { return out_; }

 protected:
  Offset rows_in(const Pass<T>& pass) const { return static_cast<Offset>(pass.batch) * in_.shape.positions(); }
  Offset rows_out(const Pass<T>& pass) const { return static_cast<Offset>(pass.batch) * out_.shape.positions(); }
  Offset d_ld() const { return padded<T>(in_.shape.channels); }  // d_input always has padded rows
  // What was kept in the scratch for the pass's first sample; numbers: of a sample.
  T* kept(const Pass<T>& pass, std::int64_t at, Offset numbers) const {
    return pass.scratch + at + pass.first * numbers;
  }

  const Form in_, out_;
};

}  // namespace thetastar::TS_LEVEL
