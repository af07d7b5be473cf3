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

TEST_F(SchemaCommands, ValidateTellsWhatCannotBeReadFromWhatIsInvalid) {
  cli_.input = "{";
  const Ran data = cli_.run({"schema", "validate", "-s", path("order.json")});
  EXPECT_EQ(data.code, 2);
  EXPECT_EQ(data.out, "");
  write("broken.json", "{\"type\":");
  cli_.input = "1";
  const Ran schema = cli_.run({"schema", "validate", "-s", path("broken.json")});
  EXPECT_EQ(schema.code, 2);
  EXPECT_THAT(schema.err, HasSubstr("broken.json"));
  EXPECT_EQ(cli_.run({"schema", "validate", "-s", path("none.json")}).code, 2);
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

TEST_F(SchemaCommands, InferProposesAnEventTypeForEachTypeOfAFile) {
  write("events.json", R"([{"specversion":"1.0","id":"1","source":"/s","type":"order.placed","data":{"total":3,"note":"x"}},
                          {"specversion":"1.0","id":"2","source":"/s","type":"order.placed","data":{"total":2.5}}])"
                       "\n" R"({"specversion":"1.0","id":"3","source":"/s","type":"bill","data":["a"]})");
  const Ran ran = cli_.run({"event-type", "infer", "--from", path("events.json")});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("name: order-placed"));
  EXPECT_THAT(ran.out, HasSubstr("proposed from 2 events"));
  EXPECT_THAT(ran.out, HasSubstr("name: bill"));
  // What is proposed can be applied, and is about what was seen: a total that is a number, always there.
  write("proposed.yaml", ran.out);
  EXPECT_EQ(cli_.run({"validate", path("proposed.yaml")}).code, 0);
  EXPECT_THAT(ran.out, HasSubstr("total:\n        type: number"));
  EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("- note"))) << "a member of one event of two is not required";

  cli_.input = R"({"specversion":"1.0","id":"1","source":"/s","type":"x","data":1} {"id":"2"})";
  const Ran refused = cli_.run({"event-type", "infer", "--from", "-"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("value 2 is no CloudEvent"));
  EXPECT_EQ(cli_.run({"event-type", "infer", "--from", "-", "--limit", "1"}).code, 0);
  EXPECT_EQ(cli_.run({"event-type", "infer"}).code, 2);
  cli_.input = "";
  EXPECT_EQ(cli_.run({"event-type", "infer", "--from", "-"}).code, 1);
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
