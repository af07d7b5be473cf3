// SPDX-License-Identifier: Apache-2.0
// Every key of the language, done wrong: the specification's examples with one place changed at a time (another
// type, out of range, missing, unknown), beside the specification's own schema. What does not fit the schema
// is refused with a place and a sentence, and what fits it is taken, unless it could mean nothing.

#include <gtest/gtest.h>

#include <map>

#include "json/builder.h"
#include "json/parse.h"
#include "schema/schema.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow {
namespace {

using json::Value;
using json::View;
using testing::conformance_dir;
using testing::conformance_is_here;
using testing::document_of;
using testing::read_file;

/// One change of a document: at place, a value instead; none: the member is taken away.
struct Change {
  std::string pointer;  ///< of the object or list that holds it
  std::string key;      ///< a member's name, or an element's number; new ones are added
  std::optional<Value> value;
  std::string shown() const { return pointer + "/" + key + (value ? " = " + (*value)->to_text() : " taken away"); }
};

/// What docs/guides/workflow-semantics.md takes beyond the schema: arguments as a map, as before 1.0.3, and a
/// subflow's version left out, which is then the latest.
bool is_taken_on_purpose(const Change& change) {
  return (change.key == "arguments" && change.value && (*change.value)->is_object()) || (change.key == "version" && change.pointer.ends_with("/run/workflow") && !change.value);
}

/// Why docs/guides/workflow-semantics.md refuses what fits the schema.
bool could_mean_nothing(const Fault& fault) {
  for (const char* reason : {
           "does not compile",                             // an expression or a schema
           "is not in use.", "no task \"",                // references
           "found 1e300", "found -1",                      // numbers
           "missing key \"with\"", "`all` of nothing",   // events
           "a variable's name", "expected a name of", "a semantic version", "cron, column",
           "a second default case",                        // the specification's reference forbids it
           "expected a time such as", "reads DSL 1.0.x",
       }) {
    if (fault.message.find(reason) != std::string::npos) return true;
  }
  return false;
}

void copy(View from, const std::string& pointer, const Change& change, json::Builder& to) {
  const bool here = pointer == change.pointer;
  if (from.is_object()) {
    to.begin_object();
    bool found = false;
    for (const auto [key, value] : from.members()) {
      const bool changed = here && key == change.key;
      found = found || changed;
      if (changed && !change.value) continue;
      to.key(key);
      if (changed) to.value(*change.value);
      else copy(value, pointer + "/" + std::string(key), change, to);
    }
    if (here && !found && change.value) to.member(change.key, *change.value);
    to.end_object();
  } else if (from.is_array()) {
    to.begin_array();
    uint32_t index = 0;
    for (const View element : from.elements()) {
      const std::string own = std::to_string(index++);
      const bool changed = here && own == change.key;
      if (changed && !change.value) continue;
      if (changed) to.value(*change.value);
      else copy(element, pointer + "/" + own, change, to);
    }
    to.end_array();
  } else {
    to.value(from);
  }
}

Value changed(View document, const Change& change) {
  json::Builder builder;
  copy(document, "", change, builder);
  return std::move(builder).finish();
}

void list_changes(View at, const std::string& pointer, std::vector<Change>& changes) {
  static const std::vector<Value> kWrong = [] {
    std::vector<Value> values;
    for (const char* text : {"7", "-1", "1e300", "true", "null", "\"\"", "\"zz\"", "[]", "[7]", "{}", "{\"zz\":1}"}) values.push_back(*json::parse(text));
    return values;
  }();
  const auto all = [&](const std::string& key, View value) {
    for (const Value& wrong : kWrong) changes.push_back({pointer, key, wrong});
    changes.push_back({pointer, key, std::nullopt});
    list_changes(value, pointer + "/" + key, changes);
  };
  if (at.is_object()) {
    for (const auto [key, value] : at.members()) all(std::string(key), value);
    changes.push_back({pointer, "zz", kWrong[0]});
  } else if (at.is_array()) {
    uint32_t index = 0;
    for (const View element : at.elements()) all(std::to_string(index++), element);
  }
}

TEST(ChangedDocuments, AreRefusedAndTakenAsTheSchemaDoes) {
  if (!conformance_is_here()) GTEST_SKIP() << "no " << conformance_dir();
  const auto schema = schema::Schema::compile(document_of(read_file(conformance_dir() / "schema/workflow.yaml")).value);
  ASSERT_TRUE(schema.ok()) << schema.error().message();
  size_t tried = 0, refused_by_schema = 0, taken = 0;
  std::map<std::string, size_t> seen;  // the same mistake in many examples counts once
  for (const auto& entry : std::filesystem::directory_iterator(conformance_dir() / "examples")) {
    const Value document = document_of(read_file(entry.path())).value;
    std::vector<Change> changes;
    list_changes(document, "", changes);
    for (const Change& change : changes) {
      const Value made = changed(document, change);
      const Compiled compiled = compile(View(made));
      ++tried;
      for (const Fault& fault : compiled.faults) {
        EXPECT_FALSE(fault.message.empty()) << change.shown();
      }
      EXPECT_EQ(compiled.definition == nullptr, !compiled.faults.empty()) << change.shown();
      if ((*schema)->valid(made)) {
        const Faults written = compile(document_of(made->to_text())).faults;  // as somebody writes it
        for (const Fault& fault : written) {
          EXPECT_TRUE(could_mean_nothing(fault)) << entry.path().filename() << ": " << change.shown() << ": " << fault.to_string();
        }
        taken += written.empty() ? 1 : 0;
        continue;
      }
      ++refused_by_schema;
      if (!compiled.faults.empty() || is_taken_on_purpose(change)) continue;
      if (seen[change.key + (change.value ? (*change.value)->to_text() : "")]++ == 0) {
        ADD_FAILURE() << entry.path().filename() << ": " << change.shown() << " does not fit the schema and is taken: "
                      << (*schema)->faults(made).front().message;
      }
    }
  }
  EXPECT_GT(tried, 15'000u);
  EXPECT_GT(refused_by_schema, 10'000u);
  EXPECT_GT(taken, 2'000u);
}

}  // namespace
}  // namespace hence::workflow
