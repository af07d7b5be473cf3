// SPDX-License-Identifier: Apache-2.0
// Schemas of data, loose evaluation, functions, extensions, scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/imports.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const World& world) { return world.error()->to_text(); }

TEST(DataSchemas, RefuseWhatDoesNotFitAsValidationErrors) {
  struct Case {
    const char* rest;
    const char* input;
    const char* part;
  };
  const Case cases[] = {
      {"input: {schema: {document: {type: object, required: [age]}}}\ndo: [{a: {set: {x: 1}}}]",
       "{}", "\"instance\":\"/\""},
      {"do: [{a: {input: {schema: {document: {type: string}}}, set: {x: 1}}}]", "5",
       "\"instance\":\"/do/0/a\""},
      {"do: [{a: {set: {x: 1}, output: {as: .x, schema: {document: {type: string}}}}}]", "{}",
       "output does not fit its schema"},
      {"do: [{a: {set: {x: 1}, export: {as: ., schema: {document: {required: [y]}}}}}]", "{}",
       "export does not fit its schema"},
      {"output: {as: .x, schema: {format: 'json:draft-07', document: {type: string}}}\n"
       "do: [{a: {set: {x: 1}}}]", "{}", "output does not fit its schema"},
  };
  for (const Case& one : cases) {
    World world(with_head(one.rest));
    world.start_and_run(one.input);
    EXPECT_EQ(world.phase(), "faulted") << one.rest;
    EXPECT_THAT(error_of(world), HasSubstr("errors/validation")) << one.rest;
    EXPECT_THAT(error_of(world), HasSubstr(one.part));
  }
}

TEST(DataSchemas, LetPassWhatFits) {
  World world(with_head("input: {schema: {document: {type: object, required: [age]}}, from: .age}\n"
                        "output: {schema: {document: {type: integer}}}\n"
                        "do: [{a: {input: {schema: {document: {type: integer}}}, set: '${ . + 1 }',"
                        " export: {as: '{n: .}', schema: {document: {type: object}}}}}]"));
  world.start_and_run("{age: 41}");
  EXPECT_EQ(world.output(), "42");
}

TEST(DataSchemas, AreCheckedWhenTheDocumentIs) {
  EXPECT_THAT(faults_of(with_head("input: {schema: {document: {type: nonsense}}}\ndo: []")),
              ElementsAre(HasSubstr("the schema does not compile")));
  EXPECT_THAT(faults_of(with_head("input: {schema: {format: 'json:draft-99', document: {}}}\n"
                                  "do: []")),
              ElementsAre(HasSubstr("unknown draft of JSON Schema")));
}

TEST(LooseMode, EvaluatesWhatItCanAndKeepsTheText) {
  const std::string rest = "do: [{a: {set: {n: .a + 1, kept: hello world, marked: '${ .a }', "
                           "failed: '.a.b.c', deep: [.a]}}}]";
  World loose(with_head("evaluate: {mode: loose}\n" + rest));
  loose.start_and_run("{a: 1}");
  EXPECT_EQ(loose.output(),
            R"({"n":2,"kept":"hello world","marked":1,"failed":".a.b.c","deep":[1]})");
  World strict(with_head(rest));
  strict.start_and_run("{a: 1}");
  EXPECT_THAT(strict.output(), HasSubstr(R"("n":".a + 1")"));
}

TEST(LooseMode, EvaluatesExpressionsInsideTexts) {
  const std::string rest = R"(do: [{a: {set: {hello: 'Hello ${ .name }!', both: '${ .name }: ${ {n: .n} }', number: 'n = ${ .n }',
    braces: '${ "}" }${ .n }', failed: 'a ${ .n.b } c', shell: 'echo ${HOME}', open: 'a ${ .n', wrong: 'a ${ $output } c'}}}])";
  World loose(with_head("evaluate: {mode: loose}\n" + rest));
  loose.start_and_run("{name: Ann, n: 7}");
  EXPECT_EQ(loose.output(), R"({"hello":"Hello Ann!","both":"Ann: {\"n\":7}","number":"n = 7","braces":"}7",)"
                            R"("failed":"a ${ .n.b } c","shell":"echo ${HOME}","open":"a ${ .n","wrong":"a ${ $output } c"})");
  World strict(with_head("do: [{a: {set: {hello: 'Hello ${ .name }'}}}]"));
  strict.start_and_run("{name: Ann}");
  EXPECT_EQ(strict.output(), R"({"hello":"Hello ${ .name }"})");
}

TEST(Functions, RunWithTheirArgumentsAsInput) {
  World world(with_head(R"(
use:
  functions:
    double:
      input: {schema: {document: {type: object, required: [n]}}}
      set: {twice: "${ .n * 2 }"}
    quadruple:
      do:
        - first: {call: double, with: {n: "${ .n }"}}
        - second: {call: double, with: {n: "${ .twice }"}}
do:
  - go: {call: quadruple, with: {n: "${ .start }"}, output: {as: .twice}}
)"));
  world.start_and_run("{start: 3}");
  EXPECT_EQ(world.output(), "12");
  World bad(with_head("use: {functions: {f: {input: {schema: {document: {required: [n]}}}, "
                      "set: {x: 1}}}}\ndo: [{a: {call: f, with: {m: 1}}}]"));
  bad.start_and_run("{}");
  EXPECT_THAT(error_of(bad), HasSubstr("\"instance\":\"/use/functions/f\""));
}

TEST(Functions, ThatCallThemselvesAreFaults) {
  EXPECT_THAT(faults_of(with_head("use: {functions: {a: {call: b}, b: {do: [{x: {call: a}}]}}}\n"
                                  "do: [{go: {call: a}}]")),
              ElementsAre(HasSubstr("comes to call itself")));
}

TEST(Functions, OfElsewhereAreReadBeforeTheyRun) {
  const std::string rest = "do: [{a: {call: 'greet:1.0.0@default', with: {name: Ada}}}]";
  const Compiled unread = compile(document_of(with_head(rest)));
  ASSERT_EQ(unread.imports.size(), 1u);
  EXPECT_EQ(unread.imports[0].uri, "catalog:default/functions/greet/1.0.0/function.yaml");
  EXPECT_FALSE(unread.runnable().ok());
  World world("document: {dsl: 1.0.3, namespace: test, name: s, version: 0.1.0, metadata: "
              "{hence.io/imports: {'catalog:default/functions/greet/1.0.0/function.yaml': "
              "{set: {text: '${ \"Hello \\(.name)\" }'}}}}}\n" + rest);
  world.start_and_run("{}");
  EXPECT_EQ(world.output(), R"({"text":"Hello Ada"})");
  for (const auto& [given, wanted] : std::map<std::string, std::string>{
           {"https://github.com/acme/catalog/tree/main",
            "https://raw.githubusercontent.com/acme/catalog/refs/heads/main/functions/f/1.0.0/"
            "function.yaml"},
           {"https://github.com/acme/catalog",
            "https://raw.githubusercontent.com/acme/catalog/refs/heads/main/functions/f/1.0.0/"
            "function.yaml"},
           {"https://gitlab.com/acme/catalog/-/tree/main",
            "https://gitlab.com/acme/catalog/-/raw/main/functions/f/1.0.0/function.yaml"},
           {"file:///srv/catalog/", "file:///srv/catalog/functions/f/1.0.0/function.yaml"}}) {
    const Compiled compiled = compile(document_of(with_head(
        "use: {catalogs: {c: {endpoint: '" + given + "'}}}\ndo: [{a: {call: 'f:1.0.0@c'}}]")));
    ASSERT_EQ(compiled.imports.size(), 1u) << given;
    EXPECT_EQ(compiled.imports[0].uri, wanted);
  }
}

TEST(Functions, OfElsewhereAreReadWithTheirAuthentication) {
  const auto request_of = [](const std::string& policy, const std::string& secrets) {
    const Compiled compiled = compile(document_of(with_head(
        "use: {secrets: [key, other], authentications: {known: {basic: {username: u, password: '${ $secrets.key }'}}}, "
        "catalogs: {c: {endpoint: {uri: 'https://h/c/', authentication: " + policy + "}}}}\n"
        "do: [{a: {call: 'f:1.0.0@c'}}, {b: {call: 'f:1.0.0@c'}}]")));
    EXPECT_TRUE(compiled.faults.empty() && compiled.unsupported.empty());
    EXPECT_EQ(compiled.imports.size(), 2u);
    const Import& import = compiled.imports.at(1);
    EXPECT_EQ(import.pointer, "/do/1/b/call");
    const auto request = build_import_request(import, value_of(secrets), UtcTime{});
    const std::string read = ::testing::PrintToString(import.secrets) + " ";
    return read + (request.ok() ? (*request)->to_text() : request.error().message());
  };
  EXPECT_EQ(request_of("{bearer: {token: t}}", "{}"),
            R"({} {"method":"GET","url":"https://h/c/functions/f/1.0.0/function.yaml","authorization":{"scheme":)"
            R"("Bearer","parameter":"t"},"headers":{"authorization":"Bearer t"}})");
  EXPECT_THAT(request_of("{use: known}", "{key: k}"), HasSubstr(R"({ "key", "other" } {"method")"));
  EXPECT_THAT(request_of("{use: known}", "{key: k}"), HasSubstr("Basic dTpr"));
  EXPECT_THAT(request_of("{digest: {use: key}}", "{key: {username: u, password: p}}"),
              HasSubstr(R"("digest":{"username":"u","password":"p"})"));
  EXPECT_THAT(request_of("{digest: {use: key}}", "{}"), HasSubstr("the secret \"key\" is not there"));
  EXPECT_THAT(request_of("{oidc: {use: key}}", "{key: {authority: 'https://id', grant: client_credentials}}"),
              HasSubstr(R"("discover":"https://id/.well-known/openid-configuration")"));
}

constexpr char kLogged[] = R"(
use:
  extensions:
    - outer:
        extend: all
        before: [{b1: {emit: {event: {with: {type: b1, subject: "${ $task.reference }"}}}}}]
        after: [{a1: {emit: {event: {with: {type: a1, data: "${ . }"}}}}}]
    - inner:
        extend: set
        when: $task.set.n == 1
        before: [{b2: {emit: {event: {with: {type: b2}}}}}]
        after: [{a2: {emit: {event: {with: {type: a2}}}}}]
do:
  - one: {set: {n: 1}, then: three}
  - two: {set: {n: 2}}
  - three: {set: {n: 3, before: "${ . }"}}
)";

TEST(Extensions, RunAroundTasksAndChangeNothing) {
  World world(with_head(kLogged));
  world.start_and_run("{}");
  EXPECT_THAT(world.begun(), ElementsAre("one", "b1", "b2", "a2", "a1", "three", "b1", "a1"));
  EXPECT_EQ(world.output(), R"({"n":3,"before":{"n":1}})");
  const auto events = world.all<EventEmitted>();
  EXPECT_EQ(events[0].event->string_or("subject", ""), "/do/0/one");
  EXPECT_EQ(events[3].event->find("data")->to_text(), R"({"n":1})");
}

TEST(Extensions, TakeTheTasksPlaceByExit) {
  World world(with_head(R"(
use:
  extensions:
    - mock:
        extend: call
        when: $task.with.endpoint | startswith("https://mocked")
        before:
          - answer: {set: {id: 7}, then: exit}
          - never: {set: {id: 8}}
        after: [{told: {emit: {event: {with: {type: told}}}}}]
do:
  - a: {call: http, with: {method: get, endpoint: "https://mocked/x"}, output: {as: .id}}
)"));
  world.start_and_run("{}");
  EXPECT_EQ(world.output(), "7");
  EXPECT_TRUE(world.calls.empty());
  EXPECT_TRUE(world.all<EventEmitted>().empty());
}

TEST(Extensions, SeeErrorsOfTheirOwnAndNotOfTheTask) {
  World world(with_head(R"(
use:
  extensions:
    - bad: {extend: set, before: [{r: {raise: {error: {type: 'https://x/y', status: 500}}}}]}
do:
  - t:
      try: [{a: {set: {x: 1}}}]
      catch: {as: e, do: [{b: {wait: PT1S, output: {as: $e.instance}}}]}
)"));
  world.start_and_run("{}");
  EXPECT_EQ(world.output(), "\"/use/extensions/0/bad/before/0/r\"");
}

TEST(Extensions, GoAroundLoopsForksAndTries) {
  World world(with_head(R"(
use: {extensions: [{x: {extend: all, before: [{b: {set: {u: 1}}}], after: [{a: {set: {v: 1}}}]}}]}
do:
  - loop: {for: {in: "[1, 2, 3]"}, do: [{add: {set: "${ (. // 0) + $item }"}}]}
  - race:
      fork:
        compete: true
        branches: [{slow: {wait: PT9S}}, {fast: {do: [{w: {wait: PT1S}}, {s: {set: {won: true}}}]}}]
  - both: {fork: {branches: [{l: {set: {l: 1}}}, {r: {set: {r: 1}}}]}}
  - tried: {try: [{f: {raise: {error: {type: 'https://x', status: 500}}}}], catch: {do: [{h: {set: {ok: 1}}}]}}
)"));
  world.start_and_run("null");
  EXPECT_EQ(world.phase(), "completed") << error_of(world);
  EXPECT_EQ(world.output(), R"({"ok":1})");
  EXPECT_TRUE(world.instance.timers.empty());
}

TEST(Extensions, AfterATryItsAttemptHasNoLimitAnyMore) {
  World world(with_head(R"(
use: {extensions: [{x: {extend: try, after: [{told: {wait: PT1M}}]}}]}
do:
  - t:
      try: [{pay: {call: http, with: {method: post, endpoint: 'http://a/'}}}]
      catch: {retry: {delay: PT1S, limit: {attempt: {count: 2, duration: PT10S}}}}
)"));
  world.answer = [](const json::Value&) { return json_answer(200, "{}"); };
  world.start_and_run("{}");
  EXPECT_EQ(world.phase(), "completed") << error_of(world);
  EXPECT_THAT(world.begun(), ElementsAre("t", "pay", "told"));
  EXPECT_EQ(world.calls.size(), 1u);
}

TEST(Extensions, AskTheirConditionInsideLoopsAndHandlersWhoseVariablesTheyDoNotSee) {
  World world(with_head(R"(
use:
  extensions:
    - x:
        extend: set
        when: $context.off != true
        before: [{b: {emit: {event: {with: {type: b}}}}}]
        after: [{a: {emit: {event: {with: {type: a}}}}}]
do:
  - loop: {for: {in: "[1, 2]"}, do: [{add: {set: {sum: "${ (.sum // 0) + $item }"}}}]}
  - tried: {try: [{f: {raise: {error: {type: 'https://x', status: 500}}}}], catch: {do: [{h: {set: {sum: "${ .sum + $error.status }"}}}]}}
)"));
  world.start_and_run("{}");
  EXPECT_EQ(world.phase(), "completed") << error_of(world);
  EXPECT_EQ(world.output(), R"({"sum":503})");
  EXPECT_EQ(world.all<EventEmitted>().size(), 6u);
}

TEST(Scripts, RunAsFilesOfTheirLanguage) {
  World world(with_head("do: [{a: {run: {script: {language: python, code: 'print(1)', arguments: "
                        "[x, '${ .y }'], environment: {K: v}, stdin: hi}}}}]"));
  world.answer = [](const json::Value&) { return CallOutcome(ProcessOutcome{0, "1\n", ""}); };
  world.start_and_run("{y: 2}");
  EXPECT_EQ(world.output(), "\"1\\n\"");
  const json::Value request = world.calls.at(0);
  EXPECT_THAT(std::string(request->string_or("command", "")), HasSubstr("exec python3 script.py"));
  EXPECT_EQ(request->find("arguments")->to_text(), R"x(["print(1)","x","2"])x");
  EXPECT_TRUE(request->find("script")->as_bool());
}

TEST(Scripts, AreFetchedFromTheirSource) {
  World world(with_head("do: [{a: {run: {script: {language: js, source: {endpoint: "
                        "'https://x/{name}.mjs'}}}}}]"));
  world.answer = [](const json::Value& request) -> CallOutcome {
    if (!request->find("url")) return ProcessOutcome{0, "done", ""};
    EXPECT_EQ(request->string_or("url", ""), "https://x/job.mjs");
    return HttpOutcome{200, {}, "console.log(1)"};
  };
  world.start_and_run("{name: job}");
  EXPECT_EQ(world.output(), "\"done\"");
  EXPECT_EQ(world.calls.at(1)->find("arguments")->to_text(), R"x(["console.log(1)"])x");
  World missing(with_head("do: [{a: {run: {script: {language: js, source: {endpoint: "
                          "'https://x/a'}}}}}]"));
  missing.answer = [](const json::Value&) -> CallOutcome { return HttpOutcome{404, {}, ""}; };
  missing.start_and_run("{}");
  EXPECT_THAT(error_of(missing), HasSubstr("errors/communication\",\"status\":404"));
}

TEST(Scripts, AreBoundedInSize) {
  World world(with_head("do: [{a: {run: {script: {language: js, code: '${ .code }'}}}}]"));
  world.start_and_run("{code: '" + std::string(130'000, 'x') + "'}");
  EXPECT_THAT(error_of(world), HasSubstr("the script has 130000 bytes; the limit is 122880"));
}

TEST(Warnings, NameTasksThatNoThenCanLeadTo) {
  std::vector<std::string> found;
  for (const Fault& fault : compile(document_of(with_head("do: [{end: {set: {x: 1}}}, {b: {do: [{exit: {set: {x: 1}}}]}}, "
                                                          "{c: {fork: {branches: [{continue: {set: {x: 1}}}]}}}]"))).warnings) {
    found.push_back(fault.to_string());
  }
  EXPECT_THAT(found, ElementsAre(HasSubstr("/do/0/end: no `then` can lead to a task of this name"), HasSubstr("/do/1/b/do/0/exit")));
}

TEST(Filters, OfAKeyBeyondTheBoundOfExpressionsAreFaults) {
  const auto value = json::parse(R"({"document":{"dsl":"1.0.3","namespace":"test","name":"long","version":"0.1.0"},"do":[)"
                                 R"({"l":{"listen":{"to":{"one":{"with":{"type":"t","data":{")" + std::string(70'000, 'k') +
                                 R"(":"${ $input.id }"}}}}}}}]})");
  ASSERT_TRUE(value.ok()) << value.error().message();
  json::YamlDocument document;
  document.value = *value;
  const Compiled compiled = compile(document);
  ASSERT_EQ(compiled.faults.size(), 1u);
  EXPECT_EQ(compiled.faults.begin()->pointer.rfind("/do/0/l/listen/to/one/with/data/kkk", 0), 0u);
  EXPECT_THAT(compiled.faults.begin()->message, HasSubstr("the limit is 65536"));
}

TEST(Uses, WhatNothingRefersToMayReadWhatAnyPlaceCan) {
  EXPECT_THAT(faults_of(with_head("use:\n  retries: {r: {when: '$error.status == 503 and $failure.status == 1'}}\n"
                                  "  errors: {e: {type: 'https://x', status: 500, title: '${ $each + $input.x }'}}\n"
                                  "do: [{a: {for: {each: each, in: .x}, do: [{t: {try: [], catch: {as: failure, do: []}}}]}}]")),
              ElementsAre());
}

TEST(Warnings, NameTasksNothingLeadsTo) {
  const auto warnings = [](const std::string& rest) {
    std::vector<std::string> texts;
    for (const Fault& fault : compile(document_of(with_head(rest))).warnings) {
      texts.push_back(fault.to_string());
    }
    return texts;
  };
  EXPECT_THAT(warnings("do: [{a: {set: {x: 1}, then: end}}, {b: {set: {x: 1}}}]"),
              ElementsAre(HasSubstr("nothing leads to the task \"b\"")));
  EXPECT_THAT(warnings("do: [{a: {switch: [{x: {when: .x, then: c}}, {y: {then: exit}}]}}, "
                       "{b: {set: {x: 1}}}, {c: {set: {x: 1}}}]"),
              ElementsAre(HasSubstr("\"b\"")));
  EXPECT_THAT(warnings("do: [{a: {if: .x, set: {x: 1}, then: end}}, {b: {set: {x: 1}}}]"),
              ElementsAre());
  // Lists inside: what never comes to their end, or only by an error that `catch` takes elsewhere.
  const std::string raising = "{r: {raise: {error: {type: 'https://a/b', status: 500}}}}";
  const std::string set = "{set: {x: 1}}";
  EXPECT_THAT(warnings("do: [{a: {do: [{x: {do: [{y: {set: {x: 1}, then: end}}]}}]}}, {b: " + set + "}]"),
              ElementsAre(HasSubstr("\"b\"")));
  EXPECT_THAT(warnings("do: [{a: {try: [" + raising + "], catch: {then: c}}}, {b: " + set + "}, {c: " + set + "}]"),
              ElementsAre(HasSubstr("\"b\"")));
  EXPECT_THAT(warnings("do: [{a: {try: [{x: " + set + "}], catch: {do: [" + raising + "]}}}, {b: " + set + "}]"), ElementsAre());
  EXPECT_THAT(warnings("do: [{a: {try: [" + raising + "], catch: {do: [{h: " + set + "}]}}}, {b: " + set + "}]"), ElementsAre());
  EXPECT_THAT(warnings("do: [{a: {try: [" + raising + "], catch: {}}}, {b: " + set + "}]"), ElementsAre());
  EXPECT_THAT(warnings("do: [{a: {do: [{x: {set: {x: 1}, then: exit}}]}}, {b: " + set + "}]"), ElementsAre());
  EXPECT_THAT(warnings("do: [{a: {for: {in: .x}, do: [{x: {set: {x: 1}, then: end}}]}}, {b: " + set + "}]"), ElementsAre());
  EXPECT_THAT(warnings("use: {extensions: [{e: {extend: raise, before: [{x: {set: {x: 1}, then: exit}}]}}]}\n"
                       "do: [" + raising + ", {b: " + set + "}]"), ElementsAre());
}

}  // namespace
}  // namespace hence::workflow::testing
