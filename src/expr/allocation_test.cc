// SPDX-License-Identifier: Apache-2.0
// What an evaluation allocates: plain conditions nothing at all. malloc is counted by standing
// before it, so this works with glibc's only.
#include <gtest/gtest.h>

#include <cstdlib>

#include "expr/program.h"
#include "json/parse.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" void* __libc_malloc(size_t size);
namespace {
thread_local size_t allocations = 0;
}
extern "C" void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

namespace hence::expr {
namespace {

const json::Value& event() {
  static const json::Value value = *json::parse(
      R"({"id":"ev-1","data":{"service":"svc-1","environment":"prod","amount":120.5,"tags":["eu","prod"],
          "labels":{"team":"risk"},"items":[{"price":2.5,"qty":2}]}})");
  return value;
}

size_t allocations_of(const char* source) {
  const Program program = *Program::compile(source);
  Budget first = kWhenBudget;
  bool truth = *program.evaluate_condition(event(), {}, {}, first);  // what is made once, is made now
  const size_t before = allocations;
  for (int i = 0; i < 10; ++i) {
    Budget budget = kWhenBudget;
    truth = *program.evaluate_condition(event(), {}, {}, budget);
  }
  EXPECT_TRUE(truth) << source;
  return allocations - before;
}

TEST(Allocation, ConditionsTakeNoMemory) {
  EXPECT_EQ(allocations_of(".data.amount > 100"), 0u);
  EXPECT_EQ(allocations_of(".data.tags | index(\"prod\") != null"), 0u);
  EXPECT_EQ(allocations_of(".data.environment == \"prod\" and .data.amount >= 1"), 0u);
  EXPECT_EQ(allocations_of("any(.data.tags[]; . == \"prod\")"), 0u);
}

TEST(Allocation, IsCounted) { EXPECT_GT(allocations_of("[.data.tags[] | . + \"a long text beyond any small buffer\"] | length > 1"), 0u); }

}  // namespace
}  // namespace hence::expr

#endif
