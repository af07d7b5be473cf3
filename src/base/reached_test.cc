// SPDX-License-Identifier: Apache-2.0
#include "base/reached.h"

#include <gtest/gtest.h>

namespace hence {
namespace {

void visit(bool here) {
  if (here) SIM_REACHED("test: here");
  else SIM_REACHED("test: there");
}

bool is_reached(std::string_view name) {
  for (const ReachedName& mark : reached_marks()) {
    if (mark.name == name) return mark.reached;
  }
  ADD_FAILURE() << name << " is not listed";
  return false;
}

TEST(Reached, ListsEveryMarkAndSaysWhichWereReached) {
  EXPECT_FALSE(is_reached("test: here"));
  visit(true);
  EXPECT_TRUE(is_reached("test: here"));
  EXPECT_FALSE(is_reached("test: there"));
}

}  // namespace
}  // namespace hence
