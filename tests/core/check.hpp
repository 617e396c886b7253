// What must hold, or the program ends and says where.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                               \
  if (!(condition)) {                                                                  \
    std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
    std::exit(1);                                                                      \
  }
