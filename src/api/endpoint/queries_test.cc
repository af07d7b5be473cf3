// SPDX-License-Identifier: Apache-2.0
// Instances, deliveries, and events that are in.
#include "api/endpoint/test_world.h"
#include "api/http_stream.h"

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class Queries : public EndpointsTest {
 protected:
  Queries() { EXPECT_EQ(apply(kTestResources).status, 200); }
  Answer start(const std::string& body) {
    return send("POST /api/v1/instances", body, "content-type: application/json\n");
  }
};

TEST_F(Queries, StartsAndWaitsForTheEnd) {
  const Answer started = start(R"({"workflow":"t/greet","input":{"name":"you"}})");
  EXPECT_EQ(started.status, 201);
  EXPECT_EQ(send("GET /api/v1/instances/" + started.text("id")).text("status"), "completed");
  const Answer ended = start(R"({"workflow":"t/greet","input":{"name":"you"},"wait":5})");
  EXPECT_EQ(ended.status, 201);
  EXPECT_EQ(ended.text("status"), "completed");
  EXPECT_EQ(ended.json()->find_path({"output", "hi"})->as_string(), "you");
  const Answer still = start(R"({"workflow":"t/sleep","wait":0})");
  EXPECT_EQ(still.text("status"), "waiting") << still.body;
}

TEST_F(Queries, AStartMaySayWhy) {
  const Answer started = start(R"({"workflow":"t/sleep","reason":"the nightly one failed"})");
  EXPECT_EQ(started.status, 201) << started.body;
  const json::Value trace = send("GET /api/v1/instances/" + started.text("id") + "/trace").json();
  ASSERT_TRUE(trace->find("operations"));
  const json::View act = trace->find("operations")->at(0);
  EXPECT_EQ(act.string_or("what", ""), "started");
  EXPECT_EQ(act.string_or("by", ""), "anonymous");
  EXPECT_EQ(act.string_or("reason", ""), "the nightly one failed");
  EXPECT_EQ(start(R"({"workflow":"t/sleep","reason":7})").status, 400);
}

TEST_F(Queries, WhySaysWhatIsUnderWayAndWhoHoldsTheLimit) {
  ASSERT_EQ(apply("document: {dsl: 1.0.3, namespace: t, name: shell, version: 1.0.0}\n"
                  "do: [{f: {run: {shell: {command: sleep 20}}}}]\n").status, 200);
  const std::string first = start(R"({"workflow":"t/shell"})").text("id");
  const std::string second = start(R"({"workflow":"t/shell"})").text("id");
  ASSERT_EQ(backend.effects.size(), 2u);
  EXPECT_THAT(send("GET /api/v1/instances/" + first + "/why").body, HasSubstr(R"("state":"ready")")) << "nobody knows more";
  call_states[backend.effects[0].id].under_way = true;
  call_states[backend.effects[0].id].since = clock.now();
  CallState waiting;
  waiting.limit = "limits.processes";
  waiting.limit_max = 1;
  waiting.held_by = {*Address::parse(first)};
  call_states[backend.effects[1].id] = waiting;
  EXPECT_THAT(send("GET /api/v1/instances/" + first + "/why").body, HasSubstr(R"("underWay":"2027-01-15T08:00:00Z")"));
  EXPECT_THAT(send("GET /api/v1/instances/" + second + "/why").body,
              HasSubstr(R"("limit":{"name":"limits.processes","max":1,"heldBy":[")" + first + R"("]})"));
}

TEST_F(Queries, AnIdIsUnique) {
  const std::string id = start(R"({"workflow":"t/sleep","id":"x"})").text("id");
  const Answer existing = start(R"({"workflow":"t/sleep","id":"x"})");
  EXPECT_EQ(existing.status, 200);
  EXPECT_EQ(existing.body, "{\"id\":\"" + id + "\",\"duplicate\":true}\n");
  EXPECT_EQ(start(R"({"workflow":"t/sleep","id":"x","onConflict":"reject"})").status, 409);
  EXPECT_NE(start(R"({"workflow":"t/sleep","id":"x","onConflict":"replace"})").text("id"), id);
}

TEST_F(Queries, RefusesBadStarts) {
  struct Case {
    const char* body;
    int status;
    const char* says;
  };
  const Case cases[] = {
      {"", 400, "workflow is missing"},
      {"[]", 400, "JSON object"},
      {"{", 400, "JsonInvalid"},
      {R"({"workflow":"t/none"})", 404, "there is no workflow t/none"},
      {R"({"workflow":7})", 400, "is to be a string"},
      {R"({"workflow":"t/greet","inputs":1})", 400, "did you mean \\\"input\\\"?"},
      {R"({"workflow":"t/greet","onConflict":"rejct"})", 400, "did you mean \\\"reject\\\"?"},
      {R"({"workflow":"t/greet","wait":61})", 400, "0 to 60"},
      {R"({"workflow":"t/greet","wait":"1"})", 400, "0 to 60"},
  };
  for (const Case& test : cases) {
    const Answer answer = start(test.body);
    EXPECT_EQ(answer.status, test.status) << test.body;
    EXPECT_THAT(answer.body, HasSubstr(test.says));
  }
  EXPECT_EQ(start(R"({"workflow":"t/greet","id":")" + std::string(2'000, 'x') + "\"}").status, 400);
  EXPECT_EQ(send("POST /api/v1/instances", "workflow=t/greet", "content-type: application/x-www-form-urlencoded\n").status, 415);
}

TEST_F(Queries, ListsTracesAndCancels) {
  const std::string id = start(R"({"workflow":"t/sleep"})").text("id");
  start(R"({"workflow":"t/greet"})");
  EXPECT_EQ(send("GET /api/v1/instances").json()->find("items")->size(), 2u);
  EXPECT_EQ(send("GET /api/v1/instances?workflow=t/sleep").json()->find("items")->size(), 1u);
  EXPECT_EQ(send("GET /api/v1/instances?status=completed").json()->find("items")->size(), 1u);
  EXPECT_EQ(send("GET /api/v1/instances?until=10m").json()->find("items")->size(), 0u);
  const Answer page = send("GET /api/v1/instances?limit=1");
  EXPECT_EQ(send("GET /api/v1/instances?limit=1&cursor=" + page.text("next")).json()->find("items")->size(), 1u);
  EXPECT_THAT(send("GET /api/v1/instances/" + id + "/trace").body, HasSubstr("\"tasks\":[{\"task\":\"nap\""));

  const Answer cancelled = send("POST /api/v1/instances/" + id + "/cancel", R"({"reason":"enough"})");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(send("GET /api/v1/instances/" + id).text("status"), "cancelled");
  const std::string why = R"({"reason":"again"})";
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/cancel", why).status, 409);
  EXPECT_EQ(send("POST /api/v1/instances/01-999/cancel", why).status, 404);
  EXPECT_EQ(send("POST /api/v1/namespaces/other/instances/" + id + "/cancel", why).status, 404);
  EXPECT_THAT(send("POST /api/v1/instances/" + id + "/cancel").body, HasSubstr("say why"));
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/cancel", R"({"reason":")" + std::string(5'000, 'x') + "\"}").status, 400);
}

TEST_F(Queries, AVersionIsRetiredWhenNothingRunsOnIt) {
  apply(kTestResources);
  const std::string id = send("POST /api/v1/instances", R"({"workflow":"t/sleep","input":{}})",
                              "content-type: application/json\n").text("id");
  const std::string version = send("GET /api/v1/instances/" + id).text("version");
  EXPECT_EQ(send("GET /api/v1/workflows/t/sleep:" + version).json()->find("running")->to_text(), "1");
  EXPECT_THAT(send("GET /api/v1/workflows").body, HasSubstr("\"running\":1,\"latest\":true"));
  const Answer refused = send("DELETE /api/v1/workflows/t/sleep:" + version + "?unused=true");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("1 instance runs on workflow t/sleep:" + version));
  EXPECT_EQ(send("POST /api/v1/instances/" + id + "/cancel", R"({"reason":"over"})").status, 200);
  EXPECT_EQ(send("DELETE /api/v1/workflows/t/sleep:" + version + "?unused=true").status, 200);
  EXPECT_EQ(send("GET /api/v1/workflows/t/sleep:" + version).status, 404);
  EXPECT_EQ(send("DELETE /api/v1/sinks/chat?unused=true").status, 400);
}

TEST_F(Queries, ActsOnAnInstanceAreReadAndRefusedByName) {
  apply(kTestResources);
  const std::string id = send("POST /api/v1/instances", R"({"workflow":"t/sleep","input":{}})",
                              "content-type: application/json\n").text("id");
  const std::string at = "POST /api/v1/instances/" + id;
  EXPECT_EQ(send(at + "/suspend", R"({"reason":"look"})").status, 200);
  EXPECT_EQ(send("GET /api/v1/instances/" + id).text("status"), "suspended");
  EXPECT_EQ(send(at + "/suspend", R"({"reason":"look"})").status, 409);
  EXPECT_EQ(send(at + "/context", R"({"reason":"fix","context":{"a":1}})").status, 200);
  EXPECT_THAT(send(at + "/context", R"({"reason":"fix"})").body, HasSubstr("context is missing"));
  EXPECT_THAT(send(at + "/skip", R"({"reason":"fix"})").body, HasSubstr("task is missing"));
  EXPECT_THAT(send(at + "/retry", R"({"reason":"fix","output":1})").body, HasSubstr("unknown member \\\"output\\\""));
  EXPECT_EQ(send(at + "/event", R"({"reason":"fix","event":{"type":"x"}})").status, 400);
  EXPECT_EQ(send(at + "/event", R"({"reason":"fix","event":{"specversion":"1.0","id":"1","source":"/t","type":"x"}})").status, 409);
  EXPECT_EQ(send(at + "/resume", R"({"reason":"done"})").status, 200);
  EXPECT_THAT(send("GET /api/v1/instances/" + id + "/trace").body, HasSubstr(R"("what":"context set")"));
}

TEST_F(Queries, TheTraceOfAnEventSentToAnInstanceIsCheckedAsThatOfOthers) {
  const std::string id = start(R"({"workflow":"t/sleep","input":{}})").text("id");
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  backend.traceparents.clear();
  for (const std::string& of : {trace, std::string("any text")}) {
    const std::string event = R"({"specversion":"1.0","id":"1","source":"/t","type":"x","traceparent":")" + of + "\"}";
    EXPECT_EQ(send("POST /api/v1/instances/" + id + "/event", R"({"reason":"r","event":)" + event + "}").status, 409);
  }
  EXPECT_THAT(backend.traceparents, testing::ElementsAre(trace, ""));
}

TEST_F(Queries, RefusesBadIdsAndFilters) {
  struct Case {
    const char* line;
    int status;
    const char* says;
  };
  const Case cases[] = {
      {"GET /api/v1/instances/abc", 400, "is no instance"},
      {"GET /api/v1/instances/ctl-1", 404, "there is no instance"},
      {"GET /api/v1/instances/9999-1", 404, "there is no instance"},
      {"GET /api/v1/instances/01-77", 404, "01-77"},
      {"GET /api/v1/instances/01-77/trace", 404, "01-77"},
      {"GET /api/v1/instances?limit=0", 400, "1 to 1000"},
      {"GET /api/v1/instances?limit=10x", 400, "1 to 1000"},
      {"GET /api/v1/instances?since=yesterday", 400, "2026-05-01T12:00:00Z"},
      {"GET /api/v1/instances?status=complete", 400, "did you mean"},
      {"GET /api/v1/instances?statu=x", 400, "did you mean"},
      {"GET /api/v1/instances?cursor=zz", 400, "cursor"},
      {"GET /api/v1/deliveries?status=waiting", 400, "unknown status"},
      {"GET /api/v1/deliveries?event=x", 400, "is no event's position"},
      {"GET /api/v1/deliveries/07-42", 400, "07-42.0"},
      {"GET /api/v1/deliveries/01-42.0", 404, "there is no delivery"},
      {"GET /api/v1/events/x", 400, "is no event's position"},
      {"GET /api/v1/events/01-42", 404, "01-42"},
      {"GET /api/v1/events/01-42/explain", 404, "01-42"},
      {"GET /api/v1/events/01-42/instances", 404, "01-42"},
      {"GET /api/v1/events?id=none", 404, "no event has the id none"},
      {"GET /api/v1/events?cursor=7x", 400, "cursor"},
      {"GET /api/v1/events/stream?cursor=x", 400, "no id of an event"},
      {"GET /api/v1/events/stream?cursor=999999", 400, "beyond it"},
      {"GET /api/v1/rules?min_position=x", 400, "is no position"},
      {"GET /api/v1/rules?min_position=01-999", 503, "is not applied after"},
      {"POST /api/v1/apply?dry_run=maybe", 400, "true or false"},
      {"POST /api/v1/deliveries/01-42.0/redrive", 400, "say why"},
      {"POST /api/v1/deliveries/x/redrive", 400, "07-42.0"},
  };
  for (const Case& test : cases) {
    const Answer answer = send(test.line);
    EXPECT_EQ(answer.status, test.status) << test.line;
    EXPECT_THAT(answer.body, HasSubstr(test.says)) << test.line;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << test.line;
  }
}

TEST_F(Queries, ShowsDeliveriesAndRedrivesParkedOnes) {
  const std::string position = send_event("1").text("position");
  ASSERT_EQ(backend.effects.size(), 1u);
  const std::string id = backend.effects[0].id.to_string();
  EXPECT_EQ(send("GET /api/v1/deliveries?sink=chat&status=ready&event=" + position).json()->find("items")->size(), 1u);
  EXPECT_EQ(send("POST /api/v1/deliveries/" + id + "/redrive", R"({"reason":"r"})").status, 409);
  EXPECT_EQ(send("POST /api/v1/deliveries/01-42.0/redrive", R"({"reason":"r"})").status, 404);
  backend.park(backend.effects[0]);
  EXPECT_EQ(send("GET /api/v1/deliveries/" + id).text("status"), "parked");
  const Answer redriven = send("POST /api/v1/deliveries/" + id + "/redrive", R"({"reason":"fixed"})");
  EXPECT_EQ(redriven.status, 200) << redriven.body;
  EXPECT_EQ(redriven.text("id"), id);
  const Answer shown = send("GET /api/v1/deliveries/" + id);
  EXPECT_EQ(shown.text("status"), "ready");
  EXPECT_THAT(shown.body, HasSubstr("\"by\":\"anonymous\",\"reason\":\"fixed\""));
  EXPECT_EQ(send("GET /api/v1/namespaces/other/deliveries/" + id).status, 404);
}

TEST_F(Queries, ExplainsAndLooksUpEvents) {
  const std::string position = send_event("one", "start.me").text("position");
  send_event("two");
  EXPECT_EQ(send("GET /api/v1/events").json()->find("items")->size(), 2u);
  EXPECT_EQ(send("GET /api/v1/events?type=start.*").json()->find("items")->size(), 1u);
  EXPECT_EQ(send("GET /api/v1/events?source=/none").json()->find("items")->size(), 0u);
  EXPECT_EQ(send("GET /api/v1/events?since=1h&limit=1").json()->find("items")->size(), 1u);
  EXPECT_THAT(send("GET /api/v1/events?source=/s&id=one").body, HasSubstr(position));
  EXPECT_THAT(send("GET /api/v1/events?id=one&min_position=" + position).body, HasSubstr(position));
  EXPECT_EQ(send("GET /api/v1/events/" + position).text("position"), position);
  const Answer explained = send("GET /api/v1/events/" + position + "/explain");
  EXPECT_EQ(explained.status, 200);
  EXPECT_THAT(explained.body, HasSubstr("begin"));
  EXPECT_THAT(explained.body, HasSubstr("tell"));
  EXPECT_EQ(send("GET /api/v1/decisions/" + position).body, explained.body);
  const auto decisions = [&](const std::string& query) { return send("GET /api/v1/decisions" + query).json()->find("items")->size(); };
  EXPECT_EQ(decisions(""), 2u);
  EXPECT_EQ(decisions("?rule=begin"), 1u);
  EXPECT_EQ(decisions("?rule=begin&matched=false"), 1u);
  EXPECT_EQ(decisions("?matched=true&since=1h&limit=1"), 1u);
  EXPECT_EQ(send("GET /api/v1/decisions?matched=maybe").status, 400);
  EXPECT_THAT(send("GET /api/v1/events/" + position + "/explain?rule=begin").body, Not(HasSubstr("\"tell\"")));
  EXPECT_EQ(send("GET /api/v1/events/" + position + "/instances").json()->find("items")->size(), 1u);
  EXPECT_EQ(send("GET /api/v1/namespaces/other/events/" + position).status, 404);
}

TEST_F(Queries, PagesThroughEventsOfSeveralSegments) {
  constexpr int kEvents = 30;
  const std::string filler = "\"" + std::string(100'000, 'x') + "\"";  // some ten a segment
  for (int i = 0; i < kEvents; ++i) send_event("e" + std::to_string(i), "none", filler);
  const auto ids = [](const Answer& answer) {
    std::string text;
    const json::Value list = answer.json();
    for (const json::View item : list->find("items")->elements()) {
      text += std::string(item.find_path({"event", "id"})->as_string()) + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(send("GET /api/v1/events?limit=2")), "e28 e29 ");
  std::string newest;
  for (int i = 5; i < kEvents; ++i) newest += "e" + std::to_string(i) + " ";
  EXPECT_EQ(ids(send("GET /api/v1/events?limit=25")), newest);

  std::string all;
  int pages = 0;
  for (Answer page = send("GET /api/v1/events?limit=7&since=1h"); !page.text("next").empty(); ++pages) {
    all += ids(page);
    page = send("GET /api/v1/events?limit=7&cursor=" + page.text("next"));
  }
  EXPECT_LE(pages, kEvents / 7 + 2);
  std::string expected;
  for (int i = 0; i < kEvents; ++i) expected += "e" + std::to_string(i) + " ";
  EXPECT_EQ(all, expected);
  EXPECT_EQ(ids(send("GET /api/v1/events?source=/s&id=e3")), "e3 ");
}

TEST_F(Queries, APageOfEventsEndsAtItsBytes) {
  constexpr int kEvents = 45;
  constexpr size_t kPageBytes = 16 << 20;
  const std::string filler = "\"" + std::string(400'000, 'x') + "\"";
  std::vector<std::string> sent;
  for (int i = 0; i < kEvents; ++i) {
    sent.push_back("e" + std::to_string(i));
    ASSERT_EQ(send_event(sent.back(), "none", filler).status, 202);
  }
  const auto ids = [](const Answer& answer) {
    std::vector<std::string> found;
    const json::Value list = answer.json();
    for (const json::View item : list->find("items")->elements()) {
      found.emplace_back(item.find_path({"event", "id"})->as_string());
      EXPECT_TRUE(item.find_path({"event", "data"}));
    }
    return found;
  };
  std::vector<std::string> all;
  std::vector<size_t> pages;
  for (Answer page = send("GET /api/v1/events?limit=1000&since=1h"); !page.text("next").empty();) {
    EXPECT_LT(page.body.size(), kPageBytes + 500'000);
    const std::vector<std::string> found = ids(page);
    pages.push_back(found.size());
    all.insert(all.end(), found.begin(), found.end());
    page = send("GET /api/v1/events?limit=1000&cursor=" + page.text("next"));
  }
  EXPECT_EQ(all, sent);
  EXPECT_THAT(pages, testing::ElementsAre(42, 3));

  const Answer newest = send("GET /api/v1/events?limit=1000");
  EXPECT_LT(newest.body.size(), kPageBytes + 100'000);
  EXPECT_EQ(ids(newest), std::vector<std::string>(sent.end() - 41, sent.end()));
  EXPECT_EQ(send("GET /api/v1/events?cursor=" + newest.text("next")).json()->find("items")->size(), 0u);
}

TEST_F(Queries, ListsLongEventsWithoutTheirData) {
  const std::string position = send_event("long", "none", "\"" + std::string(700'000, 'x') + "\"").text("position");
  send_event("short", "none", "\"here\"");
  for (const char* query : {"", "?since=1h"}) {
    const Answer list = send(std::string("GET /api/v1/events") + query);
    EXPECT_LT(list.body.size(), 2'000u);
    const json::Value answer = list.json();
    const json::View items = *answer->find("items");
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items.at(0).find_path({"event", "id"})->as_string(), "long");
    EXPECT_FALSE(items.at(0).find_path({"event", "data"}));
    ASSERT_TRUE(items.at(0).find("dataLeftOut"));
    EXPECT_TRUE(items.at(0).find("dataLeftOut")->as_bool());
    EXPECT_FALSE(items.at(1).find("dataLeftOut"));
    EXPECT_EQ(items.at(1).find_path({"event", "data"})->as_string(), "here");
  }
  EXPECT_GT(send("GET /api/v1/events/" + position).body.size(), 700'000u);
}

/// Follows a stream until some text has come.
class Follower : public AnswerSink {
 public:
  void answer(const RequestToken&, HttpResponse response) override { add(std::to_string(response.status) + response.body); }
  void open_stream(const RequestToken&, HttpResponse head, std::shared_ptr<StreamBuffer> buffer) override {
    {
      const std::lock_guard lock(mutex_);
      buffer_ = std::move(buffer);
    }
    add(head.body);
  }
  void stream_ready(const RequestToken&) override;
  std::string wait_for(std::string_view text) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return read_.find(text) != std::string::npos; });
    return read_;
  }
  /// Lets go of the stream, which holds this sink.
  void leave() {
    const std::lock_guard lock(mutex_);
    buffer_.reset();
  }

 private:
  void add(const std::string& text) {
    const std::lock_guard lock(mutex_);
    read_ += text;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<StreamBuffer> buffer_;
  std::string read_;
};

void Follower::stream_ready(const RequestToken&) {
  std::shared_ptr<StreamBuffer> buffer;
  {
    const std::lock_guard lock(mutex_);
    buffer = buffer_;
  }
  if (!buffer) return;
  const StreamBuffer::Taken taken = buffer->take();
  add(taken.text + (taken.finished ? "FINISHED" : "") + (taken.overflowed ? "OVERFLOWED" : ""));
}

class EventStream : public Queries {
 protected:
  void TearDown() override {
    for (const auto& follower : followers_) follower->leave();
    Queries::TearDown();
  }
  std::shared_ptr<Follower> follow(const std::string& target, const std::string& headers = {}, size_t buffer_bytes = 1 << 20) {
    auto follower = std::make_shared<Follower>();
    endpoints->handle(make("GET " + target, headers, {}), Responder(follower, {}, "1", buffer_bytes));
    return followers_.emplace_back(std::move(follower));
  }
  std::vector<std::shared_ptr<Follower>> followers_;
};

TEST_F(EventStream, SendsWhatComesAndGoesOnFromTheLastId) {
  send_event("before");
  const auto follower = follow("/api/v1/events/stream");
  follower->wait_for("hence events");
  send_event("first");
  send_event("second");
  const std::string text = follower->wait_for("\"id\":\"second\"");
  EXPECT_THAT(text, Not(HasSubstr("before")));
  const size_t at = text.find("id: ");
  ASSERT_NE(at, std::string::npos);
  const std::string id = text.substr(at + 4, text.find('\n', at) - at - 4);
  EXPECT_THAT(text, HasSubstr("id: " + id + "\nevent: event\ndata: {\"position\":"));

  const auto resumed = follow("/api/v1/events/stream", "last-event-id: " + id + "\n");
  const std::string rest = resumed->wait_for("\"id\":\"second\"");
  EXPECT_THAT(rest, Not(HasSubstr("\"id\":\"first\"")));
  send_event("third");
  EXPECT_THAT(resumed->wait_for("\"id\":\"third\""), HasSubstr("third"));
  EXPECT_THAT(follower->wait_for("\"id\":\"third\""), HasSubstr("third"));
  endpoints.reset();
  EXPECT_THAT(follower->wait_for("FINISHED"), HasSubstr("FINISHED"));
}

TEST_F(EventStream, Filters) {
  const auto typed = follow("/api/v1/events/stream?type=a.*&source=/s");
  const auto elsewhere = follow("/api/v1/namespaces/other/events/stream");
  typed->wait_for("hence events");
  elsewhere->wait_for("hence events");
  send_event("no", "b.c");
  send_event("yes", "a.b");
  EXPECT_THAT(typed->wait_for("\"id\":\"yes\""), Not(HasSubstr("\"id\":\"no\"")));
  EXPECT_THAT(elsewhere->wait_for("hence events"), Not(HasSubstr("yes")));
}

TEST_F(EventStream, LeavesTheDataOutOfWhatIsTooLongForAStream) {
  const auto follower = follow("/api/v1/events/stream");
  follower->wait_for("hence events");
  send_event("big", "a.b", "\"" + std::string(700'000, 'x') + "\"");
  const std::string text = follower->wait_for("dataLeftOut");
  EXPECT_THAT(text, HasSubstr("\"id\":\"big\""));
  EXPECT_LT(text.size(), 2'000u);
}

}  // namespace
}  // namespace hence::api
