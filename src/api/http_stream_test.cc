// SPDX-License-Identifier: Apache-2.0
#include "api/http_stream.h"

#include <gtest/gtest.h>

#include <optional>

namespace hence::api {
namespace {

class CountingSink : public AnswerSink {
 public:
  void answer(const RequestToken&, HttpResponse) override {}
  void open_stream(const RequestToken&, HttpResponse, std::shared_ptr<StreamBuffer>) override {}
  void stream_ready(const RequestToken&) override { ++ready; }
  int ready = 0;
};

struct StreamBufferTest : testing::Test {
  std::shared_ptr<CountingSink> sink = std::make_shared<CountingSink>();
  int closed = 0;
  StreamBuffer buffer{sink, RequestToken{}, 10, StreamOptions{"GAP", [this] { ++closed; }}};
};

TEST_F(StreamBufferTest, TellsTheConnectionOncePerTake) {
  EXPECT_TRUE(buffer.write("abc"));
  EXPECT_TRUE(buffer.write("def"));
  EXPECT_EQ(sink->ready, 1);
  EXPECT_EQ(buffer.take().text, "abcdef");
  EXPECT_TRUE(buffer.write("g"));
  EXPECT_EQ(sink->ready, 2);
}

TEST_F(StreamBufferTest, EndsWithAGapMarkerWhenFull) {
  EXPECT_TRUE(buffer.write("0123456789"));
  EXPECT_FALSE(buffer.write("x"));
  EXPECT_FALSE(buffer.write(""));
  EXPECT_TRUE(buffer.closed());
  buffer.close();
  buffer.close();
  EXPECT_EQ(closed, 1);
  const auto taken = buffer.take();
  EXPECT_TRUE(taken.overflowed);
  EXPECT_EQ(taken.text, "0123456789GAP");
}

TEST_F(StreamBufferTest, SaysNothingToAWriterThatEnded) {
  EXPECT_TRUE(buffer.write("a"));
  buffer.end();
  EXPECT_FALSE(buffer.write("b"));
  const auto taken = buffer.take();
  EXPECT_TRUE(taken.finished);
  EXPECT_EQ(taken.text, "a");
  buffer.close();
  EXPECT_EQ(closed, 0);
}

TEST(CaptureAnswer, GivesTheAnswerOfAHandler) {
  std::optional<HttpResponse> got;
  capture_answer([&](HttpResponse response) { got = std::move(response); })
      .answer(HttpResponse::with_body(201, "text/plain", "x"));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 201);
}

TEST(CaptureAnswer, GathersAStream) {
  std::optional<HttpResponse> got;
  {
    Stream stream = capture_answer([&](HttpResponse response) { got = std::move(response); })
                        .start_stream(HttpResponse{});
    EXPECT_TRUE(stream.write("a"));
    EXPECT_TRUE(stream.write("b"));
    EXPECT_FALSE(got);
  }
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "ab");
}

TEST(CaptureAnswer, AnswersForAResponderThatWasDropped) {
  std::optional<HttpResponse> got;
  { const Responder dropped = capture_answer([&](HttpResponse response) { got = std::move(response); }); }
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 500);
}

}  // namespace
}  // namespace hence::api
