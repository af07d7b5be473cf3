// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/bench/events.h"
#include "cli/bench/facts.h"
#include "cli/bench/load.h"
#include "event/event.h"

namespace hence::cli::bench {
namespace {

TEST(Latencies, GivesShareOfTimesWithinTheWidthOfABucket) {
  Latencies times;
  for (int i = 1; i <= 1000; ++i) times.add(i * 1e-3);
  EXPECT_EQ(times.count(), 1000u);
  EXPECT_NEAR(times.millis(0.5), 500, 500 * 0.016);
  EXPECT_NEAR(times.millis(0.99), 990, 990 * 0.016);
  EXPECT_NEAR(times.millis(1), 1000, 1000 * 0.016);
}

TEST(Latencies, OfNothingAndOfTheVeryShort) {
  EXPECT_EQ(Latencies().millis(0.99), 0);
  Latencies times;
  times.add(0);
  EXPECT_LT(times.millis(0.5), 1e-3);
  Latencies others;
  others.add(2);
  times.add(others);
  EXPECT_NEAR(times.millis(1), 2000, 2000 * 0.016);
}

TEST(RequestForm, KnowsThePlacesOfEachEventsNumber) {
  const std::string number(kNumberDigits, '#');
  const RequestForm form = post_form("/events", "text/plain", number + "-" + number + "/" + number + "-" + number, 2);
  ASSERT_EQ(form.events(), 2u);
  ASSERT_EQ(form.places[0].size(), 2u);
  const size_t body = form.text.find("\r\n\r\n") + 4;
  EXPECT_EQ(form.places[0][0], body);
  EXPECT_EQ(form.places[1][1], body + 3 * (kNumberDigits + 1));
  EXPECT_NE(form.text.find("Content-Length: " + std::to_string(4 * kNumberDigits + 3) + "\r\n"), std::string::npos);
}

TEST(OrderEvent, IsACloudEventOfAbout600BytesAndEveryTenthIsRefused) {
  for (size_t i = 0; i < 100; ++i) {
    const std::string text = order_event(i);
    EXPECT_GT(text.size(), 560u);
    EXPECT_LT(text.size(), 640u);
    const Result<event::Event> event = event::parse_structured(text);
    ASSERT_TRUE(event.ok()) << event.error().message();
    EXPECT_EQ(event->type() == "com.acme.order.refused", i % 10 == 9);
  }
}

TEST(Rounded, KeepsSoManyDigits) {
  EXPECT_EQ(rounded(123456, 3), 123000);
  EXPECT_EQ(rounded(0.0123456, 3), 0.0123);
  EXPECT_EQ(rounded(0, 3), 0);
}

}  // namespace
}  // namespace hence::cli::bench
