// SPDX-License-Identifier: Apache-2.0
// What compiling finds wrong: a document, and the faults it must name, by a part of their text.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct BadCase {
  const char* name;
  const char* yaml;  // without the head
  std::vector<const char*> parts;
};

const BadCase kBad[] = {
    {"MissingDo", "output: {as: .}", {"missing key \"do\""}},
    {"UnknownTaskKind", "do:\n- a: {sett: {x: 1}}", {"line 3, column 7: /do/0/a/sett",
                                                     "did you mean \"set\"?"}},
    {"NothingToDo", "do:\n- a: {if: .x}", {"the task does not say what to do; expected one of "
                                           "call"}},
    {"UnknownTaskKey", "do:\n- a: {set: {x: 1}, outptu: {as: .}}", {"did you mean \"output\"?"}},
    {"TwoTasksInOneItem", "do:\n- a: {set: {x: 1}}\n  b: {set: {x: 1}}",
     {"/do/0: expected an object with exactly one key"}},
    {"TwoKinds", "do:\n- a: {set: {x: 1}, wait: PT1S}", {"/do/0/a/wait: a task does one thing, and this one has `set`"}},
    {"WrongType", "do:\n- a: {wait: 5}", {"/do/0/a/wait: expected a string or an object, found a "
                                          "number"}},
    {"BadDuration", "do:\n- a: {wait: 5m}", {"an ISO 8601 duration such as PT15M, or an "
                                             "expression"}},
    {"NegativeDuration", "do:\n- a: {wait: {seconds: -1}}", {"expected at least 0, found -1"}},
    {"EndlessDuration",
     "do:\n- a: {wait: {days: 999999999999}}",
     {"expected at most 365000, found 999999999999"}},
    {"EmptyDuration", "do:\n- a: {wait: {}}", {"expected at least 1 key"}},
    {"DurationUnit", "do:\n- a: {wait: {second: 1}}", {"did you mean \"seconds\"?"}},
    {"DuplicateName", "do:\n- a: {set: {x: 1}}\n- a: {set: {x: 2}}", {"line 4, column 3",
                                                                      "the name \"a\" is taken"}},
    {"DanglingThen", "do:\n- a: {set: {x: 1}, then: bee}\n- bees: {set: {x: 2}}",
     {"/do/0/a/then: no task \"bee\" in the same list; did you mean \"bees\"?"}},
    {"ThenIntoOtherScope", "do:\n- a: {do: [{b: {set: {x: 1}, then: c}}]}\n- c: {set: {x: 2}}",
     {"no task \"c\" in the same list"}},
    {"ThenBetweenBranches", "do:\n- a: {fork: {branches: [{b: {set: {x: 1}, then: c}}, {c: {set: "
                            "{x: 1}}}]}}", {"a branch cannot go on with a task"}},
    {"TwoCasesOfOneName", "do:\n- a: {switch: [{x: {when: .x, then: end}}, {x: {when: .y, then: exit}}]}",
     {"/do/0/a/switch/1/x: the name \"x\" is taken by an earlier case of this switch"}},
    {"TwoExtensionsOfOneName", "use: {extensions: [{e: {extend: call}}, {e: {extend: set}}]}\ndo: []",
     {"/use/extensions/1/e: the name \"e\" is taken by an earlier extension"}},
    {"UnusedEntries",
     "use:\n  secrets: [known]\n  retries: {r: {when: '.a (', delay: '${ .b ( }', limit: {}}}\n"
     "  timeouts: {t: {after: '${ .c ( }'}}\n"
     "  errors: {e: {type: 'https://x', status: 500, title: '${ $nope }'}}\n"
     "  authentications: {a: {bearer: {token: '${ .d ( }'}}, b: {basic: {use: other}}}\ndo: []",
     {"/use/retries/r/when: the expression does not compile", "/use/retries/r/delay: the expression does not compile",
      "/use/timeouts/t/after: the expression does not compile",
      "/use/errors/e/title: the expression does not compile", "/use/authentications/a/bearer/token: the expression",
      "/use/authentications/b/basic/use: the secret \"other\" is not in use.secrets"}},
    {"TwoDefaults", "do:\n- a: {switch: [{x: {then: end}}, {y: {then: exit}}]}",
     {"a second default case: \"x\" has no `when` either"}},
    {"EmptySwitch", "do:\n- a: {switch: []}", {"expected at least 1 item"}},
    {"UnknownRetry", "use: {retries: {quick: {delay: PT1S}}}\ndo:\n- a: {try: [], catch: {retry: "
                     "quik}}", {"\"quik\" is not in use.retries; did you mean \"quick\"?"}},
    {"UnknownError", "do:\n- a: {raise: {error: nope}}",
     {"\"nope\" is not in use.errors, which is empty"}},
    {"UnknownTimeout", "timeout: long\ndo: []", {"/timeout: \"long\" is not in use.timeouts"}},
    {"UnknownAuthentication", "do:\n- a: {call: http, with: {method: get, endpoint: {uri: "
                              "'http://a', authentication: {use: me}}}}",
                                  {"\"me\" is not in use.authentications"}},
    {"UnknownAuthenticationOfACatalogue", "use: {catalogs: {c: {endpoint: {uri: 'https://a', authentication: {use: me}}}}}\ndo: []",
     {"line 2, column", "/use/catalogs/c/endpoint/authentication/use: \"me\" is not in use.authentications"}},
    {"UnknownSecretOfASchema", "use: {secrets: [token]}\ninput: {schema: {resource: {endpoint: {uri: 'https://a', "
                               "authentication: {bearer: {use: tokn}}}}}}\ndo: []",
     {"/input/schema/resource/endpoint/authentication/bearer/use: the secret \"tokn\" is not in use.secrets; did you mean"}},
    {"ContextInACatalogue", "use: {catalogs: {c: {endpoint: {uri: 'https://a', authentication: {bearer: {token: '${ $context.t }'}}}}}}\ndo: []",
     {"/use/catalogs/c/endpoint/authentication/bearer/token: $context cannot be read in authentication; what can: $secrets"}},
    {"AuthenticationOfAFile", "use: {catalogs: {c: {endpoint: {uri: 'file:///a', authentication: {bearer: {token: t}}}}}}\ndo: []",
     {"/use/catalogs/c/endpoint/authentication: a file is read without authentication; leave it out"}},
    {"UnknownSecret", "use: {secrets: [token]}\ndo:\n- a: {call: http, with: {method: get, "
                      "endpoint: {uri: 'http://a', authentication: {bearer: {use: tokn}}}}}",
                          {"the secret \"tokn\" is not in use.secrets; did you mean \"token\"?"}},
    {"UnknownFunction", "do:\n- a: {call: greet}", {"\"greet\" is not in use.functions, and no protocol; expected one of http, openapi"}},
    {"MistypedProtocol", "do:\n- a: {call: opanapi, with: {}}", {"/do/0/a/call: ", "did you mean \"openapi\"?"}},
    {"MistypedFunction", "use: {functions: {greet: {set: {x: 1}}}}\ndo:\n- a: {call: gret}",
     {"did you mean \"greet\"?"}},
    {"UnknownSecretInAnExpression",
     "use: {secrets: [token]}\ndo:\n- a: {call: http, with: {method: get, endpoint: 'http://a', "
     "headers: {x: '${ $secrets[\"tokn\"].a }', y: '${ $secrets.token }'}, body: '${ .a + $secret.other }'}}",
     {"/do/0/a/with/headers/x: the secret \"tokn\" is not in use.secrets; did you mean \"token\"?",
      "/do/0/a/with/body: the secret \"other\" is not in use.secrets"}},
    {"SecretsOutsideCalls", "use: {secrets: [s]}\ndo:\n- a: {set: {x: '${ $secrets.s }'}}",
     {"/do/0/a/set/x: $secrets can be read in call arguments and authentication only"}},
    {"SecretsNotDeclared", "do:\n- a: {call: http, with: {method: get, endpoint: 'http://a', "
                           "body: '${ $secrets.s }'}}", {"use.secrets names no secret"}},
    {"InputBeforeInput", "do:\n- a: {if: $input.x, set: {x: 1}}",
     {"$input cannot be read in if; what can: $context, $task, $workflow, $runtime"}},
    {"OutputOutsideExport", "do:\n- a: {set: {x: 1}, output: {as: $output}}",
     {"$output cannot be read in output.as"}},
    {"ContextInWorkflowInput", "input: {from: $context}\ndo: []",
     {"$context cannot be read in input.from"}},
    {"BadExpression", "do:\n- a: {set: {x: '${ .a | }'}}",
     {"/do/0/a/set/x: the expression does not compile: "}},
    {"UnknownVariable", "do:\n- a: {set: {x: '${ $contxt }'}}",
     {"the expression does not compile: "}},
    {"SeveralUnknownVariables", "do:\n- a: {set: {x: '${ $nope + $contxt.a + .b + $nope2 }'}}",
     {"column 1: unknown variable $nope\n", "column 9: unknown variable $contxt; did you mean $context?",
      "column 26: unknown variable $nope2"}},
    {"VariableOutOfScope", "do:\n- a: {for: {in: .x}, do: []}\n- b: {set: {x: '${ $item }'}}",
     {"/do/1/b/set/x"}},
    {"ReservedVariable", "do:\n- a: {for: {each: input, in: .x}, do: []}",
     {"the name \"input\" is an argument of every expression"}},
    {"DollarInVariable", "do:\n- a: {for: {each: $pet, in: .x}, do: []}",
     {"a variable's name: letters, digits and _, without $"}},
    {"SameLoopVariables", "do:\n- a: {for: {each: x, at: x, in: .x}, do: []}",
     {"`each` and `at` are both \"x\""}},
    {"TwoBackoffs", "do:\n- a: {try: [], catch: {retry: {backoff: {linear: {}, constant: {}}}}}",
     {"only one of constant, exponential or linear"}},
    {"JitterBackwards", "do:\n- a: {try: [], catch: {retry: {jitter: {from: PT2S, to: PT1S}}}}",
     {"`to` is shorter than `from`"}},
    {"MissingCatch", "do:\n- a: {try: []}", {"missing key \"catch\""}},
    {"MissingEventType", "do:\n- a: {emit: {event: {with: {source: /a}}}}",
     {"missing key \"type\""}},
    {"CallWithoutMethod", "do:\n- a: {call: http, with: {endpoint: 'http://a'}}",
     {"missing key \"method\""}},
    {"BadOutputMode", "do:\n- a: {call: http, with: {method: get, endpoint: 'http://a', output: "
                      "contents}}", {"unknown word \"contents\"; did you mean \"content\"?"}},
    {"TwoProcesses", "do:\n- a: {run: {shell: {command: ls}, script: {language: js, code: x}}}",
     {"only one of container, script, shell or workflow"}},
    {"BadReturn", "do:\n- a: {run: {shell: {command: ls}, return: stdot}}",
     {"did you mean \"stdout\"?"}},
    {"LifetimeWithoutAfter", "do:\n- a: {run: {container: {image: x, lifetime: {cleanup: "
                             "eventually}}}}", {"`cleanup: eventually` needs it"}},
    {"BothChannelAndOperation", "do:\n- a: {call: asyncapi, with: {document: {endpoint: "
                                "'http://a'}, channel: x, operation: y, message: {}}}",
                                    {"only one of operation or channel"}},
    {"AuthenticationOfAService", "do:\n- a: {call: grpc, with: {proto: {endpoint: 'http://a'}, service: {name: s, host: h, "
                                 "authentication: {use: me}}, method: m}}",
     {"/do/0/a/with/service/authentication/use: \"me\" is not in use.authentications"}},
    {"AuthenticationOfATool", "do:\n- a: {call: mcp, with: {method: tools/list, transport: {http: {endpoint: {uri: 'http://a', "
                              "authentication: {bearer: {use: t}}}}}}}",
     {"/do/0/a/with/transport/http/endpoint/authentication/bearer/use: the secret \"t\" is not in use.secrets"}},
    {"FilterOfMessages", "do:\n- a: {call: asyncapi, with: {document: {endpoint: 'http://a'}, channel: x, subscription: {filter: "
                         "'${ .a ( }', consume: {until: '${ .b ( }'}}}}",
     {"/subscription/filter: the expression does not compile", "/consume/until: the expression does not compile"}},
    {"BadMcpMethod", "do:\n- a: {call: mcp, with: {method: tools/lst, transport: {stdio: "
                     "{command: x}}}}", {"did you mean \"tools/list\"?"}},
    {"UntilInUntil", "do:\n- a: {listen: {to: {any: [], until: {any: [], until: x}}}}",
     {"unknown key \"until\""}},
    {"ReadWithoutOn", "schedule: {cron: '0 0 * * *', read: data}\ndo: []", {"`read` needs `on`"}},
    {"ErrorWithoutStatus", "use: {errors: {e: {type: 'https://a'}}}\ndo: []",
     {"missing key \"status\""}},
    {"EmitAtNoTime", "do:\n- a: {emit: {event: {with: {type: t, time: yesterday}}}}",
     {"/do/0/a/emit/event/with/time: expected a time such as"}},
    {"OpenUriTemplate", "do:\n- a: {call: http, with: {method: get, endpoint: 'https://a/{a'}}",
     {"/do/0/a/with/endpoint: the URI template has { without }"}},
    {"UriTemplatePrefix", "do:\n- a: {call: http, with: {method: get, endpoint: {uri: 'https://a/{a:x}'}}}",
     {"/do/0/a/with/endpoint/uri: the URI template has a prefix that is no number"}},
    {"CorrelationKey", "do:\n- a: {set: {x: 1}, metadata: {correlation: {bufer: {for: PT1H}}}}",
     {"/do/0/a/metadata/correlation/bufer: unknown key \"bufer\"; did you mean \"buffer\"?"}},
    {"CorrelationType", "do:\n- a: {listen: {to: {any: []}}, metadata: {correlation: 7}}",
     {"line 3, column 56: /do/0/a/metadata/correlation: expected an object of `buffer`"}},
    {"FaultInsideExtension", "use: {extensions: [{x: {extend: cal, before: []}}]}\ndo: []",
     {"did you mean \"call\"?"}},
};

class Bad : public ::testing::TestWithParam<BadCase> {};

TEST_P(Bad, IsReportedWithPlaceAndHint) {
  std::string all;
  for (const std::string& fault : faults_of(with_head(GetParam().yaml))) all += fault + "\n";
  EXPECT_FALSE(all.empty());
  for (const char* part : GetParam().parts) EXPECT_THAT(all, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(Documents, Bad, ::testing::ValuesIn(kBad),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Compile, ReportsEveryFaultInTheOrderOfTheFile) {
  const auto faults = faults_of(
      "document: {dsl: '1.0', namespace: a_b, name: x, version: 1}\n"
      "do:\n"
      "- a:\n"
      "    set: {x: '${ $nope }'}\n"
      "    then: nowhere\n");
  EXPECT_THAT(faults, ElementsAre(HasSubstr("line 1, column 17: /document/dsl: expected a "
                                            "semantic version"),
                                  HasSubstr("line 1, column 35: /document/namespace: expected a "
                                            "name"),
                                  HasSubstr("/document/version: expected a semantic version"),
                                  AllOf(HasSubstr("line 4, column 14"), HasSubstr("/do/0/a/set/x")),
                                  AllOf(HasSubstr("line 5, column 11"),
                                        HasSubstr("no task \"nowhere\""))));
}

TEST(Compile, ReadsWhatItKnowsOfTheHead) {
  const auto head = [](const std::string& dsl, const std::string& metadata) {
    return "document: {dsl: '" + dsl + "', namespace: a, name: b, version: 1.0.0, metadata: {" + metadata + "}}\ndo: []";
  };
  EXPECT_THAT(faults_of(head("2.0.0", "")), ElementsAre(HasSubstr("/document/dsl: this version reads DSL 1.0.x")));
  EXPECT_THAT(faults_of(head("1.0.3", "correlation: {bufer: {for: PT1H}}")),
              ElementsAre(HasSubstr("/document/metadata/correlation/bufer: unknown key \"bufer\"; did you mean \"buffer\"?")));
  // What other tools keep there is theirs; what looks like a slip of the hand is doubted.
  const Compiled doubtful = compile(document_of(head("1.0.3", "corelation: {}, correlationId: x, owner: me")));
  EXPECT_TRUE(doubtful.faults.empty());
  ASSERT_EQ(doubtful.warnings.size(), 1u);
  EXPECT_THAT(doubtful.warnings.begin()->to_string(), HasSubstr("nothing reads \"corelation\"; did you mean \"correlation\"?"));
  // A document that was recorded runs as it did.
  EXPECT_TRUE(compile(value_of(head("2.0.0", "")).view()).faults.empty());
  EXPECT_THAT(faults_of(head("1.0.3", "correlation: [a]")),
              ElementsAre(HasSubstr("/document/metadata/correlation: expected an object of `buffer`")));
  EXPECT_TRUE(compile(value_of(head("1.0.3", "correlation: [a]")).view()).faults.empty());
}

TEST(Compile, SaysThatNobodyCanBeAskedForACode) {
  const Compiled compiled = compile(document_of(with_head(
      "use: {authentications: {c: {oauth2: {authority: 'https://x', grant: authorization_code}}}}\ndo: []")));
  EXPECT_TRUE(compiled.faults.empty());
  ASSERT_EQ(compiled.unsupported.size(), 1u);
  EXPECT_THAT(compiled.unsupported.begin()->to_string(),
              HasSubstr("/use/authentications/c/oauth2/grant: a server cannot ask a person"));
}

TEST(Compile, LooksNotIntoWhatNothingReads) {
  const Compiled compiled = compile(document_of(with_head(
      "use: {authentications: {b: {basic: {username: u, password: p}, use: zz}}}\n"
      "do:\n- a: {call: mcp, with: {method: tools/list, transport: {stdio: {command: x}}, arguments: '${ $output.x }',\n"
      "      authentication: {use: nobody}, subscription: {foreach: {do: [{b: {set: {}, then: zz}}]}}}}")));
  EXPECT_TRUE(compiled.faults.empty()) << compiled.faults.begin()->to_string();
  EXPECT_EQ(compiled.warnings.size(), 4u);
}

TEST(Compile, TakesWhatTheSchemaLeavesOpenAndWarnsOfIt) {
  struct Case {
    const char *rest, *warning;
  };
  for (const auto& [rest, warning] : {
           Case{"evalute: {mode: loose}\ndo: []", "line 2, column 1: /evalute: nothing reads \"evalute\"; did you mean \"evaluate\"?"},
           {"do:\n- a: {emit: {event: {with: {type: a, dta: 1}}}}",
            "/do/0/a/emit/event/with/dta: unknown attribute \"dta\"; did you mean \"data\"?"},
           {"do:\n- a: {emit: {event: {with: {type: a}, note: 1}}}", "/do/0/a/emit/event/note: nothing reads \"note\""},
           {"do:\n- a: {try: [], catch: {errors: {note: 1}}}", "/do/0/a/catch/errors/note: nothing reads \"note\""},
           {"do:\n- a: {try: [], catch: {errors: {with: {staus: 404}}}}",
            "/do/0/a/catch/errors/with/staus: nothing reads \"staus\"; did you mean \"status\"?"},
           {"do:\n- a: {listen: {to: {one: {with: {type: t}, correlate: {k: {from: .k, note: 1}}}}}}",
            "/do/0/a/listen/to/one/correlate/k/note: nothing reads \"note\""},
           {"do:\n- a: {try: [], catch: {retry: {delay: PT1S, backoff: {exponential: {factor: 2}}}}}",
            "/do/0/a/catch/retry/backoff/exponential/factor: nothing reads \"factor\""},
           {"use: {authentications: {b: {bearer: {token: t}, note: 1}}}\ndo: []",
            "/use/authentications/b/note: nothing reads \"note\""},
           {"use: {authentications: {b: {oauth2: {authority: 'https://a', grant: password, request: {note: 1}}}}}\ndo: []",
            "/use/authentications/b/oauth2/request/note: nothing reads \"note\""},
           {"schedule: {}\ndo: []", "line 2, column 1: /schedule: this is no schedule"},
           {"use: {retries: {r: {limit: {}}}}\ndo: []", "/use/retries/r/limit: a limit without anything is none"},
           {"do:\n- a: {try: [], catch: {retry: {limit: {attempt: {}}}}}",
            "/do/0/a/catch/retry/limit/attempt: a limit without anything is none; `count` or `duration` makes one"},
       }) {
    const Compiled compiled = compile(document_of(with_head(rest)));
    EXPECT_TRUE(compiled.faults.empty()) << rest << compiled.faults.begin()->to_string();
    ASSERT_EQ(compiled.warnings.size(), 1u) << rest;
    EXPECT_THAT(compiled.warnings.begin()->to_string(), HasSubstr(warning));
  }
  EXPECT_FALSE(compile(document_of(with_head("schedule: {}\ndo: []"))).definition->schedule.has_value());
}

TEST(Compile, WarnsOfABufferThatNothingFills) {
  const auto warnings = [](const std::string& of_document, const std::string& rest) {
    std::vector<std::string> texts;
    for (const Fault& one : compile(document_of("document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0, metadata: {" +
                                                of_document + "}}\n" + rest)).warnings) {
      texts.push_back(one.to_string());
    }
    return texts;
  };
  const std::string buffer = "correlation: {buffer: {for: PT1H}}";
  EXPECT_THAT(warnings("", "do:\n- a: {metadata: {" + buffer + "}, set: {x: 1}}"),
              ElementsAre(HasSubstr("line 3, column 32: /do/0/a/metadata/correlation/buffer: this has no effect here")));
  EXPECT_THAT(warnings(buffer, "do:\n- a: {set: {x: 1}}"),
              ElementsAre(HasSubstr("/document/metadata/correlation/buffer: this has no effect here")));
  const std::string listen = "do:\n- a: {metadata: {" + buffer + "}, listen: {to: {one: {with: {type: t}}}}}";
  EXPECT_TRUE(warnings(buffer, listen).empty());
  EXPECT_TRUE(warnings(buffer, "schedule: {on: {one: {with: {type: t}}}}\ndo: []").empty());
}

TEST(Compile, NamesTasksByPointerAndLinksThem) {
  const auto definition = compile_good(with_head(R"(
do:
- first: {set: {x: 1}, then: third}
- second/odd: {do: [{inner: {set: {x: 1}}}]}
- third:
    try: [{call: {set: {x: 1}, then: exit}}]
    catch: {do: [{repair: {set: {x: 2}}}]}
- fourth: {fork: {branches: [{left: {set: {x: 1}}}]}}
)"));
  ASSERT_TRUE(definition);
  std::vector<std::string> references;
  for (const Task& task : definition->tasks) references.push_back(task.reference);
  EXPECT_THAT(references, ElementsAre("/do/0/first", "/do/1/second~1odd", "/do/2/third",
                                      "/do/3/fourth",
                                      "/do/1/second~1odd/do/0/inner", "/do/2/third/try/0/call",
                                      "/do/2/third/catch/do/0/repair",
                                      "/do/3/fourth/fork/branches/0/left"));
  EXPECT_EQ(definition->id(), "test/sample:0.1.0");
  EXPECT_EQ(definition->task(0).then.task, 2u);
  EXPECT_EQ(definition->task(0).next, 1u);
  EXPECT_EQ(definition->task(3).next, kNone);
  EXPECT_EQ(definition->find_task("/do/2/third/catch/do/0/repair"), 6u);
  EXPECT_EQ(definition->find_task("/do/9/none"), kNone);
}

TEST(Compile, GivesTheSameTasksFromTheRecordedValue) {
  const auto first = compile_good(with_head("do:\n- a: {for: {in: .x}, do: [{b: {set: {y: '${ "
                                            "$item }'}}}]}"));
  ASSERT_TRUE(first);
  const Compiled second = compile(first->document);
  ASSERT_TRUE(second.definition);
  ASSERT_EQ(second.definition->tasks.size(), first->tasks.size());
  for (size_t i = 0; i < first->tasks.size(); ++i) {
    EXPECT_EQ(second.definition->tasks[i].reference, first->tasks[i].reference);
  }
}

TEST(Compile, RefusesToRunWhatItOnlyChecksAndSaysWhere) {
  const Compiled compiled = compile(document_of(with_head(
      "do:\n- a: {call: grpc, with: {proto: {endpoint: 'file:///x.proto'}, service: {name: s, host: h}, method: m}}\n- b: {run: "
      "{container: {image: x}}}\n")));
  EXPECT_TRUE(compiled.faults.empty());
  ASSERT_TRUE(compiled.definition);
  const auto runnable = compiled.runnable("w.yaml");
  ASSERT_FALSE(runnable.ok());
  EXPECT_EQ(runnable.error().code(), ErrorCode::NotSupported);
  EXPECT_THAT(runnable.error().message(),
              AllOf(HasSubstr("w.yaml: line 3, column 13: /do/0/a/call: `call grpc` tasks are not supported yet"),
                    HasSubstr("`run container` tasks are not supported yet")));
}

TEST(Compile, AcceptsOldDocumentsAndBothFormsOfExpressions) {
  EXPECT_TRUE(compile_good(R"(
document: {dsl: 1.0.0-alpha5, namespace: default, name: old, version: 1.0.0}
do:
- a: {if: '${ .x == 1 }', set: '${ . }', output: {as: '${ .x }'}}
- b: {if: .x == 1, set: {y: not an expression}}
)"));
}

}  // namespace
}  // namespace hence::workflow::testing
