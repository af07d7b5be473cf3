// SPDX-License-Identifier: Apache-2.0
#include "delivery/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/simulated_http_client.h"
#include "delivery/simulated_process_runner.h"
#include "delivery/test_directory.h"

namespace hence::delivery {
namespace {

using engine::AttemptEnded;
using engine::Effect;
using engine::EffectId;
using Offer = Dispatcher::Offer;
using Kind = engine::Outcome::Kind;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    for (const char* name : {"a", "b"}) directory_.sink(name);
    http_.respond_otherwise(in_turn({status(200)}));
    create();
  }
  void create() {
    dispatcher_ = std::make_unique<Dispatcher>(options_, directory_, http_, processes_,
                                               [this] { ++wakes_; });
    dispatcher_->pull([](auto, size_t, const auto&) { return engine::ReadyPage{{}, {}, true}; }, now_).value();
  }
  Offer offer(Effect effect) { return dispatcher_->offer(std::move(effect), now_); }
  std::vector<AttemptEnded> poll() {
    const UtcTime wall = UtcTime{1'772'000'000'000'000} + (now_ - os::MonotonicTime{});
    return dispatcher_->poll(now_, wall);
  }
  void pass(Duration time) { now_ = now_ + time; }
  /// Polls for so long, at every time something is due; returns how many attempts ended.
  size_t run_for(Duration time) {
    const os::MonotonicTime end = now_ + time;
    size_t ended = poll().size();
    while (dispatcher_->next_due() && *dispatcher_->next_due() <= end) {
      now_ = std::max(now_ + Duration{1}, *dispatcher_->next_due());
      ended += poll().size();
    }
    now_ = end;
    return ended;
  }
  /// The store's side of pull(): effects that are ready.
  Dispatcher::Reader reader() {
    return [this](std::optional<EffectId> after, size_t limit, const engine::SinkWanted& wanted) {
      ++reads_;
      engine::ReadyPage page;
      for (auto it = after ? store_.upper_bound(*after) : store_.begin(); it != store_.end(); ++it) {
        if (page.effects.size() == limit) return page;
        page.looked_to = it->first;
        if (!wanted(it->second.name_space, it->second.sink)) continue;
        ++loaded_;
        page.effects.push_back(it->second);
      }
      page.at_end = true;
      return page;
    };
  }
  /// The same, one effect a step.
  void pull_one() {
    ASSERT_TRUE(dispatcher_
                    ->pull([this](auto after, size_t, const auto& wanted) { return reader()(after, 1, wanted); }, now_)
                    .ok());
  }
  void put_in_store(Effect effect) { store_[effect.id] = std::move(effect); }
  void settle(const std::vector<AttemptEnded>& ended) {
    for (const AttemptEnded& one : ended) {
      store_.erase(one.effect);
      dispatcher_->settled(one.effect, one.attempt);
    }
  }

  DispatcherOptions options_;
  TestDirectory directory_;
  SimulatedHttpClient http_;
  SimulatedProcessRunner processes_;
  std::unique_ptr<Dispatcher> dispatcher_;
  os::MonotonicTime now_{1'000'000};
  std::map<EffectId, Effect> store_;
  int wakes_ = 0;
  uint32_t calls_ = 0;
  int reads_ = 0;
  int loaded_ = 0;
};

TEST_F(DispatcherTest, DeliversAndReports) {
  EXPECT_EQ(offer(delivery_of("a", 1)), Offer::taken);
  EXPECT_TRUE(http_.sent().empty());
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].effect, (EffectId{{7, 1}, 1}));
  EXPECT_EQ(ended[0].attempt, 1u);
  EXPECT_EQ(ended[0].outcome.kind, Kind::done);
  EXPECT_EQ(ended[0].outcome.status, 200);
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(dispatcher_->held(), 0u);
}

TEST_F(DispatcherTest, ANewAttemptTakesThePlaceOfAnOldOneThatHasNotLeft) {
  http_.respond("sink a", in_turn({status(429, "", {{"retry-after", "5"}}), status(200)}));
  offer(delivery_of("a", 1));
  settle(poll());
  offer(delivery_of("a", 2));  // waits for the pause to end
  Effect newer = delivery_of("a", 2);
  newer.attempt = 2;
  EXPECT_EQ(offer(newer), Offer::taken) << "the first attempt ended otherwise, so the store says";
  EXPECT_FALSE(dispatcher_->wants_pull()) << "reading the store again finds no more";
  EXPECT_EQ(dispatcher_->held(), 1u);
  pass(Duration::seconds(6));
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].attempt, 2u);
  EXPECT_EQ(http_.sent().size(), 2u);
  EXPECT_EQ(dispatcher_->held(), 0u);
}

TEST_F(DispatcherTest, WhatFailedCallsSayHasNoSecret) {
  const auto ask = [&](const std::string& endpoint) {
    const json::Value document =
        json::parse(
            R"({"document":{"dsl":"1.0.3","namespace":"shop","name":"ask","version":"1.0.0"},)"
            R"("use":{"secrets":["key"]},"do":[{"ask":{"call":"http","with":{"method":"get","endpoint":)" +
            endpoint + "}}}]}")
            .value();
    directory_.definition = workflow::compile(document).definition;
    HENCE_CHECK(directory_.definition);
    Effect effect = deferred_ask();
    effect.id.index = ++calls_;
    offer(std::move(effect));
    const auto ended = poll();
    return ended.size() == 1 ? ended[0].outcome.error : "still under way";
  };
  http_.respond_otherwise([](const HttpCall& call) -> std::optional<Result<HttpAnswer>> {
    return Error(ErrorCode::Unreachable, call.method + " " + call.url + ": no such host");
  });
  directory_.secrets["key"] = "planted-key";
  EXPECT_EQ(ask(R"("${ \"https://api.example/\" + $secrets.key }")"),
            "GET https://api.example/***: no such host");
  EXPECT_EQ(ask(R"("${ \"file:///\" + $secrets.key }")").find("planted"), std::string::npos);
  directory_.secrets["key"] =
      R"({"authority":"https://planted.example","grant":"client_credentials","client":{"id":"robot","secret":"s3cret"}})";
  EXPECT_THAT(ask(R"({"uri":"https://api.example/","authentication":{"oauth2":{"use":"key"}}})"),
              testing::AllOf(testing::HasSubstr("***"), testing::Not(testing::HasSubstr("planted"))));
}

TEST_F(DispatcherTest, SaysWhetherAnotherAttemptMakesSense) {
  http_.respond("sink a", in_turn({status(503, "busy", {{"retry-after", "7"}}), status(404),
                                   Error(ErrorCode::CallFailed, "no answer"),
                                   Error(ErrorCode::AddressRefused, "not there")}));
  options_.destination.pause_max = Duration{};
  create();
  for (uint64_t n = 1; n <= 4; ++n) offer(delivery_of("a", n));
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 4u);
  EXPECT_EQ(ended[0].outcome.kind, Kind::retryable);
  EXPECT_EQ(ended[0].outcome.retry_after, Duration::seconds(7));
  EXPECT_EQ(ended[0].outcome.error, "it answered 503 Service Unavailable: busy");
  EXPECT_EQ(ended[1].outcome.kind, Kind::permanent);
  EXPECT_EQ(ended[2].outcome.kind, Kind::retryable);
  EXPECT_EQ(ended[3].outcome.kind, Kind::permanent);
  offer(delivery_of("gone", 5));
  const auto gone = poll();
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].outcome.kind, Kind::permanent);
}

TEST_F(DispatcherTest, TheSameAttemptIsNeverMadeTwice) {
  http_.respond("sink a", never());
  EXPECT_EQ(offer(delivery_of("a", 1)), Offer::taken);
  EXPECT_EQ(offer(delivery_of("a", 1)), Offer::known);
  poll();
  EXPECT_EQ(offer(delivery_of("a", 1)), Offer::known);
  http_.answer(1, status(500));
  EXPECT_EQ(poll().size(), 1u);
  EXPECT_EQ(offer(delivery_of("a", 1)), Offer::known);
  EXPECT_EQ(offer(delivery_of("a", 1, 2)), Offer::taken);
  dispatcher_->settled({{7, 1}, 1}, 1);
  EXPECT_EQ(offer(delivery_of("a", 1, 2)), Offer::known);
  EXPECT_EQ(http_.sent().size(), 1u);
}

TEST_F(DispatcherTest, ASilentSinkHoldsUpOnlyItself) {
  http_.respond("sink a", never());
  for (uint64_t n = 1; n <= 500; ++n) offer(delivery_of("a", n));
  for (uint64_t n = 501; n <= 1000; ++n) offer(delivery_of("b", n));
  EXPECT_EQ(poll().size(), 500u);
  EXPECT_EQ(http_.hanging(), 32u);
  const auto reports = dispatcher_->destinations();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].name, "sink a");
  EXPECT_EQ(reports[0].in_flight, 32u);
  EXPECT_EQ(reports[0].waiting, 468u);
}

TEST_F(DispatcherTest, ConcurrencyIsTheSinksAsItIsNow) {
  http_.respond("sink a", never());
  directory_.sink("a").concurrency = 3;
  for (uint64_t n = 1; n <= 20; ++n) offer(delivery_of("a", n));
  poll();
  EXPECT_EQ(http_.hanging(), 3u);
  directory_.sink("a").concurrency = 5;
  poll();
  EXPECT_EQ(http_.hanging(), 5u);
}

TEST_F(DispatcherTest, RatesHold) {
  directory_.sink("a").rate_per_second = 100;
  for (uint64_t n = 1; n <= 600; ++n) offer(delivery_of("a", n));
  EXPECT_EQ(poll().size(), 100u);
  EXPECT_NEAR(static_cast<double>(run_for(Duration::seconds(3))), 300, 2);
}

TEST_F(DispatcherTest, AnIllSinkIsLeftAloneAndProbed) {
  http_.respond("sink a", in_turn({Error(ErrorCode::CallFailed, "refused")}));
  for (uint64_t n = 1; n <= 500; ++n) offer(delivery_of("a", n));
  const size_t before_open = poll().size();
  EXPECT_GE(before_open, 20u);
  EXPECT_LE(before_open, 64u);
  EXPECT_EQ(dispatcher_->destinations()[0].breaker, Breaker::State::open);
  // 1 + 2 + 4 + 8 + 16 + 30 s: six probes in the first minute and a little.
  EXPECT_EQ(run_for(Duration::seconds(62)), 6u);
  http_.respond("sink a", in_turn({status(204)}));
  EXPECT_EQ(run_for(Duration::seconds(31)), 500 - before_open - 6);
}

TEST_F(DispatcherTest, RetriesAreHeldWithinTheirBudget) {
  options_.destination_max = 10'000;
  create();
  for (uint64_t n = 1; n <= 2000; ++n) offer(delivery_of("a", n, 2));
  size_t ended = poll().size();
  EXPECT_LE(ended, 112u);  // the burst, and a tenth of what succeeded
  ended += run_for(Duration::seconds(10));
  EXPECT_LE(ended, 112u + 10 * 10 + 15);
  for (uint64_t n = 2001; n <= 2010; ++n) offer(delivery_of("a", n));
  EXPECT_GE(poll().size(), 10u);  // first attempts pass by
}

TEST_F(DispatcherTest, RetryAfterPausesTheWholeDestination) {
  http_.respond("sink a", in_turn({status(429, "", {{"retry-after", "5"}}), status(200)}));
  directory_.sink("a").concurrency = 1;
  offer(delivery_of("a", 1));
  offer(delivery_of("a", 2));
  EXPECT_EQ(poll().size(), 1u);
  EXPECT_EQ(run_for(Duration::milliseconds(4900)), 0u);
  EXPECT_EQ(run_for(Duration::milliseconds(200)), 1u);
}

TEST_F(DispatcherTest, LocalOverloadIsNoAttempt) {
  http_.respond("sink a", in_turn({Error(ErrorCode::Overloaded, "full"), status(200)}));
  offer(delivery_of("a", 1));
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(run_for(Duration::milliseconds(150)), 1u);
}

TEST_F(DispatcherTest, CancelledEffectsAreNeverReported) {
  http_.respond("sink a", never());
  directory_.sink("a").concurrency = 1;
  offer(delivery_of("a", 1));
  offer(delivery_of("a", 2));
  offer(delivery_of("a", 3));
  poll();
  dispatcher_->cancel({{7, 1}, 1});
  dispatcher_->cancel({{7, 2}, 1});
  dispatcher_->cancel({{9, 9}, 9});
  http_.respond("sink a", in_turn({status(200)}));
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].effect.record.sequence, 3u);
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
  EXPECT_EQ(dispatcher_->held(), 0u);
}

TEST_F(DispatcherTest, AnAnswerThatCrossesItsCancellationIsReportedForTheRecord) {
  http_.respond("https://api.example", never());
  Effect effect;
  effect.kind = engine::EffectKind::call_http;
  effect.id = {{1, 1}, 1};
  effect.instance = {1, 1};
  effect.request = json::parse(R"({"method":"GET","url":"https://api.example/x"})").value();
  offer(effect);
  EXPECT_TRUE(poll().empty());
  ASSERT_TRUE(http_.answer(http_.sent().front().call_id, status(200)));
  dispatcher_->cancel(effect.id);
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].effect, effect.id);
  EXPECT_EQ(ended[0].instance, effect.instance);
  EXPECT_EQ(ended[0].outcome.status, 200);
  EXPECT_EQ(dispatcher_->held(), 0u);
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
}

TEST_F(DispatcherTest, WorkflowsGetTheirAnswersWhateverTheStatus) {
  http_.respond("https://api.example", in_turn({status(418, "teapot", {{"x", "y"}}),
                                                Error(ErrorCode::CallFailed, "no answer")}));
  Effect effect;
  effect.kind = engine::EffectKind::call_http;
  effect.id = {{1, 1}, 1};
  effect.request = json::parse(R"({"method":"GET","url":"https://api.example/x"})").value();
  offer(effect);
  effect.id = {{1, 2}, 1};
  offer(effect);
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0].outcome.kind, Kind::done);
  const auto& http = std::get<workflow::HttpOutcome>(*ended[0].outcome.answer);
  EXPECT_EQ(http.status, 418);
  EXPECT_EQ(http.body, "teapot");
  const auto& failure = std::get<workflow::CallFailure>(*ended[1].outcome.answer);
  EXPECT_EQ(failure.code, ErrorCode::CallFailed);
  EXPECT_EQ(failure.message, "no answer");
}

TEST_F(DispatcherTest, ProcessesRunAndAreReported) {
  processes_.respond("make", processes_in_turn({ProcessAnswer{2, "out", "err"}}));
  Effect effect;
  effect.kind = engine::EffectKind::run_shell;
  effect.id = {{1, 1}, 1};
  effect.request = json::parse(R"({"command":"make"})").value();
  offer(effect);
  effect.id = {{1, 2}, 1};
  effect.request = json::parse(R"({"command":5})").value();
  offer(effect);
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 2u);
  const auto& process = std::get<workflow::ProcessOutcome>(*ended[1].outcome.answer);
  EXPECT_EQ(process.exit_code, 2);
  EXPECT_EQ(process.error_output, "err");
  EXPECT_EQ(std::get<workflow::CallFailure>(*ended[0].outcome.answer).code,
            ErrorCode::RequestInvalid);
}

TEST_F(DispatcherTest, SaysWhatIsUnderWayAndWhatTheOthersWaitFor) {
  processes_.respond("make", [](const ProcessCall&) { return std::optional<Result<ProcessAnswer>>(); });
  options_.shell_concurrency = 1;
  create();
  Effect effect;
  effect.kind = engine::EffectKind::run_shell;
  effect.request = json::parse(R"({"command":"make"})").value();
  for (const uint64_t n : {1, 2}) {
    effect.id = {{1, n}, 1};
    effect.instance = {1, n};
    offer(effect);
  }
  poll();
  const auto first = dispatcher_->find_effect({{1, 1}, 1});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->under_way);
  EXPECT_EQ(first->since, (UtcTime{1'772'000'000'000'000} + (now_ - os::MonotonicTime{})));
  const auto second = dispatcher_->find_effect({{1, 2}, 1});
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->under_way);
  EXPECT_EQ(second->full, "shell");
  EXPECT_EQ(second->at_once, 1u);
  EXPECT_EQ(second->held_by, (std::vector<Address>{{1, 1}}));
  EXPECT_FALSE(dispatcher_->find_effect({{1, 3}, 1}));
  EXPECT_TRUE(processes_.answer(1, ProcessAnswer{0, "", ""}));
  poll();
  EXPECT_FALSE(dispatcher_->find_effect({{1, 1}, 1})) << "its outcome was reported";
  EXPECT_TRUE(dispatcher_->find_effect({{1, 2}, 1})->under_way);
}

TEST_F(DispatcherTest, AfterStopNothingLeavesAndWhatRunsMayEnd) {
  http_.respond("sink a", never());
  offer(delivery_of("a", 1));
  poll();
  offer(delivery_of("b", 2));
  dispatcher_->stop();
  EXPECT_TRUE(poll().empty());
  http_.answer(1, status(200));
  EXPECT_EQ(poll().size(), 1u);
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
  EXPECT_EQ(http_.sent().size(), 1u);
}

TEST_F(DispatcherTest, AnswersAfterItsEndHarmNobody) {
  http_.respond("sink a", never());
  offer(delivery_of("a", 1));
  poll();
  dispatcher_.reset();
  EXPECT_TRUE(http_.answer(1, status(200)));
  EXPECT_EQ(wakes_, 0);
}

TEST_F(DispatcherTest, BeginsWithWhatTheStoreHolds) {
  dispatcher_ = std::make_unique<Dispatcher>(options_, directory_, http_, processes_, [] {});
  for (uint64_t n = 1; n <= 700; ++n) put_in_store(delivery_of(n % 2 == 0 ? "a" : "b", n));
  size_t ended = 0;
  while (dispatcher_->wants_pull()) {
    ASSERT_TRUE(dispatcher_->pull(reader(), now_).ok());
    const auto reports = poll();
    ended += reports.size();
    settle(reports);
  }
  EXPECT_EQ(ended, 700u);
  EXPECT_EQ(http_.sent().size(), 700u);
  EXPECT_FALSE(dispatcher_->wants_pull());
}

TEST_F(DispatcherTest, ABacklogBeyondTheWindowIsWorkedOffFromTheStore) {
  options_.destination_max = 100;
  create();
  for (uint64_t n = 1; n <= 5000; ++n) {
    put_in_store(delivery_of("a", n));
    offer(delivery_of("a", n));
  }
  EXPECT_EQ(dispatcher_->held(), 100u);
  size_t ended = 0;
  reads_ = 0;
  for (int turn = 0; turn < 1000 && ended < 5000; ++turn) {
    const auto reports = poll();
    ended += reports.size();
    settle(reports);
    while (dispatcher_->wants_pull()) ASSERT_TRUE(dispatcher_->pull(reader(), now_).ok());
  }
  EXPECT_EQ(ended, 5000u);
  EXPECT_EQ(http_.sent().size(), 5000u);
  EXPECT_LT(reads_, 300);
}

TEST_F(DispatcherTest, NewerOnesDoNotOvertakeWhatARoundFetches) {
  options_.destination_max = 4;
  create();
  const auto offer_stored = [&](const char* sink, uint64_t n) {
    put_in_store(delivery_of(sink, n));
    return offer(delivery_of(sink, n));
  };
  const auto numbers = [](const std::vector<AttemptEnded>& ended) {
    std::vector<uint64_t> all;
    for (const AttemptEnded& one : ended) all.push_back(one.effect.record.sequence);
    return all;
  };
  for (uint64_t n = 1; n <= 6; ++n) EXPECT_EQ(offer_stored("a", n), n <= 4 ? Offer::taken : Offer::later);
  settle(poll());
  pull_one();  // the round for what there was no room for has 5, and not yet 6
  EXPECT_EQ(offer_stored("a", 7), Offer::later);
  EXPECT_EQ(offer_stored("b", 8), Offer::taken) << "a round for others holds up nobody";
  while (dispatcher_->wants_pull()) pull_one();
  const auto ended = poll();
  EXPECT_EQ(numbers(ended), (std::vector<uint64_t>{5, 6, 7, 8}));
  settle(ended);

  // The round for those that only waited behind others, through a store where others have a backlog.
  for (const uint64_t n : {20, 21, 22}) put_in_store(delivery_of("b", n));
  pull_one();
  ASSERT_TRUE(dispatcher_->wants_pull());
  EXPECT_EQ(offer_stored("a", 9), Offer::taken) << "else a sink that always gets some waits for every round";
}

TEST_F(DispatcherTest, OnlyWhatIsOlderThanTheOpenedLogMayHaveBeenTried) {
  options_.log_was_at = {{7, 2}};
  options_.destination_max = 1;
  dispatcher_ = std::make_unique<Dispatcher>(options_, directory_, http_, processes_, [] {});
  std::map<Address, bool> again;
  const auto run = [&] {
    for (int turn = 0; turn < 20; ++turn) {
      if (dispatcher_->wants_pull()) dispatcher_->pull(reader(), now_).value();
      const auto ended = poll();
      for (const AttemptEnded& one : ended) again[one.effect.record] = one.outcome.again;
      settle(ended);
    }
  };
  const auto call = [](Address record) {
    Effect effect;
    effect.kind = engine::EffectKind::call_http;
    effect.id = {record, 1};
    effect.request = json::parse(R"({"method":"GET","url":"https://api.example/x"})").value();
    return effect;
  };
  for (const Address record : {Address{7, 1}, Address{7, 2}, Address{7, 3}, Address{8, 1}}) put_in_store(call(record));
  run();
  EXPECT_EQ(again, (std::map<Address, bool>{{{7, 1}, true}, {{7, 2}, true}, {{7, 3}, false}, {{8, 1}, false}}));
  again.clear();
  for (const Address record : {Address{7, 4}, Address{7, 5}}) {
    put_in_store(call(record));
    EXPECT_EQ(offer(call(record)), record.sequence == 4 ? Offer::taken : Offer::later);
  }
  run();
  EXPECT_EQ(again, (std::map<Address, bool>{{{7, 4}, false}, {{7, 5}, false}}))
      << "nobody tried what there was no room for";
}

TEST_F(DispatcherTest, WithoutWordOfTheLogWhatIsFoundInTheStoreMayHaveBeenTried) {
  dispatcher_ = std::make_unique<Dispatcher>(options_, directory_, http_, processes_, [] {});
  for (const uint64_t n : {1, 2}) put_in_store(delivery_of("a", n));
  pull_one();
  ASSERT_TRUE(dispatcher_->wants_pull());
  EXPECT_EQ(offer(delivery_of("b", 3)), Offer::taken);
  const auto ended = poll();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_TRUE(ended[0].outcome.again);
  EXPECT_FALSE(ended[1].outcome.again) << "it came during the round, not from it";
}

TEST_F(DispatcherTest, OfADeliverysAnswerTheStatusCountsHoweverLongItIs) {
  options_.outgoing.answer_bytes_max = 10;
  create();
  const std::string body(1000, 'x');
  http_.respond_otherwise(in_turn({status(200, body), status(404, body), status(200, body)}));
  offer(delivery_of("a", 1));
  auto ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].outcome.kind, Kind::done);
  EXPECT_EQ(ended[0].outcome.status, 200);
  offer(delivery_of("a", 2));
  ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].outcome.error, "it answered 404 Not Found: xxxxxxxxxx");
  Effect call;
  call.kind = engine::EffectKind::call_http;
  call.id = {{7, 3}, 1};
  call.request = json::parse(R"({"method":"GET","url":"https://api.example/x"})").value();
  offer(call);
  ended = poll();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(std::get<workflow::CallFailure>(*ended[0].outcome.answer).code, ErrorCode::CallFailed)
      << "a workflow works on the answer: it has all of it or none";
}

TEST_F(DispatcherTest, AStuckBacklogLeavesRoomForOthers) {
  options_.window_max = 1000;
  options_.destination_max = 600;
  options_.destination_min = 50;
  create();
  http_.respond("sink a", never());
  for (uint64_t n = 1; n <= 20'000; ++n) {
    put_in_store(delivery_of("a", n));
    offer(delivery_of("a", n));
  }
  poll();
  for (uint64_t n = 20'001; n <= 20'500; ++n) put_in_store(delivery_of("b", n));
  for (uint64_t n = 20'001; n <= 20'500; ++n) offer(delivery_of("b", n));
  size_t ended = 0;
  reads_ = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const auto reports = poll();
    ended += reports.size();
    settle(reports);
    for (int i = 0; i < 100 && dispatcher_->wants_pull(); ++i) {
      ASSERT_TRUE(dispatcher_->pull(reader(), now_).ok());
    }
  }
  EXPECT_EQ(ended, 500u);
  EXPECT_LT(dispatcher_->held(), 1000u);
  EXPECT_LT(reads_, 2000);
  EXPECT_LT(loaded_, 2000) << "deliveries to a sink that is full are passed over unread";
}

}  // namespace
}  // namespace hence::delivery
