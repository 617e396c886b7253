// An optimiser on a function of a user's own: one vector of numbers in double precision, all of which count as weights.
#pragma once

#include "optimizers.hpp"
#include "optimizers/curvature.hpp"
#include "optimizers/lbfgs.hpp"

namespace thetastar::TS_LEVEL {

class Minimizer {
 public:
  Minimizer(const OptimizerSpec& o, const double* theta, std::int64_t n)
      : n_(n), size_(padded<double>(static_cast<int>(n))), theta_(size_), padded_(size_),
        optimizer_(o, {}, {array()}, size_), search_(o, traits_of(o).searches_lines ? size_ : 0),
        searches_(traits_of(o).searches_lines) {
    std::copy_n(theta, n, theta_.data());
    if (!searches_) optimizer_.start(theta_.data());
  }
  std::vector<double> theta() const { return {theta_.data(), theta_.data() + n_}; }
  bool searches() const { return searches_; }

  std::vector<std::vector<double>> states() {  // the optimiser's
    std::vector<std::vector<double>> all;
    for (const double* state : searches_ ? search_.states() : optimizer_.states()) all.emplace_back(state, state + n_);
    return all;
  }

  void step(const double* gradient) {
    std::copy_n(gradient, n_, padded_.data());
    optimizer_.step(1, theta_.data(), padded_.data());
  }
  // L-BFGS: f(theta, gradient) -> value, at the places that it asks for
  template <class F>
  double descend(F f) {
    return search_.descend(1, theta_.data(), [&](double* gradient) { return f(theta(), gradient); });
  }

  bool wants_curvature() const { return optimizer_.wants_curvature(); }
  double curvature_step() const { return thetastar::TS_LEVEL::curvature_step(theta_.data(), n_); }
  std::vector<double> signs(std::uint64_t seed) const {
    const Stream stream(seed, Purpose::kCurvature, static_cast<std::uint64_t>(optimizer_.steps()));
    std::vector<double> signs;
    for (std::int64_t i = 0; i < n_; ++i) signs.push_back(random_sign(stream, i));
    return signs;
  }
  void add_curvature(const double* diagonal) {
    std::copy_n(diagonal, n_, padded_.data());
    optimizer_.add_curvature(padded_.data());
  }

 private:
  ParameterArray array() const {
    ParameterArray s;
    s.name = "theta";
    s.rows = 1;
    s.columns = static_cast<int>(n_);
    s.ld = static_cast<int>(size_);
    s.is_weight = true;
    return s;
  }

  const std::int64_t n_, size_;
  Block<double> theta_, padded_;
  Optimizer<double> optimizer_;
  Lbfgs<double> search_;
  const bool searches_;
};

}  // namespace thetastar::TS_LEVEL
