// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hence::api {
namespace {

using testing::Contains;
using testing::Pair;

TEST(Problem, SaysTypeCodeAndRequest) {
  const HttpResponse response = problem(Error(ErrorCode::NotFound, "rule \"x\" is unknown"), "ab12");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.headers, Contains(Pair("content-type", "application/problem+json")));
  EXPECT_EQ(response.body,
            "{\"type\":\"urn:hence:error:not-found\",\"title\":\"There is no such thing\","
            "\"status\":404,\"detail\":\"rule \\\"x\\\" is unknown\",\"code\":\"NotFound\","
            "\"request_id\":\"ab12\"}\n");
}

TEST(Problem, IsUtf8WhateverItQuotes) {
  EXPECT_THAT(problem(Error(ErrorCode::EventInvalid, "no \xFF\" here"), "1").body, testing::HasSubstr("\"detail\":\"no \xEF\xBF\xBD\\\" here\""));
}

TEST(Problem, TellsWhenToRetry) {
  EXPECT_THAT(problem(Error(ErrorCode::Overloaded, "busy"), "1").headers,
              Contains(Pair("retry-after", "1")));
}

TEST(Problem, CarriesMoreMembersAndAnotherStatus) {
  const HttpResponse response = problem(Error(ErrorCode::TooLarge, "long"), "1",
                                        {{"limit", "3"}, {"path", json_text("/a\"b")}}, 414);
  EXPECT_EQ(response.status, 414);
  EXPECT_THAT(response.body, testing::HasSubstr("\"status\":414"));
  EXPECT_THAT(response.body, testing::HasSubstr(",\"limit\":3,\"path\":\"/a\\\"b\"}"));
}

}  // namespace
}  // namespace hence::api
