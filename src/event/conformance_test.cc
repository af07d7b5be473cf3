// SPDX-License-Identifier: Apache-2.0
// The JSON vectors of cloudevents/conformance (branch format-tests), and the page of the GitHub
// adapter, read where they lie.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "event/event.h"
#include "event/github_rules.h"
#include "json/parse.h"

namespace hence::event {
namespace {

std::string conformance_path(const std::string& name) {
  const char* folder = std::getenv("HENCE_SHARED_DIR");
  const std::string root = folder != nullptr ? folder : HENCE_SOURCE_DIR "/../shared";
  return root + "/conformance/cloudevents/" + name;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class JsonVectors : public testing::Test {
 protected:
  /// Calls check(test) for each test of the file; skips where the data is absent.
  template <typename Check>
  void for_each(const std::string& file, Check check) {
    const std::string path = conformance_path("json/" + file);
    const std::optional<std::string> text = read_file(path);
    if (!text) GTEST_SKIP() << "no conformance data at " << path;
    const json::Value document = json::parse(*text).value();
    size_t count = 0;
    for (const json::View test : document->find("tests")->elements()) {
      SCOPED_TRACE(test.string_or("id", "?"));
      check(test);
      ++count;
    }
    EXPECT_GT(count, 0u);
  }
};

/// The golden samples that differ in more than their id.
void expect_sample(const Event& event, std::string_view sample) {
  EXPECT_EQ(event.type(), "io.cloudevents.test");
  if (sample == "minimalWithRelativeSource") {
    EXPECT_EQ(event.source(), "#fragment");
  } else {
    EXPECT_EQ(event.source(), "https://cloudevents.io");
  }
  const bool timed = sample == "minimalWithTime" || sample == "allCore";
  EXPECT_EQ(event.time().has_value(), timed);
  if (timed) {
    EXPECT_EQ(*event.time(), parse_rfc3339("2018-04-05T17:31:00Z").value());
  }
  if (sample == "allCore") {
    EXPECT_EQ(event.subject(), "tests");
    EXPECT_EQ(event.datacontenttype(), "text/plain");
    EXPECT_EQ(event.dataschema(), "https://cloudevents.io/dataschema");
  }
  if (sample == "simpleTextData") {
    EXPECT_EQ(event.data()->as_string(), "Simple text");
  }
}

TEST_F(JsonVectors, ValidEventsAreAccepted) {
  for_each("valid-events.json", [](json::View test) {
    auto event = parse_structured(test.find("event")->to_text());
    ASSERT_TRUE(event.ok()) << event.error().message();
    expect_sample(*event, test.find("sampleId")->as_string());
  });
}

TEST_F(JsonVectors, InvalidEventsAreRefused) {
  for_each("invalid-events.json", [](json::View test) {
    EXPECT_FALSE(parse_structured(test.find("event")->to_text()).ok());
  });
}

TEST_F(JsonVectors, ValidBatchesAreAccepted) {
  for_each("valid-batches.json", [](json::View test) {
    auto batch = parse_batch(test.find("batch")->to_text());
    ASSERT_TRUE(batch.ok()) << batch.error().message();
    EXPECT_EQ(batch->size(), test.find("batch")->size());
    for (const auto& event : *batch) {
      ASSERT_TRUE(event.ok()) << event.error().message();
      expect_sample(*event, event->id());
    }
  });
}

TEST_F(JsonVectors, InvalidBatchesAreRefusedWhole) {
  for_each("invalid-batches.json", [](json::View test) {
    EXPECT_FALSE(parse_batch(test.find("batch")->to_text()).ok());
  });
}

/// The value column of an attribute's row, comments after '#' left out.
std::string cell(const std::string& section, const std::string& attribute) {
  size_t at = section.find("| `" + attribute + "`");
  if (at == std::string::npos) return "";
  at = section.find('|', at + 1) + 1;
  const std::string row = section.substr(at, section.find('\n', at) - at);
  const std::string value = row.substr(0, row.rfind('|'));
  return value.substr(0, value.find(" #"));
}

/// The texts between double quotes, "null" left out, joined.
std::string quoted_words(const std::string& text, const std::string& joint) {
  std::string out;
  for (size_t open = text.find('"'); open != std::string::npos;) {
    const size_t close = text.find('"', open + 1);
    const std::string word = text.substr(open + 1, close - open - 1);
    if (word != "null") out += (out.empty() ? "" : joint) + word;
    open = text.find('"', close + 1);
  }
  return out;
}

TEST(GithubAdapterPage, EveryRowIsInTheTable) {
  const std::optional<std::string> page = read_file(conformance_path("adapters/github.md"));
  if (!page) GTEST_SKIP() << "no conformance data at " << conformance_path("adapters/github.md");
  std::map<std::string_view, const GithubRule*> rules;
  for (const GithubRule& rule : kGithubRules) rules[rule.event] = &rule;
  size_t sections = 0;
  for (size_t at = page->find("\n### "); at != std::string::npos; ++sections) {
    const size_t next = page->find("\n### ", at + 1);
    const std::string section = page->substr(at, next - at);
    at = next;
    SCOPED_TRACE(section.substr(0, 60));
    const std::string type = cell(section, "type");
    const size_t begin = type.find("com.github.") + 11;
    const std::string event = type.substr(begin, type.find_first_of(".`", begin) - begin);
    ASSERT_TRUE(rules.contains(event)) << event;
    const GithubRule& rule = *rules[event];
    EXPECT_EQ(rule.type_suffixes, quoted_words(type, " "));
    EXPECT_EQ(rule.subject, quoted_words(cell(section, "subject"), " "));
    if (event != "release") {  // "based on action"
      EXPECT_EQ(rule.times, quoted_words(cell(section, "time"), " "));
    }
    if (event != "marketplace_purchase" && event != "security_advisory") {  // in words
      EXPECT_EQ(rule.source, "{" + quoted_words(cell(section, "source"), "}/{") + "}");
    }
  }
  EXPECT_EQ(sections, rules.size());
}

}  // namespace
}  // namespace hence::event
