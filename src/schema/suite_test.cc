// SPDX-License-Identifier: Apache-2.0
// The JSON-Schema-Test-Suite as it lies in the shared data; its remotes are served from memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "json/parse.h"
#include "schema/schema.h"

namespace hence::schema {
namespace {

namespace fs = std::filesystem;

fs::path suite_folder() {
  const char* shared = std::getenv("HENCE_SHARED_DIR");
  return fs::path(shared != nullptr ? shared : HENCE_SOURCE_DIR "/../shared") / "conformance/json-schema";
}

json::Value read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto value = json::parse(text.str(), {.depth_max = 1'000});
  EXPECT_TRUE(value.ok()) << path << (value.ok() ? "" : value.error().message());
  return value.ok() ? *value : json::Value();
}

Registry remotes() {
  Registry registry;
  const fs::path root = suite_folder() / "remotes";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".json") continue;
    registry.add("http://localhost:1234/" + fs::relative(entry.path(), root).string(), read(entry.path()));
  }
  return registry;
}

struct Counts {
  int cases = 0;
  int failed = 0;
};

/// One file of the suite, each verdict by valid() and by faults(), which must agree.
void run_file(const fs::path& path, const CompileOptions& options, Counts& counts) {
  const json::Value groups = read(path);
  for (const json::View group : groups->elements()) {
    const std::string name = path.stem().string() + ": " + std::string(group.string_or("description", ""));
    const auto schema = Schema::compile(*group.find("schema"), options);
    for (const json::View test : group.find("tests")->elements()) {
      ++counts.cases;
      const bool expected = test.find("valid")->as_bool();
      const std::string what = name + ": " + std::string(test.string_or("description", ""));
      if (!schema.ok()) {
        ++counts.failed;
        ADD_FAILURE() << what << ": " << schema.error().message();
        continue;
      }
      const bool valid = (*schema)->valid(*test.find("data"));
      const auto faults = (*schema)->faults(*test.find("data"));
      if (valid == expected && faults.empty() == expected) continue;
      ++counts.failed;
      ADD_FAILURE() << what << ": valid() says " << valid << ", faults() gives " << faults.size();
    }
  }
}

struct SuiteDraft {
  const char* folder;
  Draft draft;
  int cases;
};

class Suite : public testing::TestWithParam<SuiteDraft> {};

TEST_P(Suite, EveryCaseHasTheVerdictGiven) {
  const fs::path folder = suite_folder() / GetParam().folder;
  if (!fs::exists(folder)) GTEST_SKIP() << "no suite at " << folder;
  const Registry registry = remotes();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Counts counts;
  for (const fs::path& file : files) {
    CompileOptions options{GetParam().draft, &registry, false};
    run_file(file, options, counts);
    // The cases of format.json say that formats only annotate; all others hold with either.
    if (file.stem() == "format") continue;
    options.assert_format = true;
    Counts again;
    run_file(file, options, again);
  }
  RecordProperty("cases", counts.cases);
  EXPECT_EQ(counts.cases, GetParam().cases);
}

INSTANTIATE_TEST_SUITE_P(Drafts, Suite,
                         testing::Values(SuiteDraft{"draft2020-12", Draft::draft2020_12, 778},
                                         SuiteDraft{"draft7", Draft::draft7, 583},
                                         SuiteDraft{"draft4", Draft::draft4, 414}),
                         [](const auto& one) {
                           std::string name = one.param.folder;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace hence::schema
