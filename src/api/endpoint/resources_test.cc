// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "api/endpoint/query_workers.h"
#include "api/endpoint/test_world.h"

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class Resources : public EndpointsTest {};

TEST_F(Resources, AppliesAllAndSaysWhatChanged) {
  const Answer first = apply(kTestResources);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.body, testing::StartsWith(R"({"version":1,"results":[{"kind":"Sink","name":"chat","outcome":"created"})"));
  const Answer again = apply(kTestResources);
  EXPECT_THAT(again.body, HasSubstr(R"("version":1)"));
  EXPECT_THAT(again.body, Not(HasSubstr("created")));
  const Answer changed = apply(R"({"apiVersion":"hence/v1","kind":"Sink","metadata":{"name":"chat"},
      "spec":{"http":{"url":"https://example.com/other"}}})");
  EXPECT_EQ(changed.body, "{\"version\":2,\"results\":[{\"kind\":\"Sink\",\"name\":\"chat\",\"outcome\":\"changed\"}]}\n");
}

TEST_F(Resources, DryRunChangesNothing) {
  const Answer dry = apply(kTestResources, "?dry_run=true");
  EXPECT_EQ(dry.status, 200);
  EXPECT_THAT(dry.body, HasSubstr(R"("dryRun":true)"));
  EXPECT_THAT(dry.body, HasSubstr("created"));
  EXPECT_EQ(send("GET /api/v1/rules").body, "{\"items\":[]}\n");
}

TEST_F(Resources, PruneDeletesWhatTheTextLacks) {
  apply(kTestResources);
  const Answer pruned = apply(R"({"apiVersion":"hence/v1","kind":"Sink","metadata":{"name":"chat"},
      "spec":{"http":{"url":"https://example.com/hook"}}})", "?prune=true");
  EXPECT_EQ(pruned.status, 200);
  EXPECT_THAT(pruned.body, HasSubstr(R"({"kind":"Sink","name":"chat","outcome":"unchanged"})"));
  EXPECT_THAT(pruned.body, HasSubstr(R"({"kind":"Workflow","name":"t/greet:0.1.0","outcome":"deleted"})"));
  EXPECT_EQ(send("GET /api/v1/rules").body, "{\"items\":[]}\n");
  EXPECT_EQ(apply("", "?prune=true").status, 400);
}

TEST_F(Resources, AFaultyDocumentStopsAllOfThem) {
  const Answer faulty = apply(R"(apiVersion: hence/v1
kind: Sink
metadata: {name: fine}
spec: {http: {url: "https://example.com/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: broken}
spec:
  onn: {type: a}
  do: [{deliver: {sink: fine}}]
)");
  EXPECT_EQ(faulty.status, 422);
  EXPECT_EQ(faulty.code(), "ResourceInvalid");
  EXPECT_THAT(faulty.body, HasSubstr(R"("faults":[{"line":10,"column":)"));
  EXPECT_THAT(faulty.body, HasSubstr(R"(did you mean \"on\"?)"));
  EXPECT_EQ(send("GET /api/v1/sinks").body, "{\"items\":[]}\n");
}

TEST_F(Resources, TakesWhatIsDoubtfulAndWarns) {
  const Answer taken = apply(R"(
document: {dsl: 1.0.3, namespace: t, name: skips, version: 1.0.0}
do:
  - a: {set: {x: 1}, then: end}
  - b: {set: {x: 2}}
)");
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_THAT(taken.body, HasSubstr(R"("warnings":[{"line":5,"column":5,"pointer":"/do/1/b","message":"nothing leads to the task \"b\")"));
  EXPECT_THAT(apply(kTestResources).body, testing::Not(HasSubstr("warnings")));
}

TEST_F(Resources, FindsWhatRefersToNothing) {
  const Answer missing = apply(R"(apiVersion: hence/v1
kind: Sink
metadata: {name: chat-ops}
spec: {http: {url: "https://example.com/", auth: {bearer: {secret: token}}}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: r}
spec:
  on: {type: a}
  do:
    - deliver: {sink: chat-op}
    - start: {workflow: t/none}
---
apiVersion: hence/v1
kind: Source
metadata: {name: s}
spec: {webhook: {provider: github, secret: nope}}
)");
  EXPECT_EQ(missing.status, 422);
  const json::Value problem = missing.json();
  const json::View faults = problem->find("faults").value_or(json::View());
  ASSERT_TRUE(faults.is_array()) << missing.body;
  ASSERT_EQ(faults.size(), 4u) << missing.body;
  EXPECT_EQ(faults.at(0).find("line")->as_int64(), 4);
  EXPECT_THAT(faults.at(0).string_or("message", ""), HasSubstr("there is no Secret \"token\""));
  EXPECT_EQ(faults.at(1).find("line")->as_int64(), 12);
  EXPECT_EQ(faults.at(1).string_or("pointer", ""), "/spec/do/0/deliver/sink");
  EXPECT_THAT(faults.at(1).string_or("message", ""), HasSubstr("did you mean \"chat-ops\"?"));
  EXPECT_THAT(faults.at(2).string_or("message", ""), HasSubstr("there is no Workflow \"t/none\""));
}

TEST_F(Resources, ReadsImportsWithSecretsThatAreAppliedWithThem) {
  imports = [](const workflow::Import& import, const SecretOf& secret) -> Result<std::string> {
    EXPECT_EQ(import.secrets, std::vector<std::string>{"catalogue"});
    HENCE_TRY(const std::string value, secret(import.secrets.front()));
    EXPECT_EQ(value, "s3same");
    return std::string("set: {text: hello}");
  };
  const std::string workflow = R"(document: {dsl: 1.0.3, namespace: t, name: calls, version: 1.0.0}
use:
  secrets: [catalogue]
  catalogs: {c: {endpoint: {uri: "https://c.example", authentication: {bearer: {use: catalogue}}}}}
do:
  - a: {call: "greet:1.0.0@c"}
)";
  const Answer missing = apply(workflow);
  EXPECT_EQ(missing.status, 422);
  EXPECT_THAT(missing.body, HasSubstr(R"("faults":[{"line":6,"column":)"));
  EXPECT_THAT(missing.body, HasSubstr("function.yaml cannot be read: secret catalogue does not exist"));
  secrets["catalogue"] = "s3same";
  const Answer taken = apply("apiVersion: hence/v1\nkind: Secret\nmetadata: {name: catalogue}\nspec: {env: C}\n---\n" + workflow);
  EXPECT_EQ(taken.status, 200) << taken.body;
  const Answer stored = send("GET /api/v1/workflows/t/calls:1.0.0");
  EXPECT_THAT(stored.body, HasSubstr("function.yaml\":{\"set\":{\"text\":\"hello\"}}"));
  EXPECT_THAT(stored.body, Not(HasSubstr("s3same")));
}

TEST_F(Resources, RefusesWhatIsNotSupported) {
  const Answer later = apply("apiVersion: hence/v1\nkind: Policy\nmetadata: {name: p}\nspec: {}\n");
  EXPECT_EQ(later.status, 422);
  EXPECT_EQ(later.code(), "NotSupported");
  EXPECT_EQ(apply("a: [").status, 400);
}

TEST_F(Resources, RefusesDocumentsOfAnotherNamespace) {
  const std::string sink = "apiVersion: hence/v1\nkind: Sink\nmetadata: {name: s, namespace: blue}\n"
                           "spec: {http: {url: 'https://example.com/'}}\n";
  EXPECT_THAT(apply(sink).body, HasSubstr("namespace blue"));
  EXPECT_EQ(send("POST /api/v1/namespaces/blue/apply", sink).status, 200);
  EXPECT_EQ(send("GET /api/v1/namespaces/blue/sinks/s").status, 200);
  EXPECT_EQ(send("GET /api/v1/sinks/s").status, 404);
}

TEST_F(Resources, BuildsAnewWhenAnotherChangeCameFirst) {
  backend.stale_replies = 3;
  EXPECT_EQ(apply(kTestResources).status, 200);
  backend.stale_replies = 100;
  const Answer contended = apply("apiVersion: hence/v1\nkind: Secret\nmetadata: {name: s}\nspec: {env: S}\n");
  EXPECT_EQ(contended.status, 503);
}

TEST_F(Resources, ChangesThatAreNotDurableYetHoldNoWorker) {
  constexpr size_t kClients = QueryWorkers::kThreads + 2;
  backend.holding = true;
  std::vector<int> statuses(kClients);
  std::vector<std::thread> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      statuses[i] = apply("apiVersion: hence/v1\nkind: Secret\nmetadata: {name: s" + std::to_string(i) + "}\nspec: {env: S}\n").status;
    });
  }
  EXPECT_TRUE(backend.wait_for_held(kClients));
  EXPECT_EQ(send("GET /api/v1/secrets").status, 200);
  backend.release_held();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(statuses, std::vector<int>(kClients, 200));
}

TEST_F(Resources, ARepeatedApplyUnderAKeyIsAnsweredAsTheFirst) {
  const auto apply_under_key = [&](const char* name, const char* key) {
    return send("POST /api/v1/apply", std::string("apiVersion: hence/v1\nkind: Secret\nmetadata: {name: ") + name + "}\nspec: {env: S}\n",
                std::string("idempotency-key: ") + key + "\n");
  };
  const std::string created = R"("results":[{"kind":"Secret","name":"one","outcome":"created"}])";
  EXPECT_THAT(apply_under_key("one", "k").body, AllOf(HasSubstr(created), Not(HasSubstr("repeated"))));
  EXPECT_THAT(apply_under_key("one", "k").body, HasSubstr(R"("version":1,"repeated":true,)" + created));
  // Also when it has changed since, and when there was nothing to change.
  EXPECT_EQ(send("DELETE /api/v1/secrets/one").status, 200);
  EXPECT_THAT(apply_under_key("one", "k").body, HasSubstr(R"("version":1,"repeated":true,)" + created));
  EXPECT_EQ(send("GET /api/v1/secrets/one").status, 404);
  EXPECT_THAT(apply_under_key("one", "l").body, HasSubstr(created));
  EXPECT_THAT(apply_under_key("one", "m").body, AllOf(HasSubstr("unchanged"), Not(HasSubstr("repeated"))));
  EXPECT_EQ(send("DELETE /api/v1/secrets/one").status, 200);
  EXPECT_THAT(apply_under_key("one", "m").body, AllOf(HasSubstr("unchanged"), HasSubstr("repeated")));
}

TEST_F(Resources, AKeyWithAnotherApplyIsRefused) {
  const auto send_under_key = [&](const std::string& request, const std::string& text) { return send(request, text, "idempotency-key: k\n"); };
  const std::string secret = "apiVersion: hence/v1\nkind: Secret\nmetadata: {name: one}\nspec: {env: S}\n";
  EXPECT_EQ(send_under_key("POST /api/v1/apply", secret).status, 200);
  EXPECT_EQ(send_under_key("POST /api/v1/apply", secret + "# another\n").status, 409);
  EXPECT_EQ(send_under_key("DELETE /api/v1/secrets/one", {}).status, 200);
  EXPECT_EQ(send_under_key("DELETE /api/v1/secrets/two", {}).status, 409);
}

TEST_F(Resources, ARepeatedDeletionUnderAKeyIsAnsweredAsTheFirst) {
  const auto remove = [&] { return send("DELETE /api/v1/secrets/s", {}, "idempotency-key: k\n"); };
  EXPECT_EQ(remove().status, 404);
  EXPECT_EQ(apply("apiVersion: hence/v1\nkind: Secret\nmetadata: {name: s}\nspec: {env: S}\n").status, 200);
  const Answer first = remove();
  EXPECT_THAT(first.body, HasSubstr(R"({"version":2,"results":[{"kind":"Secret","name":"s","outcome":"deleted"}]})"));
  const Answer repeated = remove();
  EXPECT_EQ(repeated.status, 200);
  EXPECT_THAT(repeated.body, HasSubstr(R"("version":2,"repeated":true,"results":[{"kind":"Secret","name":"s","outcome":"deleted"}])"));
}

TEST_F(Resources, ListsAndGetsByNameWithSlashes) {
  apply(kTestResources);
  EXPECT_EQ(send("GET /api/v1/rules").json()->find("items")->size(), 2u);
  EXPECT_EQ(send("GET /api/v1/workflows/t/greet").text("name"), "t/greet:0.1.0");
  EXPECT_EQ(send("GET /api/v1/workflows/t/greet:0.1.0").status, 200);
  EXPECT_EQ(send("GET /api/v1/namespaces/default/sinks/chat").text("kind"), "Sink");
  for (const char* path : {"rules/x", "workflows/t/x", "sources/x", "sinks/x", "secrets/x"}) {
    EXPECT_EQ(send(std::string("GET /api/v1/") + path).status, 404) << path;
  }
  for (const char* path : {"sources", "secrets", "workflows", "sinks"}) {
    EXPECT_EQ(send(std::string("GET /api/v1/") + path).status, 200) << path;
  }
}

TEST_F(Resources, DeletesWhatNothingRefersTo) {
  apply(kTestResources);
  const Answer used = send("DELETE /api/v1/sinks/chat");
  EXPECT_EQ(used.status, 409);
  EXPECT_THAT(used.body, HasSubstr("Rule default/tell refers to Sink chat"));
  EXPECT_EQ(send("DELETE /api/v1/workflows/t/greet").status, 409);
  EXPECT_EQ(send("DELETE /api/v1/rules/tell").status, 200);
  const Answer deleted = send("DELETE /api/v1/sinks/chat");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_THAT(deleted.body, HasSubstr(R"({"kind":"Sink","name":"chat","outcome":"deleted"})"));
  EXPECT_EQ(send("DELETE /api/v1/sinks/chat").status, 404);
  EXPECT_EQ(send("DELETE /api/v1/workflows/t/sleep").status, 200);
}

TEST_F(Resources, SchedulesShowWhatTheyWaitFor) {
  ASSERT_EQ(apply(R"({"apiVersion":"hence/v1","kind":"Schedule","metadata":{"name":"nightly"},
      "spec":{"cron":"30 2 * * *","timeZone":"Europe/Berlin","emit":{"type":"night"}}})").status, 200);
  const json::Value list = send("GET /api/v1/schedules").json();
  ASSERT_EQ(list->find("items")->size(), 1u) << list->to_text();
  const json::Value one = send("GET /api/v1/schedules/nightly").json();
  EXPECT_EQ(one->string_or("kind", ""), "Schedule");
  EXPECT_EQ(one->find_path({"schedule", "timing"})->as_string(), "cron 30 2 * * * in Europe/Berlin");
  EXPECT_TRUE(one->find_path({"schedule", "next"})) << one->to_text();
  EXPECT_EQ(send("GET /api/v1/schedules/weekly").status, 404);
  EXPECT_EQ(send("DELETE /api/v1/schedules/nightly").status, 200);
  EXPECT_EQ(send("GET /api/v1/schedules/nightly").status, 404);
}

TEST_F(Resources, AnUnknownTimeZoneIsRefusedWithItsPlace) {
  const Answer refused = apply("apiVersion: hence/v1\nkind: Schedule\nmetadata: {name: nightly}\nspec:\n"
                               "  cron: '30 2 * * *'\n  timeZone: Europe/Berln\n  emit: {type: night}\n");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, testing::HasSubstr("line 6"));
  EXPECT_THAT(refused.body, testing::HasSubstr("did you mean \\\"Europe/Berlin\\\"?"));
  const Answer nowhere = apply(R"({"apiVersion":"hence/v1","kind":"Schedule","metadata":{"name":"nightly"},
      "spec":{"every":"5m","start":{"workflow":"ops/report"}}})");
  EXPECT_EQ(nowhere.status, 422);
  EXPECT_THAT(nowhere.body, testing::HasSubstr("/spec/start/workflow"));
}

}  // namespace
}  // namespace hence::api
