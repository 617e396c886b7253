// Descriptions, from JSON text to the structs of core/spec.hpp, through the list of fields that each struct has. A key that is absent
// leaves the default; a key that no field has is refused.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "json.hpp"
#include "spec.hpp"

namespace thetastar::TS_LEVEL {

template <class Spec>
concept Described = requires(Spec& spec) { Spec::fields(spec, [](const char*, auto&) {}); };

template <Described Spec>
void read(const Json& value, Spec& spec);
template <class Field>
void read(const Json& value, Field& field) {
  field = value.as<Field>();
}
inline void read(const Json& value, Shape& shape) {  // (F), (T, F) or (H, W, C)
  const auto numbers = value.as<std::vector<int>>();
  const std::size_t rank = numbers.size();
  if (rank == 0 || rank > 3) throw std::invalid_argument("A shape must be one to three whole numbers.");
  shape = {rank == 3 ? numbers[0] : 1, rank == 3 ? numbers[1] : rank == 2 ? numbers[0] : 1, numbers.back()};
}
template <Described Spec>
void read(const Json& value, std::vector<Spec>& items) {
  items.clear();
  for (const Json& item : value.items()) read(item, items.emplace_back());
}
template <Described Spec>
void read(const Json& value, Spec& spec) {
  std::size_t known = 0;
  std::string names;
  Spec::fields(spec, [&](const char* name, auto& field) {
    names += (names.empty() ? "" : ", ") + std::string(name);
    if (!value.contains(name)) return;
    ++known;
    read(value[name], field);
  });
  if (known != value.size())
    throw std::invalid_argument("A description has a setting that is not known. Known are: " + names + ".");
}
template <class Spec>
Spec read_as(const Json& value) {
  Spec spec;
  read(value, spec);
  return spec;
}

}  // namespace thetastar::TS_LEVEL
