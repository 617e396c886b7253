// Descriptions, from the dictionaries that Python hands over to the structs of core/spec.hpp, through the list of fields that
// each struct has. A key that is absent leaves the default; a key that no field has, and a value of another type, are refused.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <concepts>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "boundaries.hpp"
#include "kernels/bfloat16.hpp"
#include "spec.hpp"

namespace nb = nanobind;

namespace thetastar::TS_LEVEL {

template <class Spec>
concept Described = requires(Spec& spec) { Spec::fields(spec, [](const char*, auto&) {}); };

// What nanobind itself makes of a text or a list ends the process where there is no memory for it; this throws.
inline bool taken_from(nb::handle value, std::string& text) {
  Py_ssize_t size = 0;
  const char* const first = PyUnicode_Check(value.ptr()) ? PyUnicode_AsUTF8AndSize(value.ptr(), &size) : nullptr;
  if (first == nullptr) return PyErr_Clear(), false;
  text.assign(first, static_cast<std::size_t>(size));
  return true;
}
template <class Number>
bool taken_from(nb::handle value, Number& number) {
  return nb::try_cast(value, number);
}
template <class Number>
bool taken_from(nb::handle value, std::vector<Number>& numbers) {
  if (!nb::isinstance<nb::list>(value) && !nb::isinstance<nb::tuple>(value)) return false;
  numbers.clear();
  numbers.reserve(nb::len(value));
  for (nb::handle item : value)
    if (!nb::try_cast(item, numbers.emplace_back())) return false;
  return true;
}

inline std::string in_words(nb::handle value) {
  std::string words;
  taken_from(nb::repr(value), words);
  return words;
}

template <class Number>
std::string kind_of_value() {
  if constexpr (std::is_same_v<Number, bool>) return "True or False";
  if constexpr (std::integral<Number>) return "a whole number";
  if constexpr (std::floating_point<Number>) return "a number";
  return "text";
}

template <class Item>
void read(const std::string& where, nb::handle value, std::vector<Item>& items);
template <Described Spec>
void read(const std::string& where, nb::handle value, Spec& spec);

// where: what the value belongs to, for the message.
template <class Field>
void read(const std::string& where, nb::handle value, Field& field) {
  if (!taken_from(value, field))
    throw std::invalid_argument(where + " must be " + kind_of_value<Field>() + ". Got " + in_words(value) + ".");
}
inline void read(const std::string& where, nb::handle value, Shape& shape) {  // (F), (T, F) or (H, W, C)
  std::vector<int> numbers;
  const bool is_shape = taken_from(value, numbers) && !numbers.empty() && numbers.size() <= 3;
  if (!is_shape || *std::min_element(numbers.begin(), numbers.end()) < 1)
    throw std::invalid_argument(where + " must be one to three whole numbers above 0. Got " + in_words(value) + ".");
  const std::size_t rank = numbers.size();
  shape = {rank == 3 ? numbers[0] : 1, rank == 3 ? numbers[1] : rank == 2 ? numbers[0] : 1, numbers.back()};
}
// Layers inside layers end somewhere, though a list may hold itself.
struct Depth {
  static constexpr int kMost = 64;
  explicit Depth(const std::string& where) {
    if (++depth() > kMost) {
      --depth();
      throw std::invalid_argument(where.substr(0, 100) + "… is nested too deeply.");
    }
  }
  ~Depth() { --depth(); }
  Depth(const Depth&) = delete;
  static int& depth() {
    static thread_local int depth = 0;
    return depth;
  }
};
template <class Item>
void read(const std::string& where, nb::handle value, std::vector<Item>& items) {
  const Depth depth(where);
  if (!nb::isinstance<nb::list>(value) && !nb::isinstance<nb::tuple>(value))
    throw std::invalid_argument(where + " must be a list. Got " + in_words(value) + ".");
  items.clear();
  for (nb::handle item : value) {
    const std::string place = where + "[" + std::to_string(items.size()) + "]";
    read(place, item, items.emplace_back());
  }
}
template <Described Spec>
void read(const std::string& where, nb::handle value, Spec& spec) {
  if (!nb::isinstance<nb::dict>(value))
    throw std::invalid_argument(where + " must be a dict. Got " + in_words(value) + ".");
  const auto given = nb::borrow<nb::dict>(value);
  std::size_t known = 0;
  std::string names;
  Spec::fields(spec, [&](const char* name, auto& field) {
    names += (names.empty() ? "" : ", ") + std::string(name);
    if (!given.contains(name)) return;
    ++known;
    read(where + "['" + name + "']", given[name], field);
  });
  if (known == given.size()) return;
  for (nb::handle key : given.keys()) {
    std::string text;
    bool is_known = false;
    if (taken_from(key, text)) Spec::fields(spec, [&](const char* name, auto&) { is_known |= text == name; });
    if (!is_known)
      throw std::invalid_argument(where + " has no setting " + in_words(key) + ". Its settings are: " + names + ".");
  }
}

// Ranges beyond which the core would divide by nothing, or not end. What a setting means, the package checks.
template <class Spec>
bool in_range(const Spec&) {
  return true;
}
inline bool in_range(const LayerSpec& s) {
  const auto moves = {s.window_height,   s.window_width,   s.stride_height, s.stride_width,
                      s.dilation_height, s.dilation_width, s.groups};
  return s.units >= 0 && s.categories >= 0 && s.frequencies >= 0 && s.members > 0 &&
         std::all_of(s.columns.begin(), s.columns.end(), [](int column) { return column >= 0; }) &&
         std::all_of(moves.begin(), moves.end(), [](int number) { return number > 0; }) &&
         std::all_of(s.inner.begin(), s.inner.end(), [](const LayerSpec& inner) { return in_range(inner); });
}
inline bool in_range(const NetworkSpec& s) {
  return !s.layers.empty() &&
         std::all_of(s.layers.begin(), s.layers.end(), [](const LayerSpec& layer) { return in_range(layer); }) &&
         output_count(s) > 0;
}
inline bool in_range(const ScheduleSpec& s) { return s.every > 0 && s.multiplier >= 1; }
inline bool in_range(const OptimizerSpec& s) { return s.every > 0 && s.history > 0 && s.history <= 10'000; }
inline bool in_range(const LossSpec& s) { return s.members >= 1 && s.members <= 3 && s.classes >= 0 && s.blank >= 0; }
inline bool in_range(const TrainSpec& s) {
  return s.epochs > 0 && s.batch_size > 0 && in_range(s.loss) && in_range(s.optimizer) && in_range(s.schedule) &&
         in_range(s.decay_schedule) && in_range(s.dropout_schedule) && s.ways.samples >= 0 &&
         std::all_of(s.groups.begin(), s.groups.end(), [](const OptimizerSpec& group) { return in_range(group); }) &&
         (s.tile_parts == 0 || ((s.tile_parts == 1 || s.tile_parts == 3) && has_bfloat16<float>()));
}

template <class Spec>
Spec read_as(const char* where, nb::handle value) {
  Spec spec;
  read(where, value, spec);
  if (!in_range(spec)) throw std::invalid_argument(std::string(where) + ": a number lies outside its range.");
  return spec;
}

}  // namespace thetastar::TS_LEVEL
