// SPDX-License-Identifier: Apache-2.0
// Calls and processes: what is asked of the outside and what is made of the answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/builder.h"
#include "workflow/http.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::HasSubstr;

std::string call_yaml(const std::string& with, const std::string& rest = "") {
  return with_head(rest + "do:\n- c:\n    call: http\n    with: " + with + "\n");
}

/// The request of the only call.
std::string request_of(const std::string& with, const std::string& input) {
  World world(call_yaml(with));
  world.start(input);
  return world.calls.empty() ? world.error()->to_text() : world.calls.front()->to_text();
}

TEST(Call, BuildsTheRequest) {
  EXPECT_EQ(request_of("{method: post, endpoint: 'https://a/{id}/x?y=1', query: {q: '${ .q }', "
                       "l: '${ .l }'}, "
                       "headers: {X-Trace: '${ .n }'}, body: {v: '${ .n }'}}",
                       "{id: 'a b', q: 'c&d', l: [1, 2], n: 5}"),
            R"({"method":"POST","url":"https://a/a%20b/x?y=1&q=c%26d&l=1&l=2",)"
            R"("headers":{"x-trace":"5","content-type":"application/json"},"body":"{\"v\":5}"})");
  EXPECT_EQ(request_of("{method: PUT, endpoint: '${ .url }', headers: '${ .h }', query: '${ "
                       ".none }', body: plain}",
                       "{url: 'http://b/#f', h: {content-type: text/csv}}"),
            R"({"method":"PUT","url":"http://b/#f","headers":{"content-type":"text/csv"},"body":"plain"})");
}

TEST(Call, RefusesRequestsThatCannotBeSent) {
  EXPECT_THAT(request_of("{method: get, endpoint: 'ftp://a'}", ""),
              HasSubstr("expected a URI with http://"));
  EXPECT_THAT(request_of("{method: get, endpoint: '${ .n }'}", "n: 1"),
              HasSubstr("endpoint: expected a URI, got number"));
  EXPECT_THAT(request_of("{method: 'g t', endpoint: 'http://a'}", ""),
              HasSubstr("is no HTTP method"));
  EXPECT_THAT(request_of("{method: get, endpoint: 'http://a/{x}'}", "x: [1]"),
              HasSubstr("errors/expression"));
  EXPECT_THAT(request_of("{method: get, endpoint: 'http://a', headers: {a: '${ .x }'}}",
                         "x: \"1\\n2\""), HasSubstr("line end"));
}

TEST(Call, AHeaderGivenTwiceCountsTheLastTime) {
  EXPECT_THAT(request_of("{method: get, endpoint: 'http://a', headers: '${ .h }'}",
                         "{h: {X-A: '1', b: '2', x-a: '3', c: '4'}}"),
              HasSubstr(R"("headers":{"b":"2","x-a":"3","c":"4"})"));
}

/// Comparing each with each takes longer than a test may.
TEST(Call, TakesAsManyHeadersAsAnExpressionGives) {
  constexpr uint32_t kMany = 300'000;
  json::Builder names;
  names.begin_object();
  for (uint32_t i = 0; i < kMany; ++i) names.member("h" + std::to_string(i), "v");
  names.end_object();
  HttpSpec spec;
  spec.method = Formula::constant(json::Value::string("GET"));
  spec.endpoint = Formula::constant(json::Value::string("http://a"));
  spec.headers = Formula::constant(std::move(names).finish());
  spec.output = HttpOutput::response;
  const auto request = build_http_request(spec, {json::View(), {}, {}}, json::View());
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ((*request)->find("headers")->size(), kMany);
}

TEST(Call, AuthenticatesWithBasicAndBearer) {
  EXPECT_EQ(request_of("{method: get, endpoint: {uri: 'http://a', authentication: {basic: "
                       "{username: '${ .u }', password: p}}}}", "u: me"),
            R"({"method":"GET","url":"http://a","authorization":{"scheme":"Basic","parameter":"bWU6cA=="},)"
            R"("headers":{"authorization":"Basic bWU6cA=="}})");
  EXPECT_THAT(request_of("{method: get, endpoint: {uri: 'http://a', authentication: {bearer: "
                         "{token: abc}}}}", ""),
              HasSubstr(R"("authorization":"Bearer abc")"));
}

TEST(Call, LetsExpressionsReadTheAuthorization) {
  World world(with_head(R"(
do:
- c:
    call: http
    with: {method: get, endpoint: {uri: 'http://a', authentication: {bearer: {token: abc}}}}
    output: {as: '$authorization'}
)"));
  world.answer = [](const json::Value&) { return json_answer(200, "{}"); };
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"scheme":"Bearer","parameter":"abc"})");
}

TEST(Call, KeepsSecretsOutOfEverythingRecorded) {
  World world(with_head(R"(
use:
  secrets: [api, login, token]
do:
- l:
    for: {each: path, in: '["x"]'}
    do:
    - c:
        call: http
        with:
          method: get
          endpoint: {uri: 'http://a/{id}', authentication: {basic: {use: login}}}
          query: {p: '${ $path }', k: '${ $secrets.api.key }'}
          headers: {x-plain: '${ $context | length }'}
          output: response
- d: {call: http, with: {method: get, endpoint: {uri: 'http://b', authentication: {bearer: {use: token}}}}}
)"));
  world.secrets = value_of("{api: {key: s3cret}, login: {username: u, password: hunter2}, token: "
                           "t0ken}");
  world.answer = [](const json::Value&) { return json_answer(200, "{\"id\":9}"); };
  world.start("id: 9");
  EXPECT_EQ(world.calls.front()->string_or("url", ""), "http://a/9?p=x&k=s3cret");
  EXPECT_EQ(world.calls.front()->find_path({"headers", "authorization"})->as_string(),
            "Basic dTpodW50ZXIy");
  world.run();
  EXPECT_EQ(world.phase(), "completed");
  EXPECT_EQ(world.calls.back()->find_path({"headers", "authorization"})->as_string(),
            "Bearer t0ken");
  std::string recorded = encode(world.instance);
  for (const Fact& fact : world.facts) {
    Encoder encoder(recorded);
    encoder.put(fact);
  }
  for (auto secret : {"s3cret", "hunter2", "t0ken", "dTpodW50ZXIy"}) {
    EXPECT_EQ(recorded.find(secret), std::string::npos) << secret;
  }
}

TEST(Call, NamesTheSecretThatIsMissing) {
  const auto definition = compile_good(call_yaml(
      "{method: get, endpoint: {uri: 'http://b', authentication: {bearer: {use: token}}}}",
          "use: {secrets: [token, other]}\n"));
  ASSERT_TRUE(definition);
  EXPECT_THAT(secrets_of(*definition, 0), ::testing::ElementsAre("token"));
  const auto resolved = resolve_call(*definition, value_of("{task: /do/0/c, input: {}, "
                                                           "variables: {}}"), value_of("{}"), {});
  ASSERT_FALSE(resolved.ok());
  EXPECT_EQ(resolved.error().code(), ErrorCode::SecretUnavailable);
  EXPECT_THAT(resolved.error().message(), HasSubstr("\"token\""));
}

/// What building the only call comes to.
std::string resolved(const std::string& with, const std::string& secrets, const std::string& input,
                     const std::string& mode = "strict") {
  const auto definition = compile_good(call_yaml(with, "use: {secrets: [a, token]}\nevaluate: {mode: " + mode + "}\n"));
  const auto request = resolve_call(*definition, value_of("{task: /do/0/c, variables: {}, input: " + input + "}"),
                                    value_of(secrets), {});
  if (request.ok()) return (*request)->to_text();
  return read_failure({request.error().code(), request.error().message()}, false, "/do/0/c")->to_text();
}

TEST(Call, ASecretWhoseComputedNameIsNotThereIsRefused) {
  const std::string parts[] = {"endpoint: 'http://b', body: '${ $secrets[.which] }'",
                               "endpoint: 'http://b', headers: {x: '${ $secret[.which] // \"none\" }'}",
                               "endpoint: 'http://b', query: {x: '${ $secrets[.which].key? }'}",
                               "endpoint: {uri: 'http://b', authentication: {bearer: {token: '${ $secrets[.which] }'}}}"};
  for (const std::string& part : parts) {
    const std::string with = "{method: get, " + part + "}";
    EXPECT_THAT(resolved(with, "{a: s3cret, token: t}", "{which: other}"),
                ::testing::AllOf(HasSubstr("errors/authorization\",\"status\":403"), HasSubstr("of the name asked for"))) << part;
    EXPECT_THAT(resolved(with, "{a: s3cret}", "{which: a}"), HasSubstr("/errors/authorization")) << "declared, and without a value";
  }
  EXPECT_THAT(resolved("{method: get, endpoint: 'http://b', body: '${ $secrets[.which] }'}", "{a: s3cret, token: t}", "{which: a}"),
              HasSubstr(R"("body":"s3cret")"));
  EXPECT_THAT(resolved("{method: get, endpoint: 'http://b', body: 'I am ${ $secrets[.which] }'}", "{a: s3cret, token: t}",
                       "{which: other}", "loose"),
              HasSubstr("/errors/authorization"));
}

/// The error of an instance that may read secrets anywhere: only "a" has a value, and the input names another.
std::string error_anywhere(const std::string& rest) {
  const Compiled compiled = compile(document_of(with_head("use: {secrets: [a]}\n" + rest)), {.secrets_anywhere = true});
  for (const Fault& fault : compiled.faults) ADD_FAILURE() << fault.to_string();
  StepContext context;
  context.read_secrets = [] { return Result<json::Value>(value_of("{a: s3cret}")); };
  Instance instance;
  std::vector<Fact> facts;
  Machine(*compiled.definition, instance, context, facts).start(value_of("{which: other}"));
  return instance.error.value_or(json::Value())->to_text();
}

TEST(Call, ASecretThatIsNotThereIsRefusedWhereverItIsAskedFor) {
  for (const char* rest : {"do: [{x: {set: {v: '${ $secrets[.which] }'}}}]", "do: [{x: {if: '$secrets[.which]', set: {v: 1}}}]",
                           "input: {from: '$secrets[.which]'}\ndo: [{x: {set: {v: 1}}}]",
                           "output: {as: '$secrets[$workflow.input.which]'}\ndo: [{x: {set: {v: 1}}}]",
                           "do: [{x: {switch: [{a: {when: '$secrets[.which]', then: end}}]}}]",
                           "do: [{x: {run: {shell: {command: 'echo $1', arguments: ['${ $secrets[.which] }']}}}}]"}) {
    EXPECT_THAT(error_anywhere(rest), HasSubstr("errors/authorization\",\"status\":403")) << rest;
  }
  EXPECT_EQ(error_anywhere("do: [{x: {set: {v: '${ $secrets.a }'}}}]"), "null");
}

TEST(Call, ASecretThatIsTakenForTheNameOfOneIsInNoError) {
  EXPECT_THAT(error_anywhere("do: [{x: {set: {v: '${ $secrets[$secrets.a] }'}}}]"),
              ::testing::AllOf(HasSubstr("errors/authorization"), ::testing::Not(HasSubstr("s3cret"))));
}

struct Answered {
  const char* options;
  HttpOutcome answer;
  const char* expected;
};

TEST(Call, ReadsAnswersByTypeAndMode) {
  const Answered cases[] = {
      {"", {200, {{"content-type", "application/json; charset=utf-8"}}, "{\"a\": 1}"}, R"({"a": 1})"},
      {"", {200, {{"content-type", "application/problem+json"}}, "[1]"}, "[1]"},
      {"", {200, {{"content-type", "application/yaml"}}, "a: 1"}, R"({"a":1})"},
      {"", {200, {{"content-type", "text/plain"}}, "hello"}, R"("hello")"},
      {"", {200, {{"content-type", "image/png"}}, "f\xFF"}, R"("Zv8=")"},
      {"", {200, {}, "{\"a\":1}"}, R"({"a":1})"},
      {"", {200, {}, "no json"}, R"("no json")"},
      {"", {204, {}, ""}, "null"},
      {", output: raw", {200, {{"content-type", "application/json"}}, "{}"}, R"("e30=")"},
      {", redirect: true", {302, {}, ""}, "null"},
      {", output: response", {200, {{"content-type", "application/json"}, {"a", "1"}, {"a", "2"}},
                              "{}"},
       R"({"request":{"method":"GET","uri":"http://a/","headers":{}},"statusCode":200,)"
       R"("headers":{"content-type":"application/json","a":"1, 2"},"content":{}})"},
  };
  for (const Answered& one : cases) {
    World world(call_yaml(std::string("{method: get, endpoint: 'http://a/'") + one.options + "}"));
    world.answer = [&](const json::Value&) { return CallOutcome(one.answer); };
    world.start_and_run();
    ASSERT_EQ(world.phase(), "completed") << one.expected << world.error()->to_text();
    EXPECT_TRUE(json::equal(*world.instance.output, value_of(one.expected))) << world.output()
        << " " << one.expected;
  }
}

TEST(Call, StatusesOutsideTheRangeAreCommunicationErrors) {
  for (int status : {199, 302, 404, 500}) {
    World world(call_yaml("{method: get, endpoint: 'http://a/'}"));
    world.answer = [&](const json::Value&) { return json_answer(status, "{\"why\":1}"); };
    world.start_and_run();
    EXPECT_EQ(world.error()->find("status")->as_int64(), status);
    EXPECT_THAT(world.error()->to_text(), HasSubstr("/errors/communication"));
  }
  World world(call_yaml("{method: get, endpoint: 'http://a/', redirect: true}"));
  world.answer = [&](const json::Value&) { return json_answer(400, "{}"); };
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
}

TEST(Call, FailuresAreCommunicationErrors) {
  World world(call_yaml("{method: get, endpoint: 'http://a/'}"));
  world.answer = [](const json::Value&) { return CallFailure{ErrorCode::CallFailed,
                                                             "connection refused"}; };
  world.start_and_run();
  EXPECT_THAT(world.error()->to_text(), ::testing::AllOf(HasSubstr("/errors/communication"),
                                                         HasSubstr("connection refused")));
  World broken(call_yaml("{method: get, endpoint: 'http://a/'}"));
  broken.answer = [](const json::Value&) { return json_answer(200, "{"); };
  broken.start_and_run();
  EXPECT_THAT(broken.error()->to_text(), HasSubstr("is not what its content type says"));
}

std::string shell_yaml(const std::string& options) {
  return with_head("do:\n- r: {run: {shell: {command: 'echo $1', arguments: ['${ .a }', b], "
                   "environment: {K: '${ .n }'}, stdin: '${ .s }'}" +
                   options + "}}\n");
}

TEST(Shell, BuildsTheProcessAndReadsItsResult) {
  struct Case {
    const char* options;
    int code;
    const char* output;
  };
  const Case cases[] = {{"", 0, R"("out")"},
                        {", return: stderr", 0, R"("err")"},
                        {", return: code", 3, "3"},
                        {", return: all", 3, R"({"code":3,"stdout":"out","stderr":"err"})"},
                        {", return: none", 0, "null"}};
  for (const Case& one : cases) {
    World world(shell_yaml(one.options));
    world.answer = [&](const json::Value&) { return ProcessOutcome{one.code, "out", "err"}; };
    world.start_and_run("{a: x, n: 7, s: {in: 1}}");
    EXPECT_EQ(world.output(), one.output);
    EXPECT_EQ(world.calls.at(0)->to_text(),
              R"({"command":"echo $1","arguments":["x","b"],"environment":{"K":"7"},"input":"{\"in\":1}"})");
  }
}

TEST(Shell, NonZeroExitIsARuntimeError) {
  World world(shell_yaml(""));
  world.answer = [](const json::Value&) { return ProcessOutcome{2, "", "no such file"}; };
  world.start_and_run("{a: x, n: 7, s: ''}");
  EXPECT_THAT(world.error()->to_text(), ::testing::AllOf(HasSubstr("/errors/runtime"),
                                                         HasSubstr("code 2: no such file")));
}

TEST(Shell, NotAwaitedGivesItsInputAtOnce) {
  World world(shell_yaml(", await: false"));
  world.start("{a: x, n: 7, s: ''}");
  EXPECT_EQ(world.output(), R"({"a":"x","n":7,"s":""})");
  EXPECT_TRUE(world.all<CallRequested>().at(0).detached);
  EXPECT_TRUE(world.all<CallCancelled>().empty());
}

}  // namespace
}  // namespace hence::workflow::testing
