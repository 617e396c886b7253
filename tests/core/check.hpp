// What must hold, or the program ends and says where.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#define CHECK(condition)                                                               \
  if (!(condition)) {                                                                  \
    std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
    std::exit(1);                                                                      \
  }

// What is done is refused, in a sentence that holds these words.
template <class Act>
void refused(const char* words, Act act) {
  try {
    act();
  } catch (const std::invalid_argument& error) {
    CHECK(std::strstr(error.what(), words) != nullptr);
    return;
  }
  std::fprintf(stderr, "not refused: %s\n", words);
  std::exit(1);
}
