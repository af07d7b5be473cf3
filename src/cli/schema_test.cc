// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/test_cli.h"

namespace hence::cli {
namespace {

using testing::HasSubstr;

class SchemaCommands : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "schema_commands_" + std::to_string(getpid()) + "/";
    std::filesystem::create_directories(folder_ + "remotes");
    write("order.json", R"({"properties": {"total": {"minimum": 0}}, "required": ["total"]})");
    write("wider.yaml", "properties: {total: {minimum: -1}}\n");
    write("remotes/n.json", R"({"type": "number"})");
    write("far.json", R"({"items": {"$ref": "https://example.com/s/n.json"}})");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + name) << text; }
  std::string path(const std::string& name) const { return folder_ + name; }

  std::string folder_;
  TestCli cli_;
};

TEST_F(SchemaCommands, ValidateSaysWhatDoesNotFit) {
  cli_.input = R"({"total": -1})";
  const Ran ran = cli_.run({"schema", "validate", "-s", path("order.json"), "-o", "table"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "/total: expected at least 0, but it is -1  (#/properties/total/minimum)\n");
  cli_.input = R"({"total": 1})";
  EXPECT_EQ(cli_.run({"schema", "validate", "-s", path("order.json"), "-o", "jsonl"}).out, "{\"valid\":true,\"errors\":[]}\n");
}

TEST_F(SchemaCommands, ValidateFindsRemotesInAFolderOnly) {
  cli_.input = "[1]";
  EXPECT_EQ(cli_.run({"schema", "validate", "-s", path("far.json")}).code, 2);
  const Ran ran = cli_.run({"schema", "validate", "-s", path("far.json"), "--remotes", path("remotes"), "--base", "https://example.com/s/"});
  EXPECT_EQ(ran.code, 0) << ran.err;
}

TEST_F(SchemaCommands, ValidateAnswersLines) {
  cli_.input = "{\"schema\": {\"type\": \"null\"}, \"draft\": \"2020-12\", \"data\": null}\n"
               "{\"schema\": {\"type\": \"null\"}, \"data\": 1}\n{\"schema\": {\"type\": 1}, \"data\": 1}\n{\n";
  const Ran ran = cli_.run({"schema", "validate", "--jsonl"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("{\"valid\":true,\"errors\":[]}\n{\"valid\":false,\"errors\":[{\"instance\":\"\",\"schema\":\"#/type\""));
  EXPECT_THAT(ran.out, HasSubstr("\"error\":\"#/type: must be"));
  EXPECT_THAT(ran.out, HasSubstr("\"error\":\"line 4: "));
}

TEST_F(SchemaCommands, CheckNamesTheChangeThatBreaks) {
  EXPECT_EQ(cli_.run({"schema", "check", path("order.json"), path("wider.yaml"), "-o", "table"}).out, "compatible (backward)\n");
  const Ran ran = cli_.run({"schema", "check", path("order.json"), path("wider.yaml"), "--mode", "full", "-o", "table"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("property \"total\" is required"));
  EXPECT_EQ(cli_.run({"schema", "check", path("order.json"), path("wider.yaml"), "--mode", "x"}).code, 2);
}

}  // namespace
}  // namespace hence::cli
