// Embedding: (T) category numbers to (T, D): row `number` of the table W (categories, D) at every position. Numbers
// outside the table give zeros and no gradient.
#pragma once

#include "layer.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Embedding final : public Layer<T> {
 public:
  Embedding(Form in, int categories, int width, std::int64_t table)
      : Layer<T>(in, {1, in.shape.size(), width}), categories_(categories), table_(table) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each(pass, input, [&](Offset row, Offset category) {
      if (category < 0)
        std::memset(output + row * this->out_.ld, 0, static_cast<std::size_t>(this->out_.ld) * sizeof(T));
      else
        std::memcpy(output + row * this->out_.ld, pass.parameters + table_ + category * this->out_.ld,
                    static_cast<std::size_t>(this->out_.ld) * sizeof(T));
    });
  }
  void backward(const Pass<T>& pass, const T*, const T*, T*, T* d_input) const override {
    if (d_input) std::memset(d_input, 0, static_cast<std::size_t>(this->rows_in(pass) * this->d_ld()) * sizeof(T));
  }
  Cut cut() const override { return Cut::kWhole; }
  void gradient(const Pass<T>& pass, const T* input, const T* d_output, const ParameterArray&, Offset, Offset,
                T* d_table) const override {
    if (!pass.adds) std::memset(d_table, 0, static_cast<std::size_t>(categories_ * this->out_.ld) * sizeof(T));
    each(pass, input, [&](Offset row, Offset category) {
      for (Offset c = 0; category >= 0 && c < this->out_.ld; c += kWidth<T>) {
        T* at = d_table + category * this->out_.ld + c;
        store(at, load(at) + load(d_output + row * this->out_.ld + c));
      }
    });
  }

 private:
  template <class F>
  void each(const Pass<T>& pass, const T* input, F visit) const {
    const Offset positions = this->out_.shape.positions();
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset p = 0; p < positions; ++p) {
        const T number = input[b * this->in_.sample() + p];
        const bool known = number >= 0 && number < static_cast<T>(categories_);
        visit(b * positions + p, known ? static_cast<Offset>(number) : -1);
      }
  }
  const Offset categories_;
  const std::int64_t table_;
};

}  // namespace thetastar::TS_LEVEL
