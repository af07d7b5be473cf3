// SPDX-License-Identifier: Apache-2.0
// Commands that ask a server, against one with canned answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/sse.h"
#include "cli/test_cli.h"

namespace hence::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kBase = "/api/v1/namespaces/default";

class Asking : public testing::Test, public TestCli {
 protected:
  void SetUp() override { environment["HENCE_ADDRESS"] = server.address(); }
  CannedServer server;
  TestFolder folder;
};

TEST_F(Asking, ServerThatIsNotThereIsExitThree) {
  const Ran ran = run({"event", "list", "--address", "http://127.0.0.1:1"});
  EXPECT_EQ(ran.code, kExitUnreachable);
  EXPECT_EQ(ran.err,
            "hence: cannot reach the server at http://127.0.0.1:1 (nothing listens there); "
            "start one with `hence dev`, or name another with --address\n");
}

TEST_F(Asking, ProblemsBecomeExitCodes) {
  const auto answer = [&](int status, const std::string& code) {
    server.on("GET " + kBase + "/instances/7-1", status,
              "{\"code\":\"" + code + "\",\"detail\":\"because\"}");
    return run({"instance", "get", "7-1"});
  };
  EXPECT_EQ(answer(404, "NotFound").code, kExitNo);
  EXPECT_EQ(answer(404, "NotFound").err, "hence: because\n");
  EXPECT_EQ(answer(401, "Unauthenticated").code, kExitRefused);
  EXPECT_EQ(answer(403, "Forbidden").code, kExitRefused);
  EXPECT_EQ(answer(400, "RequestInvalid").code, kExitWrongUse);
  EXPECT_EQ(answer(503, "Overloaded").code, kExitUnreachable);
}

TEST_F(Asking, TokenAndNamespaceGoAlong) {
  server.on("GET /api/v1/namespaces/team/instances/7-1", 200, R"({"id":"7-1"})");
  environment["HENCE_TOKEN"] = "secret";
  EXPECT_EQ(run({"instance", "get", "7-1", "-n", "team", "-o", "jsonl"}).out, "{\"id\":\"7-1\"}\n");
  EXPECT_THAT(server.asked(),
              ElementsAre("GET /api/v1/namespaces/team/instances/7-1 [Bearer secret]"));
}

TEST_F(Asking, ListsTakeTimesAgoAndAreFlatRows) {
  server.on(
      "GET " + kBase + "/events?limit=2&since=2026-11-21T09%3A05%3A05Z&type=a.%2A", 200,
      R"({"items":[{"position":"07-42","accepted":"2026-11-21T09:15:02Z","namespace":"default",)"
      R"("event":{"specversion":"1.0","id":"e1","source":"/s","type":"a.b"}}],"next":"9"})");
  const std::vector<std::string> words{"event",   "list", "--limit", "2",
                                       "--since", "10m",  "--type",  "a.*"};
  const auto with = [&](const char* format) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"-o", format});
    return run(all).out;
  };
  EXPECT_EQ(
      with("jsonl"),
      R"({"position":"07-42","specversion":"1.0","id":"e1","source":"/s","type":"a.b","accepted":"2026-11-21T09:15:02Z"})"
      "\n");
  EXPECT_EQ(with("table"),
            "POSITION  ACCEPTED            TYPE  SOURCE  SUBJECT\n"
            "07-42     3 s ago, 09:15:02Z  a.b   /s\n");
  EXPECT_EQ(run({"event", "list", "--since", "soon"}).code, kExitWrongUse);
  EXPECT_EQ(run({"event", "list", "--limit", "5000"}).code, kExitWrongUse);
}

TEST_F(Asking, WatchShowsAListAgainOnlyWhenItDiffers) {
  server.on("GET " + kBase + "/instances?limit=100", 200, R"({"items":[]})");
  sleeps = 3;
  EXPECT_EQ(run({"instance", "list", "--watch", "-o", "table"}).out, "nothing there\n");
  EXPECT_EQ(server.asked().size(), 4u);
}

TEST_F(Asking, SendBuildsAnEventFromFlags) {
  server.on("POST " + kBase + "/events", 202, R"({"position":"07-1"})");
  EXPECT_EQ(run({"event", "send", "--type", "t", "--source", "/s", "--id", "i", "--data",
                 "{\"a\":1.0}", "-o", "jsonl"})
                .out,
            "{\"position\":\"07-1\"}\n");
  EXPECT_THAT(
      server.asked(),
      ElementsAre(
          "POST " + kBase +
          R"(/events {"specversion":"1.0","id":"i","source":"/s","type":"t",)"
          R"("time":"2026-11-21T09:15:05Z","datacontenttype":"application/json","data":{"a":1.0}})"));
  EXPECT_EQ(run({"event", "send", "--type", "t"}).code, kExitWrongUse);
  EXPECT_EQ(run({"event", "send", "--type", "t", "--source", "s", "--data", "{"}).code,
            kExitWrongUse);
}

TEST_F(Asking, SendReadsArraysAndLinesAndTellsEachOutcome) {
  server.on("POST " + kBase + "/events", 202,
            R"([{"position":"07-1"},{"error":{"code":"EventInvalid","detail":"id is missing"}}])");
  const std::string file =
      folder.write("e.jsonl", "{\"id\":\"a\",\"type\":\"t\"}\n{\"type\":\"t\"}\n");
  const Ran ran = run({"event", "send", "-f", file, "-o", "table"});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_EQ(ran.out, "✓ 07-1  t a\n✗ t \n    id is missing\n");
  EXPECT_THAT(server.asked(),
              ElementsAre("POST " + kBase + R"(/events [{"id":"a","type":"t"},{"type":"t"}])"));
}

TEST_F(Asking, ApplySaysWhatBecameOfEach) {
  server.on(
      "POST " + kBase + "/apply?dry_run=true&prune=true", 200,
      R"({"version":3,"results":[{"kind":"Rule","name":"a","outcome":"created"},{"kind":"Sink","name":"b","outcome":"deleted"}]})");
  const Ran ran =
      run({"apply", "-f", folder.write("a.yaml", "x: 1"), "--dry-run", "--prune", "-o", "table"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out,
            "created    Rule      a\ndeleted    Sink      b\n1 created, 1 deleted  (dry run: "
            "nothing was done)\n");
}

TEST_F(Asking, ApplyPlacesFaultsInTheirFiles) {
  server.on(
      "POST " + kBase + "/apply", 422,
      R"({"code":"ResourceInvalid","detail":"2 faults","faults":[{"line":2,"column":3,"pointer":"/spec","message":"one"},)"
      R"({"line":6,"column":1,"pointer":"","message":"two"}]})");
  const std::string first = folder.write("a.yaml", "a: 1\nb: 2\nc: 3"),
                    second = folder.write("b.yaml", "d: 4\ne: 5\n");
  const Ran ran = run({"apply", "-f", first, "-f", second});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_EQ(ran.err, first + ":2:3: /spec: one\n" + second +
                         ":2:1: two\nhence: nothing was applied: 2 faults to mend first\n");
}

TEST_F(Asking, ApplyPlacesWhatDoesNotParseInItsFile) {
  server.on("POST " + kBase + "/apply", 400,
            R"({"code":"YamlInvalid","detail":"line 6, column 4: it is not UTF-8",)"
            R"("faults":[{"pointer":"","message":"line 6, column 4: it is not UTF-8"}]})");
  const std::string first = folder.write("a.yaml", "a: 1\nb: 2\nc: 3"),
                    second = folder.write("b.yaml", "d: 4\ne: 5\n");
  const Ran ran = run({"apply", "-f", first, "-f", second});
  EXPECT_EQ(ran.err, second + ":2:4: it is not UTF-8\nhence: nothing was applied: 1 fault to mend first\n");
}

TEST_F(Asking, PruneAsksAPersonFirst) {
  server.on("POST " + kBase + "/apply?dry_run=true&prune=true", 200,
            R"({"results":[{"kind":"Sink","name":"b","outcome":"deleted"}]})");
  person = true;
  const std::string file = folder.write("a.yaml", "x: 1");
  EXPECT_EQ(run({"apply", "-f", file, "--prune"}).code, kExitNo);
  EXPECT_EQ(question, "--prune deletes\n  Sink b\ngo on?");
  EXPECT_EQ(server.asked().size(), 1u);
}

TEST_F(Asking, DeleteAsksAPersonFirst) {
  server.on("DELETE " + kBase + "/workflows/devops/scan%3A1.0.0", 200, "{}");
  person = true;
  EXPECT_EQ(run({"delete", "workflow", "devops/scan:1.0.0"}).code, kExitNo);
  EXPECT_THAT(server.asked(), IsEmpty());
  EXPECT_EQ(run({"delete", "workflow", "devops/scan:1.0.0", "--yes", "-o", "table"}).out,
            "deleted Workflow devops/scan:1.0.0\n");
  EXPECT_THAT(run({"get", "snk"}).err, HasSubstr("did you mean \"sink\"?"));
}

TEST_F(Asking, GetPrintsADocumentThatCanBeAppliedAgain) {
  server.on(
      "GET " + kBase + "/sinks/chat", 200,
      R"({"kind":"Sink","name":"chat","revision":1,"document":{"kind":"Sink","spec":{"a":1}}})");
  EXPECT_EQ(run({"get", "sink", "chat", "-o", "jsonl"}).out,
            "{\"kind\":\"Sink\",\"spec\":{\"a\":1}}\n");
}

TEST_F(Asking, SchedulesShowWhatTheyWaitForAndWhatCame) {
  const std::string one = R"({"kind":"Schedule","name":"nightly","schedule":{"name":"nightly","mode":"active",)"
      R"("timing":"cron 0 2 * * * in Europe/Berlin","next":"2026-11-22T01:00:00Z",)"
      R"("triggers":[{"trigger":"cron","timing":"cron 0 2 * * * in Europe/Berlin","next":"2026-11-22T01:00:00Z","timeZones":"2025b"}],)"
      R"("last":{"trigger":"cron","due":"2026-11-21T01:00:00Z","fired":"2026-11-21T01:00:00Z","instance":"7-9"},)"
      R"("fired":3,"missed":1,"skipped":0,"running":["7-9"],"queued":0}})";
  server.on("GET " + kBase + "/schedules", 200, "{\"items\":[" + one + "]}");
  const Ran list = run({"schedule", "list", "-o", "table"});
  EXPECT_EQ(list.code, kExitOk);
  EXPECT_THAT(list.out, HasSubstr("cron 0 2 * * * in Europe/Berlin"));
  server.on("GET " + kBase + "/schedules/nightly", 200, one);
  const Ran shown = run({"schedule", "get", "nightly", "-o", "table"});
  EXPECT_THAT(shown.out, HasSubstr("time zones of 2025b"));
  EXPECT_THAT(shown.out, HasSubstr("3 fired, 1 missed, 0 skipped"));
  EXPECT_THAT(shown.out, HasSubstr("instance 7-9"));
}

TEST_F(Asking, ExplainFindsEventsByWhatUsersCallThem) {
  server.on("GET " + kBase + "/events?source=%2Fs&id=e1", 200,
            R"({"items":[{"position":"07-42","event":{}}]})");
  server.on("GET " + kBase + "/events?id=e1", 200,
            R"({"items":[{"position":"07-42","event":{}}]})");
  server.on("GET " + kBase + "/events/07-42/explain", 200, R"({"position":"07-42","rules":[]})");
  for (const auto& words : {std::vector<std::string>{"explain", "07-42"},
                            {"explain", "/s", "e1"},
                            {"explain", "/s e1"},
                            {"explain", "e1"}}) {
    EXPECT_EQ(run(words).code, kExitOk);
  }
  EXPECT_EQ(run({"explain", "e2"}).code, kExitNo);
}

TEST_F(Asking, ExplainOfOneRuleAnswersByExitCode) {
  server.on("GET " + kBase + "/events/07-42/explain?rule=a", 200,
            R"({"rules":[{"rule":"a","verdict":"matched"}]})");
  server.on("GET " + kBase + "/events/07-42/explain?rule=b", 200,
            R"({"rules":[{"rule":"b","verdict":"not matched"}]})");
  EXPECT_EQ(run({"explain", "07-42", "--rule", "a"}).code, kExitOk);
  EXPECT_EQ(run({"explain", "07-42", "--rule", "b"}).code, kExitNo);
}

TEST_F(Asking, RunWaitsForTheEndAndAnswersByExitCode) {
  server.on("POST " + kBase + "/instances", 201,
            R"({"id":"07-1","workflow":"d/w","status":"waiting"})");
  server.on(
      "GET " + kBase + "/instances/07-1", 200,
      R"({"id":"07-1","workflow":"d/w","status":"completed","output":{"a":1},"started":"x"})");
  sleeps = 5;
  const Ran ran = run(
      {"workflow", "run", "d/w", "--id", "mine", "--reason", "asked", "--input", "{\"x\":1}", "--wait", "-o", "jsonl"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out,
            R"({"id":"07-1","workflow":"d/w","status":"completed","output":{"a":1},"error":null})"
            "\n");
  EXPECT_EQ(
      server.asked().front(),
      "POST " + kBase + R"(/instances {"workflow":"d/w","input":{"x":1},"id":"mine","reason":"asked","wait":30})");
  server.on("GET " + kBase + "/instances/07-1", 200,
            R"({"id":"07-1","workflow":"d/w","status":"faulted","error":{"title":"t"}})");
  EXPECT_EQ(run({"workflow", "run", "d/w", "--wait"}).code, kExitNo);
  EXPECT_EQ(run({"workflow", "run", "d/w", "--input", "{"}).code, kExitWrongUse);
}

TEST_F(Asking, CancelAndRedriveCarryTheReason) {
  server.on("POST " + kBase + "/instances/07-1/cancel", 200, R"({"id":"07-1"})");
  server.on("POST " + kBase + "/deliveries/07-1.0/redrive", 200, R"({"id":"07-1.0"})");
  EXPECT_EQ(run({"instance", "cancel", "07-1", "--reason", "no need"}).code, kExitOk);
  EXPECT_EQ(run({"delivery", "redrive", "07-1.0"}).code, kExitWrongUse);
  EXPECT_EQ(run({"delivery", "redrive", "07-1.0", "--reason", "it is up"}).code, kExitOk);
  EXPECT_THAT(server.asked(),
              ElementsAre("POST " + kBase + R"(/instances/07-1/cancel {"reason":"no need"})",
                          "POST " + kBase + R"(/deliveries/07-1.0/redrive {"reason":"it is up"})"));
}

TEST_F(Asking, WorkflowsShowWhatRunsOnEachVersionAndAreRetired) {
  server.on("GET " + kBase + "/workflows", 200,
            R"({"items":[{"name":"d/w:1.0.0","running":3,"revision":1},{"name":"d/w:2.0.0","running":0,"latest":true,"revision":2}],
                "deleted":[{"name":"d/old:1.0.0","running":1}]})");
  const Ran listed = run({"workflow", "list", "-o", "table"});
  EXPECT_THAT(listed.out, HasSubstr("d/w:1.0.0  3"));
  EXPECT_THAT(listed.out, HasSubstr("latest"));
  EXPECT_THAT(listed.out, HasSubstr("d/old:1.0.0 is deleted; 1 still on it"));
  server.on("DELETE " + kBase + "/workflows/d/w%3A1.0.0?unused=true", 409, R"({"detail":"3 instances run on it","code":"Conflict"})");
  EXPECT_EQ(run({"workflow", "retire", "d/w"}).code, kExitWrongUse);
  const Ran refused = run({"workflow", "retire", "d/w", "--version", "1.0.0"});
  EXPECT_NE(refused.code, kExitOk);
  EXPECT_THAT(refused.err, HasSubstr("3 instances run on it"));
}

TEST_F(Asking, ActsOnInstancesNeedAReasonAndCarryWhatTheySay) {
  for (const char* verb : {"suspend", "retry", "skip", "context", "event"}) {
    server.on("POST " + kBase + "/instances/07-1/" + verb, 200, R"({"id":"07-1"})");
  }
  const Ran silent = run({"instance", "suspend", "07-1"});
  EXPECT_EQ(silent.code, kExitWrongUse);
  EXPECT_THAT(silent.err, HasSubstr("say why: --reason"));
  EXPECT_EQ(run({"instance", "send-event", "07-1", "--type", "t", "--source", "/s"}).code, kExitWrongUse);
  EXPECT_EQ(run({"instance", "suspend", "07-1", "--reason", "r"}).code, kExitOk);
  EXPECT_EQ(run({"instance", "retry", "07-1", "--reason", "r", "--input", "{\"a\":1}"}).code, kExitOk);
  EXPECT_EQ(run({"instance", "skip", "07-1", "--reason", "r", "--task", "pay", "--result", "[1]"}).code, kExitOk);
  EXPECT_EQ(run({"instance", "set-context", "07-1", "--reason", "r", "--value", "{"}).code, kExitWrongUse);
  EXPECT_EQ(run({"instance", "set-context", "07-1", "--reason", "r", "--value", "{}"}).code, kExitOk);
  EXPECT_EQ(run({"instance", "skip", "07-1", "--reason", "r"}).code, kExitWrongUse);
  EXPECT_EQ(run({"instance", "skip-compensation", "07-1"}).code, kExitWrongUse);
  EXPECT_THAT(run({"approval", "grant", "07-1.0"}).err, HasSubstr("say why: --reason"));
  EXPECT_EQ(run({"approval", "deny", "07-1.0", "--by", "ann"}).code, kExitWrongUse);
  EXPECT_THAT(server.asked(), ElementsAre("POST " + kBase + R"(/instances/07-1/suspend {"reason":"r"})",
                                          "POST " + kBase + R"(/instances/07-1/retry {"reason":"r","input":{"a":1}})",
                                          "POST " + kBase + R"(/instances/07-1/skip {"reason":"r","task":"pay","output":[1]})",
                                          "POST " + kBase + R"(/instances/07-1/context {"reason":"r","context":{}})"));
  const Ran sent = run({"instance", "send-event", "07-1", "--type", "t", "--source", "/s", "--id", "1", "--reason", "r"});
  EXPECT_EQ(sent.code, kExitOk) << sent.err;
  EXPECT_THAT(server.asked().back(), HasSubstr(R"(/instances/07-1/event {"reason":"r","event":{"specversion":"1.0","id":"1","source":"/s","type":"t")"));
}

TEST_F(Asking, CancelAndRedriveTakeAllThatAQueryFinds) {
  server.on("POST " + kBase + "/instances/by-query/cancel?limit=100&workflow=t%2Fnap&dry_run=true", 200,
            R"({"dryRun":true,"items":[{"id":"07-1"}],"failed":0,"next":"x"})");
  const Ran tried = run({"instance", "cancel", "--workflow", "t/nap", "--dry-run", "-o", "table"});
  EXPECT_EQ(tried.code, kExitOk) << tried.err;
  EXPECT_EQ(tried.out, "07-1\nwould be cancelled: 1; there are more: go on with --cursor x\n");
  server.on("POST " + kBase + "/deliveries/by-query/redrive?limit=2&sink=chat", 200,
            R"({"dryRun":false,"items":[{"id":"07-1.0","error":"it is gone"}],"failed":1})");
  const Ran ran = run({"delivery", "redrive", "--sink", "chat", "--limit", "2", "--reason", "fixed", "-o", "table"});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_EQ(ran.out, "07-1.0  it is gone\ntried again: 0; not: 1\n");
  server.on("POST " + kBase + "/instances/by-query/skip?limit=100&cursor=x&workflow=t%2Fnap", 200,
            R"({"dryRun":false,"items":[{"id":"07-1"}],"failed":0})");
  const Ran skipped = run({"instance", "skip", "--workflow", "t/nap", "--task", "nap", "--result", "1", "--reason", "r",
                           "--cursor", "x", "-o", "table"});
  EXPECT_EQ(skipped.code, kExitOk) << skipped.err;
  EXPECT_EQ(skipped.out, "07-1\nskipped: 1\n");
  EXPECT_THAT(server.asked().back(), HasSubstr(R"({"reason":"r","task":"nap","output":1})"));
  server.on("POST " + kBase + "/instances/by-query/event?limit=100&workflow=t%2Fnap", 200,
            R"({"dryRun":false,"items":[{"id":"07-1"}],"failed":0})");
  const Ran sent = run({"instance", "send-event", "--workflow", "t/nap", "--type", "t", "--source", "/s", "--id", "1",
                        "--reason", "r", "-o", "table"});
  EXPECT_EQ(sent.code, kExitOk) << sent.err;
  EXPECT_EQ(sent.out, "07-1\ngiven the event: 1\n");
  EXPECT_THAT(server.asked().back(), HasSubstr(R"({"reason":"r","event":{"specversion":"1.0","id":"1","source":"/s","type":"t")"));
  EXPECT_EQ(run({"instance", "send-event", "--workflow", "t/nap", "--reason", "r"}).code, kExitWrongUse) << "no event";
  EXPECT_EQ(run({"instance", "cancel"}).code, kExitWrongUse);
  EXPECT_EQ(run({"instance", "cancel", "07-1", "--workflow", "t/nap"}).code, kExitWrongUse);
  const size_t asked = server.asked().size();
  const Ran dry = run({"instance", "cancel", "07-1", "--dry-run", "--reason", "r"});
  EXPECT_EQ(dry.code, kExitWrongUse);
  EXPECT_THAT(dry.err, HasSubstr("are of a query; leave them or the ID out"));
  EXPECT_EQ(run({"instance", "cancel", "07-1", "--limit", "5", "--reason", "r"}).code, kExitWrongUse);
  EXPECT_EQ(server.asked().size(), asked) << "nothing is done";
}

TEST_F(Asking, CheckpointsAreMadeAndListedByTheServer) {
  server.on("POST " + kBase + "/checkpoints", 201, R"({"name":"a","position":4096,"chain":"00ff"})");
  const Ran made = run({"checkpoint", "create", "a", "-o", "table"});
  EXPECT_EQ(made.code, kExitOk) << made.err;
  EXPECT_EQ(made.out, "checkpoint a: log up to 4096, chain 00ff\n");
  EXPECT_THAT(server.asked(), ElementsAre("POST " + kBase + R"(/checkpoints {"name":"a"})"));
  server.on("GET " + kBase + "/checkpoints", 200, R"({"items":[{"name":"a","position":4096,"bytes":7}]})");
  EXPECT_THAT(run({"checkpoint", "list", "-o", "table"}).out, HasSubstr("4096"));
}

TEST_F(Asking, TailPrintsEventsUntilItsLimit) {
  server.on(
      "GET " + kBase + "/events/stream?type=t", 200,
      ": hello\n\nid: 07-1 9\nevent: event\ndata: "
      "{\"position\":\"07-1\",\"event\":{\"type\":\"t\"}}\n\n"
      "id: 07-2 10\nevent: event\ndata: {\"position\":\"07-2\",\"event\":{\"type\":\"t\"}}\n\n");
  const Ran ran = run({"event", "tail", "--type", "t", "--limit", "1"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out, "{\"position\":\"07-1\",\"type\":\"t\"}\n");
}

TEST(SseReader, TakesPiecesCutAnywhere) {
  const std::string text = "id: 1\r\nevent: a\r\ndata: x\r\ndata: y\r\n\r\n:c\n\ndata:z\n\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> seen;
    SseReader reader([&](const SseEvent& event) {
      seen.push_back(event.id + "|" + event.name + "|" + event.data);
      return true;
    });
    reader.take(std::string_view(text).substr(0, cut));
    reader.take(std::string_view(text).substr(cut));
    EXPECT_THAT(seen, ElementsAre("1|a|x\ny", "||z")) << cut;
  }
}

}  // namespace
}  // namespace hence::cli
