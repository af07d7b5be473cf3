// SPDX-License-Identifier: Apache-2.0
// The specification's own documents: each example has no fault, and is run or refused by name; the
// invalid ones are refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "json/builder.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

std::vector<std::filesystem::path> documents_in(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(conformance_dir() / folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Examples, AreAllValidAndRunOrRefusedByName) {
  if (!conformance_is_here()) GTEST_SKIP() << "the specification's documents are not beside the sources";
  const auto paths = documents_in("examples");
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
  EXPECT_GE(run, 36u);
}

TEST(Examples, InvalidOnesAreRefusedForTheirReason) {
  if (!conformance_is_here()) GTEST_SKIP() << "the specification's documents are not beside the sources";
  const std::map<std::string, std::string> reasons = {
      {"extra-property-in-call.yaml", "unknown key \"foo\""},
      {"listen-any-until-any-until.yaml", "unknown key \"until\""},
      {"two-tasks-in-one-item.yaml", "expected an object with exactly one key"},
  };
  const auto paths = documents_in("invalid");
  EXPECT_EQ(paths.size(), reasons.size());
  for (const auto& path : paths) {
    std::string text = read_file(path);
    // One has `do` twice, which the reader refuses already; what it is about is behind that.
    if (const size_t twice = text.find("do:\ndo:"); twice != std::string::npos) {
      EXPECT_FALSE(json::parse_yaml(text).ok());
      text.erase(twice, 4);
    }
    const auto documents = json::parse_yaml(text);
    ASSERT_TRUE(documents.ok()) << path.filename() << documents.error().message();
    std::string all;
    for (const Fault& fault : compile(documents->front()).faults) all += fault.to_string() + "\n";
    EXPECT_THAT(all, ::testing::HasSubstr(reasons.at(path.filename()))) << path.filename();
  }
}

/// The fenced YAML blocks of a Markdown page, but empty ones.
std::vector<std::string> snippets_of(const std::string& page) {
  std::vector<std::string> snippets;
  std::istringstream in(page);
  std::string line;
  std::optional<std::string> block;
  while (std::getline(in, line)) {
    if (!block && line.starts_with("```yaml")) {
      block = "";
    } else if (block && line.starts_with("```")) {
      if (block->find_first_not_of(" \n") != std::string::npos) snippets.push_back(*block);
      block.reset();
    } else if (block) {
      *block += line + "\n";
    }
  }
  return snippets;
}

/// Where a part of a workflow stands, by how it begins, and how deep it is indented there.
struct Setting {
  std::string_view begins, before, after;
  size_t indent;
};
constexpr std::string_view kTask = "do: [{t: {set: {a: 1}}}]\n";
constexpr Setting kSettings[] = {
    {"document:", "", "", 0},
    {"name: sample-resource", "do:\n  - t:\n      run:\n        script:\n          language: js\n          source:\n", "", 12},
    {"type: https:", "do:\n  - t:\n      raise:\n        error:\n", "", 10},
    {"schema:", "input:\n", kTask, 2},
    {"output:", "", kTask, 0},
    {"as:", "do:\n  - t:\n      set: {a: 1}\n      export:\n", "", 8},
    {"format: json", "input:\n  schema:\n", kTask, 4},
    {"hours:", "do:\n  - t:\n      wait:\n", "", 8},
    {"uri: https:", "do:\n  - t:\n      call: http\n      with:\n        method: get\n        endpoint:\n", "", 10},
    {"name: greet", "do:\n  - t:\n      run:\n        workflow:\n", "", 10},
    {"transport:", "do:\n  - t:\n      call: mcp\n      with:\n        method: tools/list\n", "", 8},
};
/// What a running workflow is told or tells, which is no part of a document: lifecycle events, requests and
/// answers of HTTP, a message of AsyncAPI, what $runtime has.
constexpr std::string_view kValues[] = {"name: orderPetWorkflow-", "workflow: orderPetWorkflow-", "request:", "method: get",
                                        "payload:", "name: synapse"};

/// The snippet as a whole workflow; empty if it is a value, none if it is nothing known.
std::optional<std::string> whole(const std::string& snippet) {
  const auto begins = [&](std::string_view beginning) { return snippet.starts_with(beginning); };
  if (std::any_of(std::begin(kValues), std::end(kValues), begins)) return std::string();
  for (const Setting& setting : kSettings) {
    if (!begins(setting.begins)) continue;
    std::string text = begins("document:") ? "" : "document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0}\n";
    text += setting.before;
    std::istringstream in(snippet);
    for (std::string line; std::getline(in, line);) text += std::string(setting.indent, ' ') + line + "\n";
    return text + std::string(setting.after);
  }
  return std::nullopt;
}

TEST(Examples, SnippetsOfTheReferenceAreValid) {
  if (!conformance_is_here()) GTEST_SKIP() << "the specification's documents are not beside the sources";
  size_t documents = 0, values = 0, refused = 0;
  for (const std::string& snippet : snippets_of(read_file(conformance_dir() / "dsl-reference.md"))) {
    const auto text = whole(snippet);
    if (!text) {
      ADD_FAILURE() << "nothing is known of this snippet:\n" << snippet;
      continue;
    }
    ++(text->empty() ? values : documents);
    if (text->empty()) continue;
    for (const Fault& fault : compile(document_of(*text)).faults) {
      // One of them has `password: 1234`, where the specification's schema wants a text as well.
      if (fault.to_string().ends_with("/basic/password: expected a string, found a number")) ++refused;
      else ADD_FAILURE() << fault.to_string() << "\n" << *text;
    }
  }
  EXPECT_EQ(refused, 1u);
  EXPECT_GE(documents, 40u);
  EXPECT_GE(values, 20u);
}

/// value with the node of `pointer` replaced.
void write_replaced(json::View value, const std::string& at, const std::string& pointer,
                    json::View other, json::Builder& b) {
  if (at == pointer) {
    b.value(other);
  } else if (value.is_object()) {
    b.begin_object();
    for (auto [key, member] : value.members()) {
      std::string child = at;
      json::append_pointer(child, key);
      b.key(key);
      write_replaced(member, child, pointer, other, b);
    }
    b.end_object();
  } else if (value.is_array()) {
    b.begin_array();
    size_t index = 0;
    for (json::View item : value.elements()) {
      write_replaced(item, at + "/" + std::to_string(index++), pointer, other, b);
    }
    b.end_array();
  } else {
    b.value(value);
  }
}

TEST(Examples, NoReplacedValueConfusesTheCompiler) {
  if (!conformance_is_here()) GTEST_SKIP() << "the specification's documents are not beside the sources";
  // Every node of every example in turn becomes each of these; whatever still compiles is run.
  const auto paths = documents_in("examples");
  const auto others = json::parse(R"([null, true, -1, "", "${ . | }", [], [{}], {}, {"use": "x"}])");
  ASSERT_TRUE(others.ok());
  for (const auto& path : paths) {
    const json::YamlDocument document = document_of(read_file(path));
    for (const auto& [pointer, place] : document.values) {
      for (json::View other : others->view().elements()) {
        json::Builder b;
        write_replaced(document.value, "", pointer, other, b);
        const json::Value changed = std::move(b).finish();
        const Compiled compiled = compile(changed);
        EXPECT_EQ(compiled.definition == nullptr, !compiled.faults.empty());
        if (!compiled.definition) continue;
        Instance instance;
        std::vector<Fact> facts;
        StepContext context;
        context.limits.steps = 100;
        Machine(*compiled.definition, instance, context, facts).start(document.value);
        EXPECT_NE(instance.phase, Phase::pending) << changed->to_text();
      }
    }
  }
}

}  // namespace
}  // namespace hence::workflow::testing
