// SPDX-License-Identifier: Apache-2.0
#include "workflow/facts.h"

#include <gtest/gtest.h>

#include "workflow/calls.h"

namespace hence::workflow {
namespace {

template <size_t... I>
std::vector<Fact> one_of_each(std::index_sequence<I...>) {
  return {Fact(std::in_place_index<I>)...};
}

TEST(Facts, EveryKindHasANameAndSurvivesItsEncoding) {
  for (const Fact& fact : one_of_each(std::make_index_sequence<std::variant_size_v<Fact>>())) {
    EXPECT_FALSE(fact_name(fact).empty());
    std::string bytes;
    Encoder encoder(bytes);
    encoder.put(fact);
    Decoder decoder(bytes);
    Fact copy;
    decoder.get(copy);
    EXPECT_FALSE(decoder.failed()) << fact_name(fact);
    EXPECT_EQ(copy.index(), fact.index());
  }
}

/// TaskFaulted and ErrorCaught as they were.
struct OlderError {
  FrameId frame = 3;
  TaskIndex task = 4;
  json::Value error;
  template <typename A> void fields(A& a) { a(frame, task, error); }
};
struct OlderStart {
  Phase phase = Phase::cancelled;
  std::optional<json::Value> error;
  std::string reason = "why";
  UtcTime at;
  template <typename A> void fields(A& a) { a(phase, error, reason, at); }
};

template <typename T, typename Older>
T read_older(const Older& older) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder.varint(Fact(T()).index());
  encoder.put(older);
  Decoder decoder(bytes);
  Fact fact;
  decoder.get(fact);
  EXPECT_FALSE(decoder.failed());
  return std::get<T>(fact);
}

TEST(Facts, OlderOnesWereOfTheOuterFrameFirst) {
  EXPECT_EQ(read_older<TaskFaulted>(OlderError{}).order, EndOrder::outer_first);
  EXPECT_EQ(read_older<TaskFaulted>(OlderError{}).task, 4u);
  EXPECT_EQ(read_older<ErrorCaught>(OlderError{}).order, EndOrder::outer_first);
  EXPECT_EQ(read_older<CompensationStarted>(OlderStart{}).order, EndOrder::outer_first);
  EXPECT_EQ(read_older<CompensationStarted>(OlderStart{}).reason, "why");
  EXPECT_EQ(read_older<TaskFaulted>(TaskFaulted{}).order, EndOrder::inner_first);
}

TEST(Facts, AnUnknownKindFailsTheDecoder) {
  std::string bytes = {100, 0};
  Decoder decoder(bytes);
  Fact fact;
  decoder.get(fact);
  EXPECT_TRUE(decoder.failed());
}

TEST(Facts, OutcomesSurviveTheirEncoding) {
  const CallOutcome outcomes[] = {HttpOutcome{404, {{"a", "b"}}, "body"}, ProcessOutcome{3, "out",
      "err"},
                                  CallFailure{ErrorCode::AddressRefused, "no"}};
  for (const CallOutcome& outcome : outcomes) {
    std::string bytes;
    Encoder encoder(bytes);
    encoder.put(outcome);
    Decoder decoder(bytes);
    CallOutcome copy;
    decoder.get(copy);
    ASSERT_FALSE(decoder.failed());
    std::string again;
    Encoder second(again);
    second.put(copy);
    EXPECT_EQ(again, bytes);
  }
}

}  // namespace
}  // namespace hence::workflow
