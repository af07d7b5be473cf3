// SPDX-License-Identifier: Apache-2.0
#include "harness/run_tests.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace hence::harness {
namespace {

class RunTests : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("hence-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  int run() {
    output.clear();
    TestOptions options;
    options.report = (folder_ / "report.xml").string();
    options.write = [this](std::string_view text) { output += text; };
    return run_test_paths({folder_.string()}, options);
  }
  bool says(const std::string& text) const { return output.find(text) != std::string::npos; }

  std::filesystem::path folder_;
  std::string output;
};

constexpr const char* kOrders = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: shop}
spec: {http: {url: "https://shop.example/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec:
  on: {type: order.created, when: ".data.total > 10"}
  do: [{deliver: {sink: shop}}]
)";

TEST_F(RunTests, PassesWhatHolds) {
  write("orders.yaml", kOrders);
  write("a.test.yaml", R"(
name: an order is told
resources: [orders.yaml]
steps:
  - send: {id: e1, type: order.created, data: {total: 40}}
  - expect: {attempts: {shop: 1}, delivered: {shop: [{id: e1, data: {total: 40}}]}}
---
name: another one
steps:
  - restart
  - expect: {timers: 0, parked: [], events: []}
)");
  EXPECT_EQ(run(), 0) << output;
  EXPECT_TRUE(says("2 passed, 0 failed\n")) << output;
}

TEST_F(RunTests, ShowsWhatDiffersAndWhere) {
  write("orders.yaml", kOrders);
  write("a.test.yaml", R"(name: an order is told
resources: [orders.yaml]
steps:
  - send: {id: e1, type: order.created, data: {total: 4}}
  - expect:
      attempts: {shop: 1}
      explain: {event: e1, notMatched: {tell: data.risk}}
      events: [{id: e1, data: {total: 5}}]
)");
  EXPECT_EQ(run(), 1);
  EXPECT_TRUE(says("a.test.yaml:6: attempts/shop")) << output;
  EXPECT_TRUE(says("expected: 1")) << output;
  EXPECT_TRUE(says("actual:   0")) << output;
  EXPECT_TRUE(says("a.test.yaml:7: explain/notMatched/tell")) << output;
  EXPECT_TRUE(says("a.test.yaml:8: events/0")) << output;
  EXPECT_TRUE(says("0 passed, 1 failed\n")) << output;
  std::ifstream report(folder_ / "report.xml");
  std::stringstream xml;
  xml << report.rdbuf();
  EXPECT_NE(xml.str().find("failures=\"1\""), std::string::npos) << xml.str();
  EXPECT_NE(xml.str().find("expected: 1"), std::string::npos) << xml.str();
}

TEST_F(RunTests, RefusesUnknownKeysWithTheirLineAndTheNearestOne) {
  write("a.test.yaml", "name: typo\nsteps:\n  - send: {type: a.b}\n  - expekt: {timers: 0}\n");
  EXPECT_EQ(run(), 1);
  EXPECT_TRUE(says("a.test.yaml:4")) << output;
  EXPECT_TRUE(says("expect")) << output;
}

TEST_F(RunTests, FailsWhereAStepIsRefusedAndNobodyExpectsIt) {
  write("a.test.yaml", "name: refused\nsteps:\n  - start: {workflow: no/such}\n  - expect: {timers: 0}\n");
  EXPECT_EQ(run(), 1);
  EXPECT_TRUE(says("a.test.yaml:3")) << output;
  write("a.test.yaml", "name: refused\nsteps:\n  - start: {workflow: no/such}\n  - expect: {error: no/such}\n");
  EXPECT_EQ(run(), 0) << output;
}

TEST_F(RunTests, SaysWhenThereIsNothingToRun) {
  EXPECT_EQ(run(), 1);
  EXPECT_TRUE(says("holds no file")) << output;
}

TEST(ProductTests, AllPass) {
  std::string output;
  TestOptions options;
  options.write = [&](std::string_view text) { output += text; };
  EXPECT_EQ(run_test_paths({HENCE_SOURCE_DIR "/tests/product", HENCE_SOURCE_DIR "/examples"}, options), 0) << output;
}

}  // namespace
}  // namespace hence::harness
