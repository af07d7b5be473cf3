// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "expr/program.h"

namespace hence::server {
namespace {

TEST(Config, ReadsEveryKeyItShows) {
  for (const ConfigKey& key : config_keys()) {
    Config config;
    const std::string shown = key.show(config);
    std::string yaml;
    const size_t dot = key.path.find('.');
    const std::string value = key.form == "text" ? "\"" + shown + "\"" : shown;
    if (dot == std::string_view::npos) yaml = std::string(key.path) + ": " + value + "\n";
    else yaml = std::string(key.path.substr(0, dot)) + ":\n  " + std::string(key.path.substr(dot + 1)) + ": " + value + "\n";
    const Result<Config> read = parse_config(yaml, "hence.yaml");
    ASSERT_TRUE(read.ok()) << key.path << ": " << read.error().message();
    EXPECT_EQ(key.show(*read), shown) << key.path;
  }
}

/// What a program ends in under a budget: its first result, or the error.
std::string outcome(const std::string& source, const expr::Budget& budget) {
  const auto program = expr::Program::compile(source);
  expr::Budget left = budget;
  std::string out;
  const Status status = program->evaluate_each(json::Value(), {}, {}, left, [&](json::Value value) {
    out = value->to_text();
    return true;
  });
  return status.ok() ? out : status.error().message();
}

TEST(Config, EveryBoundOfExpressionsIsTheOneThatEndsThem) {
  struct Bound {
    const char* yaml;
    expr::Budget Config::*place;
    const char* program;   ///< within the default, beyond the bound
    const char* used_up;
  };
  const Bound bounds[] = {
      {"expressions: {when: {steps: 100}}", &Config::when_budget, "[range(200)] | length", "steps"},
      {"expressions: {when: {bytes: 4KiB}}", &Config::when_budget, "[range(1000)] | length", "bytes"},
      {"expressions: {when: {depth: 10}}", &Config::when_budget, "def f: if . == 0 then 0 else . - 1 | f + 1 end; 50 | f", "depth"},
      {"expressions: {workflow: {steps: 100}}", &Config::workflow_budget, "[range(200)] | length", "steps"},
      {"expressions: {workflow: {bytes: 4KiB}}", &Config::workflow_budget, "[range(1000)] | length", "bytes"},
      {"expressions: {workflow: {depth: 10}}", &Config::workflow_budget, "def f: if . == 0 then 0 else . - 1 | f + 1 end; 50 | f", "depth"},
      {"expressions: {workflow: {outputBytes: 4KiB}}", &Config::workflow_budget, "[range(3000)]", "output bytes"},
  };
  size_t keys = 0;
  for (const ConfigKey& key : config_keys()) keys += key.path.starts_with("expressions.") ? 1 : 0;
  EXPECT_EQ(keys, std::size(bounds)) << "a key without its case";
  for (const Bound& bound : bounds) {
    const Result<Config> read = parse_config(bound.yaml, "hence.yaml");
    ASSERT_TRUE(read.ok()) << bound.yaml << ": " << read.error().message();
    const std::string within = outcome(bound.program, Config().*bound.place);
    EXPECT_EQ(within.find("budget"), std::string::npos) << bound.yaml << ": " << within;
    const std::string beyond = outcome(bound.program, (*read).*bound.place);
    EXPECT_NE(beyond.find("its budget of " + std::string(bound.used_up) + ";"), std::string::npos) << bound.yaml << ": " << beyond;
    const bool named = std::any_of(config_keys().begin(), config_keys().end(), [&](const ConfigKey& key) {
      return beyond.ends_with("or raise " + std::string(key.path));
    });
    EXPECT_TRUE(named) << "the message names no setting: " << beyond;
  }
}

TEST(Config, NamesFileLineAndTheNearestKey) {
  const Result<Config> read = parse_config("listen: 127.0.0.1:1\negres:\n  allow: []\n", "hence.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message().find("hence.yaml"), std::string::npos);
  EXPECT_NE(read.error().message().find("line 2"), std::string::npos) << read.error().message();
  EXPECT_NE(read.error().message().find("egress.allow"), std::string::npos) << read.error().message();
}

TEST(Config, RefusesValuesOfTheWrongForm) {
  for (const char* yaml : {"partitions: 0", "partitions: 2000", "run: {shell: maybe}", "limits: {eventBytes: 1XB}",
                           "limits: {responseBytes: 65MiB}",
                           "limits: 3", "dedup: {window: soon}", "egress: {allow: 127.0.0.0/8}", "retention: {age: P1D}",
                           "retention: {bytes: many}", "log: {compression: gzip}", "log: {level: loud}", "log: {level: 3}"}) {
    EXPECT_FALSE(parse_config(yaml, "hence.yaml").ok()) << yaml;
  }
}

TEST(Config, AnEventIsNotKnownLongerThanTheLogIsKept) {
  const Result<Config> read = parse_config("retention: {age: P1D}\n", "hence.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message().find("dedup.window: P7D is longer than retention.age, P1D"), std::string::npos)
      << read.error().message();
  EXPECT_TRUE(parse_config("retention: {age: P1D}\ndedup: {window: P1D}\n", "hence.yaml").ok());
}

TEST(Config, TellsWhatCannotChangeWhileRunning) {
  Config running, wanted;
  wanted.listen = "127.0.0.1:9";
  wanted.run_shell = true;
  EXPECT_EQ(fixed_differences(running, wanted), std::vector<std::string>{"listen"});
}

TEST(Config, ListeningBeyondLoopbackNeedsAToken) {
  Config config;
  for (const char* listen : {"127.0.0.1:4362", "127.0.0.2:1", "localhost:0", "[::1]:4362"}) {
    config.listen = listen;
    EXPECT_TRUE(listen_address(config).ok()) << listen;
  }
  for (const char* listen : {"0.0.0.0:4362", "[::]:4362", "192.0.2.1:80"}) {
    config.listen = listen;
    config.token_file.clear();
    const Result<ListenAddress> refused = listen_address(config);
    ASSERT_FALSE(refused.ok()) << listen;
    EXPECT_EQ(refused.error().code(), ErrorCode::ConfigurationInvalid);
    EXPECT_NE(refused.error().message().find("needs a token: set auth.tokenFile"), std::string::npos) << refused.error().message();
    config.token_file = "token";
    EXPECT_TRUE(listen_address(config).ok()) << listen;
  }
  config.listen = "[::]:4362";
  EXPECT_EQ(listen_address(config)->host, "::");
  EXPECT_EQ(listen_address(config)->port, 4362);
  for (const char* listen : {"4362", ":4362", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"}) {
    config.listen = listen;
    EXPECT_FALSE(listen_address(config).ok()) << listen;
  }
}

TEST(Config, ReadsBytesInTheUnitsPeopleWrite) {
  EXPECT_EQ(*parse_bytes("4096"), 4096u);
  EXPECT_EQ(*parse_bytes("512KiB"), 512u << 10);
  EXPECT_EQ(*parse_bytes("2GiB"), 2ull << 30);
  EXPECT_FALSE(parse_bytes("1e6").ok());
  EXPECT_FALSE(parse_bytes("-1").ok());
  EXPECT_FALSE(parse_bytes("99999999999TiB").ok());
}

}  // namespace
}  // namespace hence::server
