// SPDX-License-Identifier: Apache-2.0
#include "workflow/faults.h"

#include <gtest/gtest.h>

namespace hence::workflow {
namespace {

TEST(Faults, SuggestsTheNearestWordOrListsAll) {
  const std::string_view words[] = {"switch", "set", "wait"};
  EXPECT_EQ(nearest_word("swich", words), "switch");
  EXPECT_EQ(nearest_word("SET", words), "set");
  EXPECT_EQ(nearest_word("frobnicate", words), "");
  EXPECT_EQ(nearest_slip("swich", words), "switch");
  EXPECT_EQ(nearest_slip("switch", words), "");
  EXPECT_EQ(suggestion("waitt", words), "; did you mean \"wait\"?");
  EXPECT_EQ(suggestion("frobnicate", words), "; expected one of switch, set, wait");
  EXPECT_EQ(suggestion("x", {}), "");
}

TEST(Faults, StandInTheOrderOfTheFileAndOnce) {
  Faults faults;
  faults.add({ErrorCode::WorkflowInvalid, "/b", {3, 1}, "second"});
  faults.add({ErrorCode::WorkflowInvalid, "/a", {2, 5}, "first"});
  faults.add({ErrorCode::WorkflowInvalid, "/b", {3, 1}, "second"});
  faults.sort();
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults.to_error("w.yaml").message(),
            "w.yaml: line 2, column 5: /a: first\nw.yaml: line 3, column 1: /b: second");
}

}  // namespace
}  // namespace hence::workflow
