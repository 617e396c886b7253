// Every field of a description tells two of them apart: whether they are equal, and by their hashes, by which jobs that are alike find
// one another. (Of a network the layers are hashed, and its input by its size.)
#pragma once

#include <type_traits>

#include "check.hpp"
#include "pack/alike.hpp"

namespace thetastar::TS_LEVEL {

// Changes a field to what it was not.
template <class Field>
void alter(Field& field) {
  if constexpr (std::is_same_v<Field, bool>)
    field = !field;
  else if constexpr (std::is_arithmetic_v<Field>)
    field += 1;
  else if constexpr (requires { field += 'x'; })
    field += 'x';
  else if constexpr (requires { field.emplace_back(); })
    field.emplace_back();
  else {
    bool first = true;
    Field::fields(field, [&](const char*, auto& inner) {
      if (first) alter(inner);
      first = false;
    });
  }
}

template <class Spec>
void every_field_tells() {
  const auto hashed = [](const Spec& spec) {
    std::size_t hash = 1;
    add_to_hash(hash, spec);
    return hash;
  };
  const Spec usual;
  int count = 0;
  Spec::fields(usual, [&](const char*, const auto&) { ++count; });
  for (int which = 0; which < count; ++which) {
    Spec other;
    int at = 0;
    Spec::fields(other, [&](const char*, auto& field) {
      if (at++ == which) alter(field);
    });
    CHECK(!(other == usual) && !(usual == other));
    CHECK(hashed(other) != hashed(usual));
  }
  CHECK(Spec() == usual && hashed(Spec()) == hashed(usual));
}

template <class... Specs>
void every_field_of() {
  (every_field_tells<Specs>(), ...);
}

}  // namespace thetastar::TS_LEVEL
