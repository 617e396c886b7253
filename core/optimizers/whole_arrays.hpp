// Rules whose step of an array depends on the whole of it: Lamb and Adafactor. `look` gives the factor that all rows share.
#pragma once

#include "adam.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
double sum_of_squares(const T* values, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(values[i]) * values[i];
  return sum;
}

// You et al. 2020: Adam's direction r, with the decay in it, at the length of the parameters: θ ← θ - η (‖θ‖ / ‖r‖) r. The factor
// is 1 where one of the two is 0. Where the decay is decoupled it is no part of r, as in Keras.
template <class T>
struct Lamb : Means<T> {
  static constexpr int kStates = 2;
  T root_correction, per_mean, rate, decay;
  Lamb(const OptimizerSpec& o, const Moment& m, double array_decay = 0, T factor = 1)
      : Means<T>(o, m), root_correction(number<T>(1 / std::sqrt(this->correction_2))),
        per_mean(number<T>(1 / this->correction_1)), rate(number<T>(m.rate) * factor),
        decay(number<T>(o.decoupled ? 0 : array_decay)) {}
  Vec<T> direction(Vec<T> p, const Vec<T>* s) const {
    return per_mean * s[0] * inverse(above_zero<T>(root_times(s[1], root_correction, this->epsilon))) + decay * p;
  }
  Vec<T> moved(Vec<T> p, Vec<T>, Vec<T>* s) const { return p - rate * direction(p, s); }

  static T look(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& a) {
    constexpr int W = kWidth<T>;
    const Lamb rule(o, m, a.decay);
    double of_direction = 0;
    for (std::int64_t i = 0; i < a.shape.size(); i += W) {
      Vec<T> s[2] = {load(a.states + i), load(a.states + a.stride + i)};
      rule.update(load(a.g + i), s[0], s[1]);
      store(a.states + i, s[0]), store(a.states + a.stride + i, s[1]);
      alignas(kVectorBytes) T r[W];
      store(r, rule.direction(load(a.p + i), s));
      of_direction += sum_of_squares(r, W);
    }
    const double of_parameters = sum_of_squares(a.p, a.shape.size()) * a.shrink * a.shrink;
    return of_parameters > 0 && of_direction > 0 ? number<T>(std::sqrt(of_parameters / of_direction)) : T(1);
  }
  static double move_rows(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& a, T factor, std::int64_t first,
                          std::int64_t rows, bool) {
    return apply<T>(Lamb(o, m, a.decay, factor), {0, 0, a.shrink}, a.p, a.g, a.states + first * a.shape.ld, a.stride,
                    rows * a.shape.ld);
  }
};

// Shazeer and Stern 2018. A matrix's running mean of g² is known by its rows and columns only, v_ij = r_i c_j / mean(r); other
// arrays keep one of every number. u = g / √v, cut to the length that `clip` allows, and θ ← θ - max(ε₂, rms(θ)) ρ u, with the
// rate ρ = min(η, 1 / √t). The mean's β₂ is 1 - t^power. r stands in the first column of the first state, c in the first row of
// the second.
template <class T>
struct Adafactor {
  static constexpr int kStates = 2;
  T keep, fresh, epsilon, factor;
  double rate, least, clip;
  Adafactor(const OptimizerSpec& o, const Moment& m, T of_array = 1)
      : keep(number<T>(1 - std::pow(static_cast<double>(m.step), o.power))),
        fresh(number<T>(std::pow(static_cast<double>(m.step), o.power))), epsilon(number<T>(o.epsilon)),
        factor(of_array), rate(std::min(m.rate, 1 / std::sqrt(static_cast<double>(m.step)))), least(o.least),
        clip(o.most) {}
  static bool is_factored(const ParameterArray& array) { return array.rows > 1 && array.columns > 1; }
  static Vec<T> per_root(Vec<T> v) { return inverse(root(above_zero<T>(v))); }

  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const { return p - factor * g * per_root(s[0]); }

  static T look(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& a) {
    return Adafactor(o, m).factor_of(a.shape, a.p, a.g, a.states, a.stride);
  }
  static double move_rows(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& a, T factor, std::int64_t first,
                          std::int64_t rows, bool) {
    const Adafactor rule(o, m, factor);
    if (is_factored(a.shape)) return rule.move_factored(a, first, rows);
    return apply<T>(rule, {0, 0, a.shrink}, a.p, a.g, a.states + first * a.shape.ld, a.stride, rows * a.shape.ld);
  }

 private:
  T factor_of(const ParameterArray& array, const T* p, const T* g, T* states, std::int64_t stride) const {
    const double count = static_cast<double>(array.rows) * array.columns;
    const double reach = std::max(least, std::sqrt(sum_of_squares(p, array.size()) / count)) * rate;
    const auto within = [&](double squares) { return reach / std::max(1.0, std::sqrt(squares / count) / clip); };
    if (!is_factored(array)) {
      double squares = 0;
      for (std::int64_t i = 0; i < array.size(); ++i) {
        const T square = g[i] * g[i];
        states[i] = keep * states[i] + fresh * (square + epsilon);
        squares += states[i] > 0 ? static_cast<double>(square) / states[i] : 0;
      }
      return number<T>(within(squares));
    }
    T* columns = states + stride;
    double mean = 0, squares = 0;
    for (int j = 0; j < array.ld; ++j) columns[j] *= keep;
    for (int i = 0; i < array.rows; ++i) {
      const T* row = g + static_cast<std::int64_t>(i) * array.ld;
      T& of_row = states[static_cast<std::int64_t>(i) * array.ld];
      of_row = keep * of_row + fresh * (number<T>(sum_of_squares(row, array.ld) / array.columns) + epsilon);
      for (int j = 0; j < array.ld; ++j) columns[j] += fresh / static_cast<T>(array.rows) * (row[j] * row[j] + epsilon);
      mean += of_row;
    }
    mean /= array.rows;
    for (int i = 0; i < array.rows; ++i) {
      const std::int64_t at = static_cast<std::int64_t>(i) * array.ld;
      double of_row = 0;
      for (int j = 0; j < array.ld; ++j)
        if (columns[j] > 0) of_row += static_cast<double>(g[at + j]) * g[at + j] / columns[j];
      if (states[at] > 0) squares += of_row * mean / states[at];
    }
    return number<T>(within(squares) * std::sqrt(mean));
  }

  double move_factored(const WholeArray<T>& a, std::int64_t first, std::int64_t rows) const {
    Vec<T> squares{};
    T* p = a.p;
    const T *g = a.g, *columns = a.states + a.stride;
    for (std::int64_t i = 0; i < rows; ++i, p += a.shape.ld, g += a.shape.ld) {
      const T of_row = factor * per_root(splat(a.states[(first + i) * a.shape.ld]))[0];
      for (int j = 0; j < a.shape.ld; j += kWidth<T>) {
        const Vec<T> slope = load(g + j);
        squares += slope * slope;
        store(p + j, a.shrink * load(p + j) - of_row * slope * per_root(load(columns + j)));
      }
    }
    return static_cast<double>(sum<T>(squares));
  }
};

}  // namespace thetastar::TS_LEVEL
