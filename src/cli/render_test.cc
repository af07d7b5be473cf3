// SPDX-License-Identifier: Apache-2.0
// What people show each other, as it looks in 80 columns without colour.

#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr UtcTime kNow{1'795'252'505'000'000};  // 2026-11-21T09:15:05Z
const Style kPlain{false, 80, kNow};

json::Value parse(std::string_view text) { return json::parse(text).value(); }

constexpr std::string_view kExplanation = R"({
  "position":"07-42","accepted":"2026-11-21T09:15:02Z","disabledRules":1,
  "event":{"type":"com.acme.deployment.succeeded","source":"/deploy","subject":"shop"},
  "rules":[
    {"rule":"scan-after-deploy","verdict":"matched","actions":[
      {"kind":"start","target":"devops/scan:1.0.0","instance":"07-43","status":"waiting","waits":"until 2026-11-21T10:00:00Z"},
      {"kind":"emit","target":"com.acme.scan.requested","event":"07-44"},
      {"kind":"deliver","target":"chat","delivery":"07-42.0","status":"parked","attempts":9,"lastError":"it answered 503"},
      {"kind":"deliver","target":"mail","error":"body: string and number cannot be added"}]},
    {"rule":"broken","verdict":"error","error":"when: null and number cannot be divided"},
    {"rule":"staging-only","verdict":"not matched",
     "text":"✗ rule 2 does not match\n  ✓ type is \"a\"\n  ✗ data.environment is \"staging\"   <- decides\n",
     "why":{"conditions":[{"kind":"condition","verdict":"holds","path":"type","expected":"is \"a\""},
       {"kind":"any","verdict":"fails","parts":[{"kind":"condition","verdict":"fails","decides":true,"path":"data.environment",
        "expected":"is \"staging\"","actual":"\"Staging\"","hint":"only the case differs"}]}]}}]})";

TEST(RenderExplain, AnswersFirstThenEachRule) {
  EXPECT_EQ(render_explain(parse(kExplanation), kPlain),
            "com.acme.deployment.succeeded from /deploy  (07-42, 3 s ago, 09:15:02Z)\n"
            "subject shop\n"
            "1 rule matched, 1 failed, 1 did not (1 disabled)\n"
            "\n"
            "✓ scan-after-deploy  matched\n"
            "    started  devops/scan:1.0.0        07-43  waiting\n"
            "      waits until 10:00:00Z (in 44 min)\n"
            "    emitted  com.acme.scan.requested  07-44\n"
            "    deliver  chat                     07-42.0  parked\n"
            "      9 attempts, last: it answered 503\n"
            "    failed   mail\n"
            "      deliver: body: string and number cannot be added\n"
            "! broken  failed\n"
            "    when: null and number cannot be divided\n"
            "✗ staging-only  did not match\n"
            "    data.environment  is \"staging\"\n"
            "      found:  \"Staging\"\n"
            "      hint:   only the case differs\n");
}

TEST(RenderExplain, ShowsEveryConditionWhenAsked) {
  EXPECT_THAT(render_explain(parse(kExplanation), kPlain, true),
              testing::HasSubstr("✗ staging-only  did not match\n"
                                 "    ✓ type is \"a\"\n"
                                 "    ✗ data.environment is \"staging\"   <- decides\n"));
}

TEST(RenderExplain, SaysWhyAnEventMetNoRules) {
  EXPECT_EQ(
      render_explain(
          parse(
              R"({"position":"07-1","accepted":"2026-11-20T09:15:02Z","event":{"type":"t","source":"/s"},"stopped":"expired","rules":[]})"),
          kPlain),
      "t from /s  (07-1, 24 h ago, 2026-11-20 09:15:02Z)\n"
      "it met no rules: expired\n");
}

TEST(RenderExplain, ShowsWhatDoesNotFitTheEventType) {
  const std::string text = render_explain(
      parse(R"({"position":"07-1","accepted":"2026-11-21T09:15:02Z","event":{"type":"t","source":"/s"},"eventType":"paid",
          "faults":[{"message":"/total: expected number, but it is \"x\""},{"message":"b"},{"message":"c"},{"message":"d"},{"message":"e"}],
          "rules":[]})"),
      kPlain);
  EXPECT_EQ(text,
            "t from /s  (07-1, 3 s ago, 09:15:02Z)\n"
            "does not fit EventType paid: /total: expected number, but it is \"x\"\n"
            "does not fit EventType paid: b\n"
            "does not fit EventType paid: c\n"
            "  and 2 more; -o json has all that are on record\n"
            "no rule looked at it\n");
}

TEST(RenderExplain, SaysOfEachListenerWhetherTheEventIsKeptForIt) {
  EXPECT_THAT(render_explain(parse(R"({"position":"07-1","accepted":"2026-11-20T09:15:02Z","event":{"type":"t","source":"/s"},"rules":[],
      "listeners":[{"workflow":"a/one:1.0.0","filter":"/do/0/x/listen/to/one","value":"1","kept":["kept until 2026-11-22T00:00:00Z"]},
        {"workflow":"a/two:1.0.0","filter":"/do/0/x/listen/to/one","value":"1"}],"woke":[]})"), kPlain),
              testing::HasSubstr("it is what a/one:1.0.0 listens for at /do/0/x/listen/to/one, value 1\n"
                                 "    kept until 2026-11-22T00:00:00Z\n"
                                 "it is what a/two:1.0.0 listens for at /do/0/x/listen/to/one, value 1\n"));
}

constexpr std::string_view kTrace = R"({
  "id":"07-43","workflow":"devops/scan","version":"1.0.0","status":"faulted",
  "started":"2026-11-21T09:15:02Z","ended":"2026-11-21T09:15:03.2Z","rule":"scan-after-deploy","event":"07-42",
  "input":{"service":"shop"},"error":{"title":"scan failed","detail":"2 credentials found"},
  "tasks":[
    {"task":"clone","kind":"run shell","status":"completed","depth":1,"started":"2026-11-21T09:15:02Z","ended":"2026-11-21T09:15:02.12Z","attempts":1,
     "input":{"service":"shop"},"output":{"files":12}},
    {"task":"checks","kind":"try","status":"faulted","depth":1,"started":"2026-11-21T09:15:02.12Z","ended":"2026-11-21T09:15:03.2Z","input":{"files":12},
     "error":{"title":"scan failed","detail":"2 credentials found"}},
    {"task":"scan","kind":"run shell","status":"faulted","depth":2,"started":"2026-11-21T09:15:02.12Z","ended":"2026-11-21T09:15:03.2Z","attempts":3,"input":{"files":12},
     "error":{"title":"scan failed","detail":"2 credentials found"}},
    {"task":"report","kind":"call http","status":"skipped","depth":1}]})";

TEST(RenderTrace, IsATreeOfTasks) {
  EXPECT_EQ(render_trace(parse(kTrace), kPlain),
            "devops/scan:1.0.0  faulted  (07-43, 3 s ago, 09:15:02Z, took 1.2 s)\n"
            "error scan failed: 2 credentials found\n"
            "by rule scan-after-deploy, for event 07-42\n"
            "\n"
            "in   {\"service\":\"shop\"}\n"
            "✓ clone           run shell   120 ms\n"
            "    out  {\"files\":12}\n"
            "✗ checks          try         1 s\n"
            "    error scan failed: 2 credentials found\n"
            "  ✗ scan          run shell   1 s, 3 attempts\n"
            "      error scan failed: 2 credentials found\n"
            "· report          call http   skipped\n");
}

TEST(RenderTrace, ShowsWhatWasDoneByHand) {
  EXPECT_EQ(render_trace(parse(R"({"id":"07-43","workflow":"a/b","version":"1.0.0","status":"waiting",
      "started":"2026-11-21T09:15:02Z","tasks":[{"task":"ask","kind":"call http","status":"skipped","input":{"n":1},"output":2,"depth":0}],
      "operations":[{"time":"2026-11-21T09:15:04Z","what":"task ask skipped","by":"ann","reason":"asked by phone"}],
      "ignored":[{"time":"2026-11-21T09:15:04Z","what":"a decision: bob may not decide it"}]})"), kPlain),
            "a/b:1.0.0  waiting  (07-43, 3 s ago, 09:15:02Z)\n"
            "\n"
            "· ask             call http   skipped\n"
            "    in   {\"n\":1}\n"
            "    out  2\n"
            "by hand 1 s ago, 09:15:04Z: task ask skipped, by ann (asked by phone)\n"
            "changed nothing 1 s ago, 09:15:04Z: a decision: bob may not decide it\n");
}

TEST(RenderWhy, SaysWhatIsUnderWayAndWhichLimitOthersWaitFor) {
  EXPECT_EQ(render_why(parse(R"({"id":"07-43","workflow":"a/b","version":"1.0.0","status":"waiting","started":"2026-11-21T09:15:02Z","waits":[
      {"kind":"call","task":"f","reference":"/do/0/f","call":"command","request":"make","state":"ready","since":"2026-11-21T09:15:02Z",
        "underWay":"2026-11-21T09:15:03Z"},
      {"kind":"call","task":"g","reference":"/do/1/g","call":"command","request":"make","state":"ready","since":"2026-11-21T09:15:02Z",
        "limit":{"name":"limits.processes","max":2,"heldBy":["07-1","08-4"]}}]})"), kPlain),
            "a/b:1.0.0  waiting  (07-43, 3 s ago, 09:15:02Z)\n"
            "\n"
            "call   f /do/0/f: make, under way since 2 s ago, 09:15:03Z\n"
            "call   g /do/1/g: make, waits for limits.processes (2), held by 07-1, 08-4\n");
}

TEST(RenderTrace, TellsHalfOfALimitFromMoreThanAll) {
  const auto limits = [](const std::string& used) {
    return render_trace(parse(R"({"id":"07-43","workflow":"a/b","version":"1.0.0","status":"faulted","started":"2026-11-21T09:15:02Z",
      "tasks":[],"limits":[{"limit":"limits.workflowBranches","used":)" + used + R"(,"max":10,"time":"2026-11-21T09:15:04Z"}]})"), kPlain);
  };
  EXPECT_THAT(limits("7"), testing::HasSubstr("half of limits.workflowBranches was used 1 s ago, 09:15:04Z: 7 of 10\n"));
  EXPECT_THAT(limits("12"), testing::HasSubstr("\nlimits.workflowBranches was not enough 1 s ago, 09:15:04Z: 12 of 10\n"));
}

TEST(RenderWhy, SaysWhatItWaitsForAndWhatWouldWakeIt) {
  EXPECT_EQ(render_why(parse(R"({"id":"07-43","workflow":"shop/order","version":"1.0.0","status":"suspended",
      "started":"2026-11-21T09:12:05Z","suspended":{"since":"2026-11-21T09:13:05Z","by":"ann","reason":"the stock is counted"},
      "waits":[{"kind":"event","task":"paid","reference":"/do/0/paid","begun":"2026-11-21T09:12:05Z","filter":"/do/0/paid/listen/to/one",
        "with":{"type":"order.paid"},"correlation":[{"key":"order","from":".data.order","value":7},{"key":"room","from":".roomid"}],
        "sample":{"type":"order.paid"}},
       {"kind":"call","task":"ask","reference":"/do/1/ask","call":"http","request":"GET http://a/","state":"ready","since":"2026-11-21T09:15:02Z",
        "attempt":2,"error":{"title":"Communication Error","detail":"503"}},
       {"kind":"timer","task":"paid","reference":"/do/0/paid","for":"task timeout","due":"2026-11-21T10:15:05Z"},
       {"kind":"timer","for":"workflow timeout","due":"2026-11-21T10:15:05Z"}],
      "held":[{"kind":"timer","task":"nap","reference":"/do/2/nap","for":"wait"}]})"), kPlain),
            "shop/order:1.0.0  suspended  (07-43, 3 min ago, 09:12:05Z)\n"
            "suspended by ann 2 min ago, 09:13:05Z: the stock is counted\n"
            "\n"
            "event  paid /do/0/paid, since 3 min ago, 09:12:05Z\n"
            "  order = 7   (.data.order)\n"
            "  room: the first event gives its value   (.roomid)\n"
            "  with {\"type\":\"order.paid\"}\n"
            "  it would take\n"
            "    {\n"
            "      \"type\": \"order.paid\"\n"
            "    }\n"
            "call   ask /do/1/ask: GET http://a/, ready since 3 s ago, 09:15:02Z, attempt 2\n"
            "  error Communication Error: 503\n"
            "timer  paid /do/0/paid: task timeout in 1 h, 10:15:05Z\n"
            "timer  the instance: workflow timeout in 1 h, 10:15:05Z\n"
            "\n"
            "came meanwhile, takes effect at the resume\n"
            "timer  nap /do/2/nap: wait\n"
            "\n"
            "hence instance resume 07-43 --reason … lets it go on\n");
}

TEST(RenderTrace, FitsEightyColumns) {
  const std::string text(500, 'x');
  const std::string trace =
      render_trace(parse("{\"workflow\":\"" + text + "\",\"input\":\"" + text +
                         "\",\"tasks\":[{\"task\":\"" + text + "\",\"output\":\"" + text + "\"}]}"),
                   kPlain);
  size_t start = trace.find("\n\n") + 2;
  for (size_t end; (end = trace.find('\n', start)) != std::string::npos; start = end + 1) {
    EXPECT_LE(width_of(trace.substr(start, end - start)), 80u);
  }
}

TEST(Text, TimesAreRelativeWithTheAbsoluteBeside) {
  EXPECT_EQ(when(kNow, kNow), "just now, 09:15:05Z");
  EXPECT_EQ(when(kNow - Duration::minutes(5), kNow), "5 min ago, 09:10:05Z");
  EXPECT_EQ(when(kNow + Duration::hours(1), kNow), "in 1 h, 10:15:05Z");
  EXPECT_EQ(when(kNow - Duration::days(3), kNow), "3 d ago, 2026-11-18 09:15:05Z");
}

TEST(Text, WidthsCountCharacters) {
  EXPECT_EQ(width_of("✓ä"), 2u);
  EXPECT_EQ(shorten("ääää", 3), "ää…");
  EXPECT_EQ(shorten("a\nb\x1b", 5), "a b ");
  EXPECT_EQ(wrap("one two three", 2, 12), "  one two\n  three\n");
}

TEST(Text, TablesShortenTheirWidestColumns) {
  const Table table{{"A", "B"}, {{std::string(60, 'a'), std::string(60, 'b')}, {"x", ""}}};
  const std::string text = table.draw(kPlain);
  EXPECT_EQ(text.substr(0, text.find('\n')), "A" + std::string(40, ' ') + "B");
  EXPECT_EQ(text.find("…"), text.find('\n') + 1 + 38);
  EXPECT_TRUE(text.ends_with("x\n"));
}

TEST(Text, ColourIsOnlyOnRequest) {
  EXPECT_EQ(kPlain.paint(Tone::bad, "x"), "x");
  EXPECT_EQ((Style{true, 80, kNow}).paint(Tone::bad, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace hence::cli
