// SPDX-License-Identifier: Apache-2.0
// The specification's Conformance Test Kit: its scenarios, read as they are written (a small part
// of Gherkin) and run on the machine, with the two public services it calls answered here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

struct Step {
  std::string text;  // without its keyword
  std::string argument;
};
struct Scenario {
  std::string title;
  std::vector<Step> steps;
};

std::string trimmed(const std::string& line) {
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// Text between """ lines, without the indentation of the opening one.
std::string read_argument(std::istream& in, size_t indent) {
  std::string text, line;
  while (std::getline(in, line) && !trimmed(line).starts_with("\"\"\"")) {
    const size_t own = std::min(line.find_first_not_of(' '), indent);
    text += (own == std::string::npos ? "" : line.substr(own)) + "\n";
  }
  return text;
}

std::vector<Scenario> read_feature(const std::string& text) {
  std::vector<Scenario> scenarios;
  std::istringstream in(text);
  std::string line;
  while (std::getline(in, line)) {
    const std::string content = trimmed(line);
    if (content.starts_with("Scenario:")) {
      scenarios.push_back({trimmed(content.substr(9)), {}});
    } else if (content.starts_with("\"\"\"") && !scenarios.empty()) {
      scenarios.back().steps.back().argument = read_argument(in, line.find('"'));
    } else if (!scenarios.empty()) {
      for (const std::string keyword : {"Given ", "When ", "Then ", "And "}) {
        if (content.starts_with(keyword)) scenarios.back().steps.push_back({content.substr(keyword.size()), ""});
      }
    }
  }
  return scenarios;
}

/// petstore.swagger.io and httpbin.org, as far as the kit asks them.
CallOutcome public_service(const json::Value& request) {
  const std::string url(request->string_or("url", ""));
  const auto pet = [](const std::string& id) {
    return "{\"id\":" + id + ",\"name\":\"Milou\",\"status\":\"available\"}";
  };
  if (url == "https://petstore.swagger.io/v2/pet/findByStatus?status=available") {
    return json_answer(200, "[" + pet("1") + "," + pet("2") + "]");
  }
  if (url == "https://petstore.swagger.io/v2/swagger.json") {
    return json_answer(200, read_file(stubs_dir() / "petstore.json"));
  }
  if (url == "https://petstore.swagger.io/v2/pet/1") return json_answer(200, pet("1"));
  if (url == "https://petstore.swagger.io/v2/pet/2") return json_answer(200, pet("2"));
  if (url == "https://httpbin.org/basic-auth/serverless-workflow/conformance-test") {
    const auto given = request->find_path({"headers", "authorization"});
    const bool right = given && given->as_string() ==
                                    "Basic c2VydmVybGVzcy13b3JrZmxvdzpjb25mb3JtYW5jZS10ZXN0";
    return json_answer(right ? 200 : 401, "{\"authenticated\":true}");
  }
  return json_answer(404, "{\"message\":\"Pet not found\"}");
}

std::vector<std::string> quoted_words(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 1)) {
    const size_t end = text.find('\'', at + 1);
    words.push_back(text.substr(at + 1, end - at - 1));
    at = end;
  }
  return words;
}

std::optional<json::View> at_path(json::View value, const std::string& path) {
  std::istringstream in(path);
  std::string key;
  while (std::getline(in, key, '.')) {
    const auto member = value.find(key);
    if (!member) return std::nullopt;
    value = *member;
  }
  return value;
}

/// Checks one `Then` step; false if its words are unknown.
bool check(const Step& step, const World& world) {
  const std::string& text = step.text;
  const json::Value output = world.instance.output.value_or(json::Value());
  const auto words = quoted_words(text);
  const auto begun = world.begun();
  const size_t run = text.find(" should run ");
  const auto index_of = [&](const std::string& name) {
    return std::find(begun.begin(), begun.end(), name) - begun.begin();
  };
  if (text == "the workflow should complete" || text == "the workflow should complete with "
                                                        "output:") {
    EXPECT_EQ(world.phase(), "completed") << world.error()->to_text();
    if (text.ends_with(':')) {
      EXPECT_TRUE(json::equal(output, value_of(step.argument))) << output->to_text();
    }
  } else if (text == "the workflow should fault" || text == "the workflow should fault with "
                                                            "error:") {
    EXPECT_EQ(world.phase(), "faulted");
    if (!text.ends_with(':')) return true;
    const json::Value wanted = value_of(step.argument);
    for (auto [key, value] : wanted->members()) {
      const auto member = world.error()->find(key);
      EXPECT_TRUE(member && json::equal(*member, value)) << key << world.error()->to_text();
    }
  } else if (text.starts_with("the workflow output should have properties ")) {
    for (const std::string& word : words) EXPECT_TRUE(at_path(output, word)) << word
        << output->to_text();
  } else if (text.ends_with(" property with value:")) {
    const auto member = at_path(output, words.at(0));
    EXPECT_TRUE(member && json::equal(*member, value_of(step.argument))) << output->to_text();
  } else if (text.ends_with(" items")) {
    const auto member = at_path(output, words.at(0));
    const size_t containing = text.find("containing ");
    EXPECT_TRUE(member && member->is_array() &&
                member->size() == std::stoul(text.substr(containing + 11)))
        << output->to_text();
  } else if (text.ends_with(" should run first")) {
    EXPECT_EQ(begun.front(), text.substr(0, run));
  } else if (text.ends_with(" should run last")) {
    EXPECT_EQ(begun.back(), text.substr(0, run));
  } else if (const size_t after = text.find(" should run after "); after != std::string::npos) {
    EXPECT_GT(index_of(text.substr(0, after)), index_of(text.substr(after + 18)));
  } else {
    return false;
  }
  return true;
}

void run_scenario(const Scenario& scenario) {
  std::string definition, input;
  std::optional<World> world;
  for (const Step& step : scenario.steps) {
    if (step.text == "a workflow with definition:") {
      definition = step.argument;
    } else if (step.text == "given the workflow input is:") {
      input = step.argument;
    } else if (step.text == "the workflow is executed") {
      world.emplace(definition);
      world->answer = public_service;
      world->start_and_run(input);
    } else if (!world || !check(step, *world)) {
      ADD_FAILURE() << "unknown step: " << step.text;
    }
  }
}

TEST(ConformanceTestKit, AllScenariosPass) {
  if (!conformance_is_here()) GTEST_SKIP() << "the conformance test kit is not beside the sources";
  size_t run = 0;
  for (const auto& entry : std::filesystem::directory_iterator(conformance_dir() / "ctk")) {
    for (const Scenario& scenario : read_feature(read_file(entry.path()))) {
      SCOPED_TRACE(entry.path().filename().string() + ": " + scenario.title);
      run_scenario(scenario);
      ++run;
    }
  }
  EXPECT_EQ(run, 21u);
}

}  // namespace
}  // namespace hence::workflow::testing
