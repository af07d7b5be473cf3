// SPDX-License-Identifier: Apache-2.0
// The specification's own documents: each example has no fault, and is run or refused by name; the
// invalid ones are refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "workflow/test_world.h"

namespace hence::workflow::testing {
namespace {

std::vector<std::filesystem::path> documents_in(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path root = shared_dir() + "/conformance/open-workflow/" + folder;
  if (!std::filesystem::exists(root)) return paths;
  for (const auto& entry : std::filesystem::directory_iterator(root)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Examples, AreAllValidAndRunOrRefusedByName) {
  const auto paths = documents_in("examples");
  if (paths.empty()) GTEST_SKIP() << "the specification's examples are not beside the sources";
  EXPECT_EQ(paths.size(), 68u);
  size_t run = 0;
  for (const auto& path : paths) {
    const Compiled compiled = compile(document_of(read_file(path)));
    for (const Fault& fault : compiled.faults) ADD_FAILURE() << path.filename() << ": "
        << fault.to_string();
    for (const Fault& fault : compiled.unsupported) {
      EXPECT_THAT(fault.message, ::testing::HasSubstr("not supported yet")) << path.filename();
      EXPECT_GT(fault.place.line, 0u) << path.filename() << ": " << fault.message;
    }
    EXPECT_TRUE(compiled.definition) << path.filename();
    run += compiled.unsupported.empty();
  }
  EXPECT_GE(run, 20u);
}

TEST(Examples, InvalidOnesAreRefused) {
  const auto paths = documents_in("invalid");
  if (paths.empty()) GTEST_SKIP() << "the specification's documents are not beside the sources";
  for (const auto& path : paths) {
    const auto documents = json::parse_yaml(read_file(path));
    if (!documents.ok()) continue;  // `do` twice is refused by the reader
    ASSERT_EQ(documents->size(), 1u) << path.filename();
    EXPECT_FALSE(compile(documents->front()).faults.empty()) << path.filename();
  }
}

}  // namespace
}  // namespace hence::workflow::testing
