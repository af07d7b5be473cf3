// SPDX-License-Identifier: Apache-2.0
#include "api/http_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http_target.h"

namespace hence::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Result<HttpRequest> get(const std::string& target, const std::string& fields = "Host: h\r\n") {
  return request_from_text("GET " + target + " HTTP/1.1\r\n" + fields + "\r\n");
}

TEST(HttpParse, ReadsRequestLineAndHeaders) {
  const auto request = request_from_text(
      "POST /api/v1/a%20b?x=1&y=%2F+z&x=2&flag HTTP/1.1\r\nHost: Example.org:4362\r\n"
      "X-One: \t a b \t\r\nX-Two:\r\nx-one: c\r\n\r\n");
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->method, HttpMethod::post);
  EXPECT_EQ(request->target, "/api/v1/a%20b?x=1&y=%2F+z&x=2&flag");
  EXPECT_EQ(request->path, "/api/v1/a%20b");
  EXPECT_THAT(request->segments, ElementsAre("api", "v1", "a b"));
  EXPECT_THAT(request->query, ElementsAre(Pair("x", "1"), Pair("y", "/ z"), Pair("x", "2"),
                                          Pair("flag", "")));
  EXPECT_EQ(request->find_query("x"), "1");
  EXPECT_EQ(request->find_query("z"), std::nullopt);
  EXPECT_EQ(request->host, "Example.org:4362");
  EXPECT_EQ(request->find_one("x-one").count, HeaderCount::many);
  EXPECT_EQ(request->find_one("x-one").value, "a b");
  EXPECT_EQ(request->find_one("x-two").count, HeaderCount::one);
  EXPECT_EQ(request->find_one("x-two").value, "");
  EXPECT_EQ(request->find_one("x-three").count, HeaderCount::missing);
  EXPECT_TRUE(request->keep_alive);
}

TEST(HttpParse, ViewsSurviveMoving) {
  auto request = get("/a");
  ASSERT_TRUE(request.ok());
  const HttpRequest moved = std::move(*request);
  EXPECT_EQ(moved.target, "/a");
  EXPECT_EQ(moved.find_one("host").value, "h");
}

TEST(HttpParse, DecodesPathsOnce) {
  const auto segments = [](const std::string& target) { return get(target)->segments; };
  EXPECT_THAT(segments("/"), ElementsAre());
  EXPECT_THAT(segments("/a/"), ElementsAre("a", ""));
  EXPECT_THAT(segments("//a"), ElementsAre("", "a"));
  EXPECT_THAT(segments("/%252e%252e"), ElementsAre("%2e%2e"));
  EXPECT_THAT(segments("/a+b"), ElementsAre("a+b"));
  EXPECT_THAT(segments("/%C3%A9"), ElementsAre("é"));
  EXPECT_THAT(segments("/..."), ElementsAre("..."));
}

TEST(HttpParse, RefusesPathsThatMeanSomethingElseToOthers) {
  for (const char* target :
       {"/.", "/..", "/a/../b", "/a/./b", "/%2e%2e/a", "/%2E./a", "/a%2fb", "/a%2Fb", "/a%5cb",
        "/a\\b", "/a%00", "/a%0a", "/a%7f", "/a%", "/a%2", "/a%zz", "/%ff", "/%c0%af", "/%ed%a0%80",
        "/a?x=%00", "/a?x=%f", "/a?x=%ff", "/a#b", "a", "*", "", "/a b", "/\x80"}) {
    const auto request = get(target);
    ASSERT_FALSE(request.ok()) << target;
    EXPECT_EQ(request.error().code(), ErrorCode::RequestInvalid) << target;
  }
}

TEST(HttpParse, TakesAbsoluteTargetsOfTheSameHost) {
  const auto request = get("http://H:80/a?b=c", "Host: h:80\r\n");
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request->segments, ElementsAre("a"));
  EXPECT_EQ(request->path, "/a");
  EXPECT_FALSE(get("http://h/a", "Host: i\r\n").ok());
  EXPECT_FALSE(get("http://h:80/a", "Host: h\r\n").ok());
  EXPECT_FALSE(get("http://u@h/a", "Host: h\r\n").ok());
  EXPECT_FALSE(get("http:///a", "Host: h\r\n").ok());
  EXPECT_FALSE(get("ftp://h/a", "Host: h\r\n").ok());
}

TEST(HttpParse, TakesStarForOptionsOnly) {
  EXPECT_TRUE(request_from_text("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").ok());
  EXPECT_FALSE(get("*").ok());
}

TEST(HttpParse, KnowsWhatIsAHost) {
  for (const char* host : {"a", "a.b:1", "127.0.0.1:4362", "[::1]:80", "[::1]", "a_b-c~d"}) {
    EXPECT_TRUE(get("/", std::string("Host: ") + host + "\r\n").ok()) << host;
  }
  for (const char* host : {"", "a b", "a,b", "a:", "a:x", "a:123456", "a/b", "u@h", "[::1", "[x]", ":80",
                           "[]", "a\tb", "é"}) {
    EXPECT_FALSE(get("/", std::string("Host: ") + host + "\r\n").ok()) << host;
  }
}

TEST(HttpParse, DecidesAboutKeepAlive) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return request_from_text("GET / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n")->keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x, close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(HttpParse, DropsClaimsAboutTheClient) {
  const auto request = get("/", "Host: h\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=x\r\n"
                                "X-Envoy-Internal: 1\r\nX-Forwarded-Client-Cert: x\r\n"
                                "X-Remote-User: root\r\nX-Real-IP: 1.1.1.1\r\nX-Kept: 1\r\n");
  ASSERT_TRUE(request.ok());
  ASSERT_EQ(request->headers.size(), 2u);
  EXPECT_EQ(request->headers[1].name, "x-kept");
}

TEST(HttpParse, FindsTheEndOfAHeadThatComesByteByByte) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET";
  HeadScanner scanner;
  const HttpLimits limits;
  for (size_t n = 1; n <= text.size() && scanner.head_bytes() == 0; ++n) {
    ASSERT_FALSE(scanner.scan(text.substr(0, n), limits).has_value()) << n;
  }
  EXPECT_EQ(scanner.head_bytes(), text.size() - 3);
}

TEST(HttpParse, RefusesBrokenLineEndsAtOnce) {
  const HttpLimits limits;
  for (const char* text : {"GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: h\n", "GET / HTTP/1.1\rH",
                           "GET / HTTP/1.1\r\nA: b\rc", "GET / HTTP/1.1\r\r\n", "\x16\x03\x01"}) {
    HeadScanner scanner;
    EXPECT_TRUE(scanner.scan(text, limits).has_value()) << text;
  }
}

TEST(HttpParse, AHeadOverTheLimitIsTooLargeWhereverItsLinesEnd) {
  HttpLimits limits;
  limits.header_block_bytes = 100;
  for (size_t n = 70; n < 130; ++n) {
    const std::string text = "GET / HTTP/1.1\r\nX: " + std::string(n, 'a') + "\r\n\r\n";
    HeadScanner scanner;
    const auto refusal = scanner.scan(text, limits);
    ASSERT_EQ(refusal.has_value(), text.size() > 100) << text.size();
    if (refusal) {
      EXPECT_EQ(refusal->error.code(), ErrorCode::HeadersTooLarge) << text.size();
    }
  }
}

TEST(HttpParse, SaysWhatIsWrong) {
  EXPECT_THAT(get("/../a").error().message(), HasSubstr("dot segments"));
  EXPECT_THAT(get("/", "").error().message(), HasSubstr("host: the header is missing"));
}

}  // namespace
}  // namespace hence::api
