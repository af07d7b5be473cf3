// SPDX-License-Identifier: Apache-2.0
// One act on all that a list finds.
#include "api/endpoint/test_world.h"

namespace hence::api {
namespace {

using testing::HasSubstr;

constexpr const char* kWhy = R"({"reason":"why not"})";

class ByQuery : public EndpointsTest {
 protected:
  ByQuery() { EXPECT_EQ(apply(kTestResources).status, 200); }
  void start(int count, const std::string& workflow) {
    for (int i = 0; i < count; ++i) {
      const Answer started = send("POST /api/v1/instances", R"({"workflow":")" + workflow + R"(","input":{}})",
                                  "content-type: application/json\n");
      EXPECT_EQ(started.status, 201) << started.body;
    }
  }
  size_t count(const std::string& status) {
    return items(send("GET /api/v1/instances?limit=1000&status=" + status));
  }
  static size_t items(const Answer& answer) { return answer.json()->find("items")->size(); }
};

TEST_F(ByQuery, CancelsWhatTheQueryFindsAndNothingElse) {
  start(5, "t/sleep");
  start(2, "t/greet");
  const Answer tried = send("POST /api/v1/instances/by-query/cancel?workflow=t/sleep&dry_run=true");
  EXPECT_EQ(tried.status, 200) << tried.body;
  EXPECT_EQ(items(tried), 5u);
  EXPECT_THAT(tried.body, HasSubstr("\"dryRun\":true"));
  EXPECT_EQ(count("waiting"), 5u) << "a dry run changes nothing";

  const Answer done = send("POST /api/v1/instances/by-query/cancel?workflow=t/sleep", R"({"reason":"wrong input"})");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(items(done), 5u);
  EXPECT_THAT(done.body, HasSubstr("\"failed\":0"));
  EXPECT_EQ(count("waiting"), 0u);
  EXPECT_EQ(count("cancelled"), 5u);
  EXPECT_EQ(count("completed"), 2u);
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/cancel?workflow=t/sleep", kWhy)), 0u) << "ended ones are left alone";
}

TEST_F(ByQuery, WantsToKnowWhy) {
  const Answer silent = send("POST /api/v1/instances/by-query/suspend?workflow=t/sleep", R"({"reason":" "})");
  EXPECT_EQ(silent.status, 400);
  EXPECT_THAT(silent.body, HasSubstr("say why"));
}

TEST_F(ByQuery, SuspendsAndResumes) {
  start(3, "t/sleep");
  start(1, "t/greet");
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/suspend?since=1h", kWhy)), 3u) << "those that run";
  EXPECT_EQ(count("suspended"), 3u);
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/suspend?since=1h", kWhy)), 0u);
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/retry?since=1h", kWhy)), 0u) << "none has faulted";
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/resume?workflow=t/sleep&limit=2", kWhy)), 2u);
  EXPECT_EQ(count("waiting"), 2u);
}

TEST_F(ByQuery, SkipsATaskByItsName) {
  start(3, "t/sleep");
  const std::string at = "POST /api/v1/instances/by-query/skip?workflow=t/sleep";
  EXPECT_THAT(send(at, kWhy).body, HasSubstr("task is missing"));
  EXPECT_EQ(send(at, R"({"task":"nap"})").status, 400) << "why is missing";
  EXPECT_EQ(items(send(at + "&dry_run=true", R"({"task":"nap"})")), 3u);
  const Answer wrong = send(at, R"({"reason":"r","task":"rest"})");
  EXPECT_THAT(wrong.body, HasSubstr("\"failed\":3"));
  EXPECT_EQ(count("waiting"), 3u);
  const Answer done = send(at, R"({"reason":"a faulty version","task":"nap","output":{"a":1}})");
  EXPECT_THAT(done.body, HasSubstr("\"failed\":0"));
  EXPECT_EQ(items(done), 3u);
  EXPECT_EQ(count("completed"), 3u);
  EXPECT_EQ(items(send(at, R"({"reason":"r","task":"nap"})")), 0u) << "ended ones are left alone";
}

TEST_F(ByQuery, SaysWhatThereIsByQuery) {
  const Answer trace = send("GET /api/v1/instances/by-query/trace");
  EXPECT_EQ(trace.status, 400);
  EXPECT_THAT(trace.body, HasSubstr("acts by query are: cancel, compensation/redrive, compensation/skip, suspend, resume, "
                                      "retry, skip, context, event"));
}

constexpr const char* kAsks = R"(
document: {dsl: 1.0.3, namespace: t, name: asks, version: 1.0.0}
do:
  - hear: {listen: {to: {one: {with: {type: told}}}}, export: {as: "${ $context + {heard: .[0]} }"}}
  - tell: {set: "${ $context }"}
)";

TEST_F(ByQuery, SetsContextsAndGivesAnEventToEach) {
  ASSERT_EQ(apply(kAsks).status, 200);
  start(3, "t/asks");
  start(1, "t/sleep");
  const std::string at = "POST /api/v1/instances/by-query/context?workflow=t/asks";
  EXPECT_THAT(send(at, kWhy).body, HasSubstr("context is missing"));
  EXPECT_THAT(send(at, R"({"context":{"of":"many"}})").body, HasSubstr("say why"));
  EXPECT_EQ(items(send(at + "&dry_run=true", R"({"context":{"of":"nobody"}})")), 3u);
  EXPECT_THAT(send(at, R"({"reason":"r","context":{"of":"many"}})").body, HasSubstr("\"failed\":0"));

  const Answer told = send("POST /api/v1/instances/by-query/event?since=1h",
                           R"({"reason":"r","event":{"specversion":"1.0","id":"1","source":"/s","type":"told","data":7}})");
  EXPECT_EQ(items(told), 4u);
  EXPECT_THAT(told.body, HasSubstr("\"failed\":1")) << "the one that sleeps waits for no event";
  EXPECT_THAT(told.body, HasSubstr("waits for no such event"));
  EXPECT_EQ(count("completed"), 3u);
  const auto ended = send("GET /api/v1/instances?workflow=t/asks").json();
  for (const json::View item : ended->find("items")->elements()) {
    const Answer one = send("GET /api/v1/instances/" + std::string(item.string_or("id", "")));
    EXPECT_THAT(one.body, HasSubstr(R"("output":{"of":"many","heard":7})"));
  }
  EXPECT_EQ(items(send(at, R"({"reason":"r","context":{}})")), 0u) << "ended ones are left alone";
}

TEST_F(ByQuery, RetriesWithAnotherInput) {
  ASSERT_EQ(apply("document: {dsl: 1.0.3, namespace: t, name: picky, version: 1.0.0}\n"
                  "do: [{a: {set: {n: '${ .n + 1 }'}}}]").status, 200);
  for (int i = 0; i < 2; ++i) {
    send("POST /api/v1/instances", R"({"workflow":"t/picky","input":{"n":"one"}})", "content-type: application/json\n");
  }
  ASSERT_EQ(count("faulted"), 2u);
  const Answer done = send("POST /api/v1/instances/by-query/retry?workflow=t/picky", R"({"reason":"r","input":{"n":1}})");
  EXPECT_THAT(done.body, HasSubstr("\"failed\":0"));
  EXPECT_EQ(count("completed"), 2u);
}

TEST_F(ByQuery, StopsAtTheLimitAndSaysWhereToGoOn) {
  start(5, "t/sleep");
  const Answer first = send("POST /api/v1/instances/by-query/cancel?status=waiting&limit=2", kWhy);
  EXPECT_EQ(items(first), 2u);
  EXPECT_EQ(count("waiting"), 3u);
  EXPECT_FALSE(first.text("next").empty());
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/cancel?status=waiting", kWhy)), 3u);
}

TEST_F(ByQuery, ARepeatedRequestUnderItsKeyIsAboutTheSame) {
  start(5, "t/sleep");
  const std::string at = "POST /api/v1/instances/by-query/cancel?workflow=t/sleep&limit=2", key = "idempotency-key: k\n";
  const Answer first = send(at, kWhy, key);
  EXPECT_EQ(items(first), 2u);
  EXPECT_EQ(send(at, kWhy, key).body, first.body);
  EXPECT_EQ(count("cancelled"), 2u) << "the second time it would find others";
  EXPECT_EQ(send(at, R"({"reason":"another"})", key).status, 409);
  EXPECT_EQ(items(send(at + "&dry_run=true", kWhy, key)), 2u);
  const std::string none = "POST /api/v1/instances/by-query/retry?workflow=t/sleep";
  EXPECT_EQ(items(send(none, kWhy, "idempotency-key: n\n")), 0u);
  EXPECT_EQ(items(send(at, kWhy, "idempotency-key: l\n")), 2u);
  EXPECT_EQ(count("cancelled"), 4u);
}

TEST_F(ByQuery, AnswersAsOneActDoesWhereTheServerTakesNothing) {
  start(2, "t/sleep");
  backend.refuse_with = ErrorCode::Overloaded;
  const Answer refused = send("POST /api/v1/instances/by-query/cancel?workflow=t/sleep", kWhy);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("the test says no"));
  backend.refuse_with.reset();
  EXPECT_EQ(count("waiting"), 2u);
}

TEST_F(ByQuery, WantsToKnowWhichAreMeant) {
  const Answer all = send("POST /api/v1/instances/by-query/cancel");
  EXPECT_EQ(all.status, 400);
  EXPECT_THAT(all.body, HasSubstr("say which are meant by at least one of the query parameters workflow, parent, status, since, until"));
  EXPECT_EQ(send("POST /api/v1/instances/by-query/cancel?status=asleep").status, 400);
  EXPECT_EQ(send("POST /api/v1/deliveries/by-query/redrive").status, 400);
  EXPECT_EQ(send("POST /api/v1/deliveries/by-query/redrive?sink=chat", R"({"reasn":"x"})").status, 400);
}

TEST_F(ByQuery, RedrivesTheParkedDeliveriesOfASink) {
  for (const char* id : {"1", "2", "3"}) send_event(id);
  const std::vector<engine::Effect> effects = backend.effects;
  ASSERT_EQ(effects.size(), 3u);
  backend.park(effects[0]);
  backend.park(effects[2]);
  EXPECT_EQ(items(send("POST /api/v1/deliveries/by-query/redrive?sink=other", kWhy)), 0u);
  EXPECT_THAT(send("POST /api/v1/deliveries/by-query/redrive?sink=chat").body, HasSubstr("say why"));
  EXPECT_EQ(items(send("POST /api/v1/deliveries/by-query/redrive?sink=chat&dry_run=true")), 2u);
  const Answer done = send("POST /api/v1/deliveries/by-query/redrive?sink=chat", R"({"reason":"fixed"})");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(items(done), 2u);
  EXPECT_EQ(items(send("GET /api/v1/deliveries?status=parked")), 0u);
  EXPECT_EQ(items(send("GET /api/v1/deliveries?status=ready")), 3u);
}

constexpr const char* kSaga = R"(
document: {dsl: 1.0.3, namespace: t, name: saga, version: 1.0.0}
do:
  - book: {set: {n: 1}, metadata: {compensate: [{unbook: {raise: {error: {type: 'https://example.com/stuck', status: 500}}}}]}}
  - rest: {wait: PT1H}
)";

TEST_F(ByQuery, UndoesAndDecidesWhatIsParked) {
  ASSERT_EQ(apply(kSaga).status, 200);
  start(3, "t/saga");
  EXPECT_EQ(send("POST /api/v1/instances/by-query/cancel?workflow=t/saga", R"({"reason": "r", "compensate": 1})").status, 400);
  const Answer undone = send("POST /api/v1/instances/by-query/cancel?workflow=t/saga", R"({"reason": "r", "compensate": true})");
  EXPECT_EQ(items(undone), 3u);
  EXPECT_EQ(count("compensating"), 3u) << "what undoes them fails";
  const Answer parked = send("GET /api/v1/instances?parked=true");
  ASSERT_EQ(items(parked), 3u);
  const std::string id((*parked.json()->find("items")).at(0).string_or("id", ""));
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/cancel", R"({"reason": "r", "compensate": true})").status, 409) << "it does already";
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/compensation/redrive", R"({"reason": "again"})").status, 200);
  EXPECT_EQ(count("compensating"), 3u) << "it fails again";
  EXPECT_THAT(send("POST /api/v1/instances/" + id + "/compensation/skip").body, HasSubstr("say why"));
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/compensation/skip", R"({"reason": "by phone"})").status, 200);
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/compensation/skip", R"({"reason": "by phone"})").status, 409);
  const Answer one = send("GET /api/v1/instances/" + id);
  EXPECT_EQ(one.text("status"), "cancelled");
  EXPECT_EQ(one.text("compensated"), "partial");
  const json::Value story = send("GET /api/v1/instances/" + id + "/trace").json();
  EXPECT_EQ(story->find("operations")->size(), 1u) << "the cancel; what was decided of its parked compensation is no other";
  EXPECT_EQ(story->find("operations")->at(0).string_or("reason", ""), "r");
  EXPECT_EQ(story->find("decided")->at(1).string_or("reason", ""), "by phone");
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/compensation/redrive?workflow=t/saga", kWhy)), 2u);
  EXPECT_THAT(send("POST /api/v1/instances/by-query/compensation/skip?parked=true").body, HasSubstr("say why"));
  EXPECT_EQ(items(send("POST /api/v1/instances/by-query/compensation/skip?parked=true", kWhy)), 2u);
  EXPECT_EQ(count("compensating"), 0u);
}

}  // namespace
}  // namespace hence::api
