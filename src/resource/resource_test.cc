// SPDX-License-Identifier: Apache-2.0
#include "resource/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kGood = R"yaml(apiVersion: hence/v1
kind: Rule
metadata: {name: scan-after-deploy, labels: {team: platform}}
spec:
  mode: active
  on:
    type: com.acme.deployment.*
    pattern: {data: {environment: [production, {prefix: stag}]}}
    when: ${ .data.risk >= 3 }
  do:
    - start: {workflow: devops/security-scan, input: "${ .data }", key: "${ .data.service }"}
    - start: {workflow: devops/scan:1.2.0, id: "${ .id }", onConflict: reject}
    - emit: {type: com.acme.scan.requested, subject: "${ .subject }", data: "${ {s: .data.service} }", level: 3}
    - deliver: {sink: chat-ops, body: "${ {text: .id} }"}
    - deliver: {sink: chat-ops, mode: binary}
  delivery: {retry: {delay: 2s, limit: {attempt: {count: 3}, duration: PT1H}, backoff: {linear: {}}}, ordering: key, onExhausted: park}
---
apiVersion: hence/v1
kind: Secret
metadata: {name: token, namespace: other}
spec: {env: GITHUB_SECRET}
---
apiVersion: hence/v1
kind: Source
metadata: {name: hub}
spec: {webhook: {provider: github, secret: token}}
---
apiVersion: hence/v1
kind: Sink
metadata: {name: chat-ops}
spec:
  http: {url: "https://chat/x", method: PUT, headers: {X-A: b}, auth: {basic: {username: me, secret: token}},
         timeout: {seconds: 3}, concurrency: 5, rate: 30/m, sign: {secret: token}}
---
document: {dsl: 1.0.3, namespace: devops, name: security-scan, version: 1.0.0}
do: [{a: {set: {x: 1}}}]
)yaml";

TEST(Resources, ReadsAllKindsOfAFile) {
  const Parsed parsed = parse_resources(kGood, "default");
  for (const auto& fault : parsed.faults) ADD_FAILURE() << fault.to_string();
  ASSERT_EQ(parsed.resources.size(), 5u);
  std::vector<std::string> titles;
  for (const Resource& one : parsed.resources) titles.push_back(one.title());
  EXPECT_THAT(titles, ElementsAre("Rule default/scan-after-deploy", "Secret other/token",
                                  "Source default/hub",
                                  "Sink default/chat-ops",
                                      "Workflow default/devops/security-scan:1.0.0"));
  const auto& rule = std::get<RuleSpec>(parsed.resources[0].spec);
  ASSERT_EQ(rule.actions.size(), 5u);
  EXPECT_EQ(rule.on->find("type")->as_string(), "com.acme.deployment.*");
  const auto& second = std::get<StartAction>(rule.actions[1]);
  EXPECT_EQ(second.workflow.to_string(), "devops/scan:1.2.0");
  EXPECT_EQ(second.on_conflict, OnConflict::reject);
  EXPECT_FALSE(second.input.present());
  EXPECT_EQ(std::get<DeliverAction>(rule.actions[4]).mode, DeliverMode::binary);
  EXPECT_EQ(rule.delivery.retry.count, 3u);
  EXPECT_EQ(rule.delivery.retry.times.delay, Duration::seconds(2));
  EXPECT_EQ(rule.delivery.retry.times.backoff, workflow::Backoff::linear);
  EXPECT_EQ(rule.delivery.retry.total, Duration::hours(1));
  EXPECT_EQ(rule.delivery.ordering, Ordering::key);
  EXPECT_EQ(parsed.resources[0].labels.at("team"), "platform");
  EXPECT_EQ(parsed.resources[0].document->find_path({"metadata", "namespace"})->as_string(),
            "default");
  EXPECT_EQ(std::get<SecretSpec>(parsed.resources[1].spec).reference, "GITHUB_SECRET");
  EXPECT_EQ(std::get<SourceSpec>(parsed.resources[2].spec).provider, WebhookProvider::github);
  const auto& sink = std::get<SinkSpec>(parsed.resources[3].spec);
  EXPECT_EQ(sink.method, "PUT");
  EXPECT_EQ(sink.auth.username, "me");
  EXPECT_EQ(sink.timeout, Duration::seconds(3));
  EXPECT_EQ(sink.concurrency, 5u);
  EXPECT_DOUBLE_EQ(sink.rate_per_second, 0.5);
  EXPECT_EQ(sink.sign_secret, "token");
  ASSERT_TRUE(std::get<WorkflowSpec>(parsed.resources[4].spec).definition);
}

TEST(Resources, TemplatesSeeTheEvent) {
  const Parsed parsed = parse_resources(kGood);
  ASSERT_FALSE(parsed.resources.empty());
  const auto& rule = std::get<RuleSpec>(parsed.resources[0].spec);
  const auto event = json::parse(R"({"id":"e1","subject":"s","data":{"service":"shop","risk":4}})");
  ASSERT_TRUE(event.ok());
  const auto evaluate = [&](const Formula& formula) {
    const auto value = formula.evaluate(*event, {}, {});
    return value.ok() ? value->view().to_text() : value.error().message();
  };
  EXPECT_EQ(evaluate(std::get<StartAction>(rule.actions[0]).key), R"("shop")");
  EXPECT_EQ(evaluate(std::get<EmitAction>(rule.actions[2]).attributes),
            R"({"type":"com.acme.scan.requested","subject":"s","data":{"s":"shop"},"level":3})");
}

TEST(Resources, ReadBackFromTheirRecordsTheyAreTheSame) {
  const Parsed parsed = parse_resources(kGood);
  for (const Resource& one : parsed.resources) {
    const auto again = parse_resource(one.document, one.resource_namespace);
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(again->title(), one.title());
    EXPECT_EQ(again->digest, one.digest);
  }
}

TEST(Resources, RecordedOnesMayReadSecretsTheyDoNotName) {
  constexpr const char* kText =
      R"({"document":{"dsl":"1.0.3","namespace":"a","name":"b","version":"1.0.0"},"use":{"secrets":["key"]},)"
      R"("do":[{"ask":{"call":"http","with":{"method":"get","endpoint":"http://a","body":"${ $secrets.kay }"}}}]})";
  EXPECT_FALSE(parse_resources(kText).faults.empty());
  EXPECT_TRUE(parse_resource(json::parse(kText).value()).ok());
}

TEST(Resources, DigestsDoNotDependOnTheOrderOfKeys) {
  const auto digest = [](const char* text) { return parse_resources(text).resources.at(0).digest; };
  const auto first = digest("{apiVersion: hence/v1, kind: Secret, metadata: {name: a}, spec: "
                            "{env: X}}");
  EXPECT_EQ(first, digest("{spec: {env: X}, metadata: {namespace: default, name: a}, kind: "
                          "Secret, apiVersion: hence/v1}"));
  EXPECT_NE(first, digest("{apiVersion: hence/v1, kind: Secret, metadata: {name: a}, spec: {env: "
                          "Y}}"));
}


std::string rule_with(const char* spec) {
  return std::string("apiVersion: hence/v1\nkind: Rule\nmetadata: {name: r}\nspec: ") + spec;
}

TEST(Resources, FaultsNamePlaceAndNearestKey) {
  const std::pair<std::string, const char*> cases[] = {
      {"x: 1", "this is no workflow (`document`, `do`) and no resource (`apiVersion: hence/v1`)"},
      {"document: {dsll: 1.0.3, namespace: a, name: b, version: 1.0.0}\ndo: []",
       "line 1, column 12: /document/dsll: unknown key \"dsll\"; did you mean \"dsl\"?"},
      {"document: {namespace: a, name: b, version: 1.0.0}\ndo: []", "/document: missing key \"dsl\""},
      {"documnt: {dsl: 1.0.3}\ndo: []", "/documnt: unknown key \"documnt\"; did you mean \"document\"?"},
      {"[]", "expected an object"},
      {"a: [", "line "},
      {"apiVersion: hence/v2\nkind: Rule", "line 1, column 13: /apiVersion: unknown version "
                                           "\"hence/v2\""},
      {"apiVersion: hence/v1\nkind: Ruel\nmetadata: {name: a}\nspec: {}", "did you mean \"Rule\"?"},
      {"apiVersion: hence/v1\nkind: Workflow\nmetadata: {name: a}\nspec: {}",
       "a workflow is written as it is"},
      {"apiVersion: hence/v1\nkind: Secret\nmetdata: {name: a}\nspec: {env: X}",
       "did you mean \"metadata\"?"},
      {"apiVersion: hence/v1\nkind: Secret\nmetadata: {name: a b}\nspec: {env: X}",
       "expected a name of letters"},
      {"apiVersion: hence/v1\nkind: Secret\nmetadata: {name: a, labels: {x: 1}}\nspec: {env: X}",
       "/metadata/labels/x: expected a string"},
      {"apiVersion: hence/v1\nkind: Secret\nmetadata: {name: a}\nspec: {env: X, file: /y}",
       "only one of env or file"},
      {"apiVersion: hence/v1\nkind: Secret\nmetadata: {name: a}\nspec: {env: 1X}",
       "the name of an environment variable"},
      {"apiVersion: hence/v1\nkind: Source\nmetadata: {name: a}\nspec: {webhook: {provider: "
       "gitlab, secret: s}}", "unknown word \"gitlab\"; did you mean \"github\"?"},
      {"apiVersion: hence/v1\nkind: Sink\nmetadata: {name: a}\nspec: {http: {url: 'https://a', "
       "concurency: 3}}", "did you mean \"concurrency\"?"},
      {"apiVersion: hence/v1\nkind: Sink\nmetadata: {name: a}\nspec: {http: {url: ftp://a}}",
       "expected a URL with http"},
      {"apiVersion: hence/v1\nkind: Sink\nmetadata: {name: a}\nspec: {http: {url: 'https://a', "
       "rate: fast}}", "a rate such as 100/s"},
      {"apiVersion: hence/v1\nkind: Sink\nmetadata: {name: a}\nspec: {http: {url: 'https://a', "
       "timeout: soon}}", "a duration such as PT10S or 10s"},
      {"apiVersion: hence/v1\nkind: Sink\nmetadata: {name: a}\nspec: {http: {url: 'https://a', "
       "concurrency: 0}}", "expected at least 1, found 0"},
      {rule_with("{on: {type: a}, do: []}"), "/spec/do: expected at least 1 item"},
      {rule_with("{on: {}, do: [{emit: {type: a}}]}"), "/spec/on: expected at least 1 key"},
      {rule_with("{on: {typ: a}, do: [{emit: {type: a}}]}"),
       "/spec/on/typ: unknown key \"typ\"; did you mean \"type\"?"},
      {rule_with("{on: {type: a}, do: [{strat: {workflow: a/b}}]}"), "did you mean \"start\"?"},
      {rule_with("{on: {type: a}, do: [{start: {workflow: scan}}]}"),
       "a workflow as namespace/name"},
      {rule_with("{on: {type: a}, do: [{start: {workflow: a/b, onConflict: reject}}]}"),
       "`onConflict` needs `id`"},
      {rule_with("{on: {type: a}, do: [{start: {workflow: a/b, input: '${ .a | }'}}]}"),
       "/spec/do/0/start/input: the expression does not compile"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a, Bad: x}}]}"),
       "lower-case letters and digits only"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a, hencedepth: 1}}]}"), "is set by Hence"},
      {rule_with("{on: {type: a}, do: [{emit: {typ: a}}]}"),
       "/spec/do/0/emit/typ: unknown attribute \"typ\"; did you mean \"type\"?"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a, dta: 1}}]}"), "did you mean \"data\"?"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a, tim: x}}]}"), "did you mean \"time\"?"},
      {rule_with("{on: {type: a}, do: [{deliver: {sink: s, body: x, mode: binary}}]}"),
       "with `body` there is none"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a}}], delivery: {retry: {when: .x}}}"),
       "/spec/delivery/retry/when: unknown key"},
      {rule_with("{on: {type: a}, do: [{emit: {type: a}}], delivery: {onExhausted: drop}}"),
       "unknown word \"drop\""},
      {rule_with("{mode: shadow, on: {type: a}, do: [{emit: {type: a}}]}"),
       "unknown word \"shadow\""},
      {rule_with("{on: {type: a, pattern: {data: {x: 1}}}, do: [{emit: {type: a}}]}"),
       "/spec/on/pattern/data/x"},
      {rule_with("{on: {type: a, when: '.x |'}, do: [{emit: {type: a}}]}"), "/spec/on/when"},
      {std::string(kGood) + "---\n" + std::string(kGood), "is in this file twice"},
  };
  for (const auto& [yaml, part] : cases) {
    std::string all;
    for (const auto& fault : parse_resources(yaml).faults) all += fault.to_string() + "\n";
    EXPECT_THAT(all, HasSubstr(part)) << yaml;
  }
}

TEST(Resources, ZeroInARetryIsNotTakenForNothingSaid) {
  const auto read = [](const std::string& retry) {
    const Parsed parsed = parse_resources(
        rule_with(("{on: {type: a}, do: [{deliver: {sink: s}}], delivery: {retry: " + retry + "}}").c_str()));
    for (const auto& fault : parsed.faults) ADD_FAILURE() << fault.to_string();
    return std::get<RuleSpec>(parsed.resources.at(0).spec).delivery.retry;
  };
  EXPECT_EQ(read("{delay: PT1S}").times.jitter_from, Duration{});
  EXPECT_EQ(read("{delay: PT1S}").times.jitter_to, Duration{});
  const RetrySettings exact = read("{delay: PT5S, jitter: {from: PT0S, to: PT0S}}");
  EXPECT_LT(exact.times.jitter_from, Duration{});
  for (const uint64_t random : {0u, 7u, 1'000'000u}) {
    EXPECT_EQ(workflow::retry_delay(exact.times, 1, random), Duration::seconds(5));
  }
  EXPECT_EQ(read("{jitter: {from: PT0S, to: PT1S}}").times.jitter_from, Duration{});
  EXPECT_EQ(read("{limit: {attempt: {count: 3}, duration: PT0S}}").count, 0u);
  EXPECT_EQ(read("{limit: {attempt: {count: 3}, duration: PT1S}}").count, 3u);
  EXPECT_EQ(read("{limit: {duration: PT0S}}").count, 0u);
}

TEST(Resources, EmitTakesExtensionsUnlessTheyAreSlips) {
  for (const char* good :
       {"{type: a, level: 1, service: x, ip: x, uid: x, resource: x, state: x, rate: 1}",
        "{type: a, traceparent: x, tracestate: x, partitionkey: x, sequence: x, sampledrate: 1, dataref: x, severity: x}",
        "{type: a, data: 1, date: x, subject: s, object: x}", "{type: a, time: x, datacontenttype: text/plain}"}) {
    const std::string yaml = rule_with(("{on: {type: a}, do: [{emit: " + std::string(good) + "}]}").c_str());
    for (const auto& fault : parse_resources(yaml).faults) ADD_FAILURE() << fault.to_string();
  }
  // A document of records is taken as it is.
  const std::string date = rule_with("{on: {type: a}, do: [{emit: {type: a, date: x}}]}");
  EXPECT_FALSE(parse_resources(date).faults.empty());
  EXPECT_TRUE(parse_resource(json::parse_yaml(date).value().front().value).ok());
}

TEST(Resources, ReadsSchedules) {
  const auto read = [](const std::string& spec) {
    return parse_resources("apiVersion: hence/v1\nkind: Schedule\nmetadata: {name: nightly}\nspec: " + spec);
  };
  const Parsed good = read(
      "{cron: '0 2 * * *', timeZone: Europe/Berlin, overlap: skip, catchUp: none, mode: disabled, "
      "start: {workflow: ops/report, input: '${ {day: .due} }'}, emit: {type: night.began}}");
  for (const auto& fault : good.faults) ADD_FAILURE() << fault.to_string();
  ASSERT_EQ(good.resources.size(), 1u);
  const auto& spec = std::get<ScheduleSpec>(good.resources[0].spec);
  EXPECT_EQ(spec.timing.text(workflow::Trigger::cron), "cron 0 2 * * * in Europe/Berlin");
  EXPECT_EQ(spec.mode, ScheduleMode::disabled);
  EXPECT_TRUE(spec.start && spec.emit);
  const std::pair<std::string, std::string> bad[] = {
      {"{cron: '0 2 * * *'}", "/spec: expected `start` or `emit`"},
      {"{start: {workflow: a/b}}", "/spec"},
      {"{cron: '0 2 * * *', every: 5m, emit: {type: x}}", "/spec"},
      {"{every: 5 minutes, emit: {type: x}}", "/spec/every: expected a duration such as PT15M"},
      {"{cron: '0 25 * * *', emit: {type: x}}", "/spec/cron: cron, column 3: expected a hour from 0 to 23"},
      {"{every: 5m, timeZone: Europe/Berlin, emit: {type: x}}", "/spec/timeZone: a time zone is for `cron`"},
      {"{every: 5m, overlap: skip, emit: {type: x}}", "/spec/overlap: `overlap` is about instances"},
      {"{every: 5m, overlap: skip, start: {workflow: a/b, key: k}}", "/spec/overlap: with `overlap` the instances lie with"},
      {"{every: 5m, start: {workflow: b}}", "/spec/start/workflow"},
      {"{every: 5m, emit: {type: x}, timezone: UTC}", "did you mean \"timeZone\""},
  };
  for (const auto& [text, part] : bad) {
    std::string all;
    for (const auto& fault : read(text).faults) all += fault.to_string() + "\n";
    EXPECT_THAT(all, HasSubstr(part)) << text;
  }
}

TEST(Resources, LaterKindsAreRefusedByName) {
  for (std::string kind : {"Policy", "Projection"}) {
    const Parsed parsed = parse_resources("apiVersion: hence/v1\nkind: " + kind +
                                          "\nmetadata: {name: a}\nspec: {}");
    EXPECT_TRUE(parsed.faults.empty());
    ASSERT_EQ(parsed.unsupported.size(), 1u);
    EXPECT_EQ(parsed.unsupported.begin()->code, ErrorCode::NotSupported);
    EXPECT_THAT(parsed.unsupported.begin()->to_string(),
                HasSubstr("line 2, column 7: /kind: resources of kind " + kind));
  }
}

TEST(Resources, KindsAreFoundAsUsersTypeThem) {
  for (auto word : {"rule", "rules", "Rule", "RULES"}) EXPECT_EQ(find_kind(word), Kind::rule)
      << word;
  EXPECT_EQ(find_kind("workflows"), Kind::workflow);
  for (auto word : {"event-type", "event-types", "EventType", "eventtypes"}) EXPECT_EQ(find_kind(word), Kind::event_type) << word;
  EXPECT_FALSE(find_kind("roule"));
  EXPECT_EQ(kind_plural(Kind::secret), "secrets");
}

}  // namespace
}  // namespace hence::resource
