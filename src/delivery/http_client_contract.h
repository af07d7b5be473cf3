// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract of the port HttpClient as tests, for every implementation to pass:
//
//   INSTANTIATE_TEST_SUITE_P(Curl, HttpClientContract, testing::Values(&make_curl_subject));
//
// A subject answers, under its url: /ok 200 with header "X-Name: Value" and body "fine"; /missing
// 404; /moved 302; /long 200 with 100,000 bytes; /huge 200 with 2 MiB, more than a client that has a
// bound for all it holds may hold here; /never nothing at all.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "delivery/http_client.h"

namespace hence::delivery {

struct HttpClientSubject {
  virtual ~HttpClientSubject() = default;
  virtual HttpClient& client() = 0;
  virtual std::string url() = 0;  ///< without the path
};

class HttpClientContract
    : public testing::TestWithParam<std::unique_ptr<HttpClientSubject> (*)()> {
 protected:
  std::future<Result<HttpAnswer>> begin(HttpCall call) {
    auto promise = std::make_shared<std::promise<Result<HttpAnswer>>>();
    auto future = promise->get_future();
    // A second set_value would throw: done runs exactly once.
    subject_->client().start(++last_id_, std::move(call), [promise](Result<HttpAnswer> answer) {
      promise->set_value(std::move(answer));
    });
    return future;
  }
  HttpCall to(const std::string& path) {
    HttpCall call;
    call.url = subject_->url() + path;
    return call;
  }
  Result<HttpAnswer> call(HttpCall call) { return begin(std::move(call)).get(); }

  std::unique_ptr<HttpClientSubject> subject_ = GetParam()();
  uint64_t last_id_ = 0;
};

TEST_P(HttpClientContract, BringsStatusHeadersInLowerCaseAndBody) {
  const auto answer = call(to("/ok"));
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "fine");
  bool found = false;
  for (const auto& [name, value] : answer->headers) found |= name == "x-name" && value == "Value";
  EXPECT_TRUE(found);
}

TEST_P(HttpClientContract, AnswersThatAreNoSuccessAreAnswers) {
  EXPECT_EQ(call(to("/missing"))->status, 404);
  EXPECT_EQ(call(to("/moved"))->status, 302);
}

TEST_P(HttpClientContract, AnswersOverTheLimitAreCallFailed) {
  HttpCall made = to("/long");
  made.response_bytes_max = 99'999;
  const auto answer = call(made);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
  EXPECT_NE(answer.error().message().find("the answer is over 99999 bytes; have less sent back"), std::string::npos) << answer.error().message();
  made.response_setting = "limits.responseBytes";
  const std::string named = call(made).error().message();
  EXPECT_NE(named.find("over 99999 bytes, which is what limits.responseBytes allows; have less sent back, or raise it"), std::string::npos) << named;
  made.response_bytes_max = 100'000;
  EXPECT_TRUE(call(made).ok());
}

TEST_P(HttpClientContract, AnAnswerOverTheLimitIsCutOffWhereItsStatusIsWhatCounts) {
  HttpCall made = to("/long");
  made.response_bytes_max = 99'999;
  made.truncate_answer = true;
  const auto answer = call(made);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(answer->body == std::string(99'999, 'x')) << answer->body.size();
  made.response_bytes_max = 1;
  EXPECT_EQ(call(made)->body, "x");
  EXPECT_EQ(call(to("/ok"))->body, "fine");
}

TEST_P(HttpClientContract, ACallThatLeftIsNeverOverloaded) {
  HttpCall made = to("/huge");
  made.response_bytes_max = 4 << 20;
  const auto answer = call(made);
  EXPECT_TRUE(answer.ok() || answer.error().code() == ErrorCode::CallFailed) << answer.error().message();
  made.truncate_answer = true;
  const auto cut = call(made);
  ASSERT_TRUE(cut.ok()) << cut.error().message();
  EXPECT_EQ(cut->status, 200);
  EXPECT_EQ(call(to("/ok"))->body, "fine") << "what it held is free again";
}

TEST_P(HttpClientContract, CancelEndsACallOnceAndLaterOnesChangeNothing) {
  auto hanging = begin(to("/never"));
  subject_->client().cancel(last_id_);
  subject_->client().cancel(last_id_);
  subject_->client().cancel(12345);
  const auto answer = hanging.get();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
}

TEST_P(HttpClientContract, CallsThatCannotBeSentAreRequestInvalid) {
  const auto refused = [&](HttpCall made) {
    const auto answer = call(std::move(made));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), ErrorCode::RequestInvalid) << answer.error().message();
  };
  HttpCall made = to("/ok");
  made.headers = {{"a", "b\r\nc: d"}};
  refused(made);
  made = to("/ok");
  made.headers = {{"Content-Length", "7"}};
  refused(made);
  made = to("/ok");
  made.method = "G T";
  refused(made);
  refused(to("/a b"));
  refused(to("/missing/../ok"));
  made.url = "ftp://example.com/";
  refused(made);
  made.url = "http://user:secret@example.com/";
  refused(made);
}

}  // namespace hence::delivery
