// SPDX-License-Identifier: Apache-2.0
#include "event/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::event {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

using HeaderList = std::vector<HeaderView>;

HeaderList minimal(HeaderList more = {}) {
  HeaderList headers = {{"CE-SpecVersion", "1.0"}, {"ce-id", "e1"}, {"ce-source", "/shop"},
                        {"Ce-Type", "order.created"}, {"Host", "localhost"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

Event accepted(const HeaderList& headers, std::string_view body = "") {
  auto event = from_http_binary(headers, body);
  EXPECT_TRUE(event.ok()) << event.error().message();
  return event.ok() ? *event : Event();
}
std::string refusal(const HeaderList& headers, std::string_view body = "") {
  auto event = from_http_binary(headers, body);
  return event.ok() ? "" : event.error().message();
}

TEST(HttpMode, FollowsTheContentType) {
  EXPECT_EQ(http_mode("application/json").value(), HttpMode::binary);
  EXPECT_EQ(http_mode("").value(), HttpMode::binary);
  EXPECT_EQ(http_mode("application/cloudevents+json").value(), HttpMode::structured);
  EXPECT_EQ(http_mode("Application/CloudEvents+JSON; charset=UTF-8").value(), HttpMode::structured);
  EXPECT_EQ(http_mode("application/cloudevents-batch+json").value(), HttpMode::batch);
  for (const char* type : {"application/cloudevents+avro", "application/cloudevents",
                           "application/cloudevents-batch+protobuf",
                           "application/cloudevents+json; charset=utf-16"}) {
    EXPECT_EQ(http_mode(type).error().code(), ErrorCode::UnsupportedMediaType) << type;
  }
}

TEST(FromHttp, ReadsAllThreeModes) {
  const std::string one = R"({"specversion":"1.0","id":"e1","source":"/s","type":"t"})";
  const HeaderList structured = {{"Content-Type", "application/cloudevents+json"}};
  EXPECT_EQ(from_http(structured, one).value().events.at(0)->id(), "e1");
  const HeaderList batch = {{"content-type", "application/cloudevents-batch+json"}};
  EXPECT_EQ(from_http(batch, "[" + one + "," + one + "]").value().events.size(), 2u);
  EXPECT_EQ(from_http(minimal(), "").value().mode, HttpMode::binary);
  EXPECT_FALSE(from_http(structured, "{}").ok());
}

TEST(BinaryMode, ReadsAttributesAndJsonData) {
  const Event event = accepted(minimal({{"ce-subject", "s"}, {"ce-ext", "7"},
                                        {"content-type", "application/json; charset=utf-8"}}),
                               R"({"total": 40.10})");
  EXPECT_EQ(event.id(), "e1");
  EXPECT_EQ(event.source(), "/shop");
  EXPECT_EQ(event.type(), "order.created");
  EXPECT_EQ(event.subject(), "s");
  EXPECT_EQ(event.datacontenttype(), "application/json; charset=utf-8");
  EXPECT_EQ(event.data()->find("total")->number_text(), "40.10");
  EXPECT_EQ(event.value()->find("ext")->as_string(), "7");
}

TEST(BinaryMode, DecodesPercentTripletsExactlyOnce) {
  const std::pair<const char*, const char*> kCases[] = {
      {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"},
      {"%e2%82%ac", "€"},
      {"%2525", "%25"},
      {"plain text", "plain text"},
      {"%41", "A"},
      {"\"quoted \\\"x\\\" %25\"", "quoted \"x\" %"},
  };
  for (const auto& [header, text] : kCases) {
    EXPECT_EQ(accepted(minimal({{"ce-subject", header}})).subject(), text) << header;
  }
}

TEST(BinaryMode, RefusesBrokenTripletsBadUtf8AndDecodedControls) {
  for (const char* header : {"%", "a%2", "%zz", "100%", "%C0%A0", "%ED%A0%80", "%0D%0Ax: y", "%00",
                             "%7F", "%C2%85"}) {
    EXPECT_NE(refusal(minimal({{"ce-subject", header}})), "") << header;
  }
}

TEST(BinaryMode, RefusesHeadersThatMayNotBe) {
  EXPECT_THAT(refusal(minimal({{"ce-datacontenttype", "text/plain"}})), HasSubstr("Content-Type"));
  EXPECT_THAT(refusal(minimal({{"ce-data", "x"}})), HasSubstr("names no attribute"));
  EXPECT_THAT(refusal(minimal({{"ce-data_base64", "eA=="}})), HasSubstr("names no attribute"));
  EXPECT_THAT(refusal(minimal({{"ce-my-ext", "x"}})), HasSubstr("lower-case"));
  EXPECT_THAT(refusal(minimal({{"CE-ID", "e2"}})), HasSubstr("more than once"));
  EXPECT_THAT(refusal(minimal({{"ce-subject", ""}})), HasSubstr("empty"));
  EXPECT_THAT(refusal(minimal({{"Content-Type", "xyz"}})), HasSubstr("media type"));
  EXPECT_THAT(refusal(minimal({{"Content-Type", "text/plain; a=\"\xff\""}})), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal(minimal({{"Content-Type", "a/b"}, {"content-type", "a/b"}})),
              HasSubstr("more than once"));
  EXPECT_THAT(refusal({{"content-type", "application/json"}}, "{}"), HasSubstr("ce-specversion"));
}

TEST(BinaryMode, TheBodyBecomesWhatItsTypeSays) {
  const auto data = [](const char* type, std::string_view body) {
    return accepted(minimal({{"content-type", type}}), body);
  };
  EXPECT_EQ(data("text/plain", "hello \xE2\x82\xAC").data()->as_string(), "hello €");
  EXPECT_EQ(data("text/plain", "\xFF").data_base64(), "/w==");
  EXPECT_EQ(data("text/plain; charset=iso-8859-1", "x").data_base64(), "eA==");
  EXPECT_EQ(data("application/octet-stream", std::string_view("\0\1", 2)).data_base64(), "AAE=");
  EXPECT_EQ(data("application/json", "\"{}\"").data()->as_string(), "{}");
  EXPECT_FALSE(data("application/json", "").has_data());
  EXPECT_TRUE(accepted(minimal(), "[1]").data()->is_array());
  EXPECT_EQ(accepted(minimal(), "no json").data_base64(), "bm8ganNvbg==");
  EXPECT_THAT(refusal(minimal({{"content-type", "application/json"}}), "{"), HasSubstr("body"));
}

TEST(BinaryMode, GoesOutAsItCameIn) {
  const std::string body = R"({ "total": 40.10 , "n": 1e400 })";
  auto event = parse_structured(
      R"({"specversion":"1.0","id":"e 1","source":"/s","type":"t","on":true,"n":-5,"no":null,)"
      R"("subject":"100% \"€\"","datacontenttype":"application/json","data":)" + body + "}");
  const HttpMessage message = to_http_binary(event.value());
  EXPECT_EQ(message.body, body);
  EXPECT_THAT(message.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_THAT(message.headers, Contains(Pair("ce-id", "e%201")));
  EXPECT_THAT(message.headers, Contains(Pair("ce-subject", "100%25%20%22%E2%82%AC%22")));
  EXPECT_THAT(message.headers, Contains(Pair("ce-on", "true")));
  EXPECT_THAT(message.headers, Contains(Pair("ce-n", "-5")));
  EXPECT_EQ(message.headers.size(), 8u);
  HeaderList back(message.headers.begin(), message.headers.end());
  const Event again = accepted(back, message.body);
  EXPECT_EQ(again.subject(), event->subject());
  EXPECT_TRUE(json::equal(*again.data(), *event->data()));
}

TEST(BinaryMode, GivesBodiesOfEveryKind) {
  const auto message = [](const std::string& members) {
    return to_http_binary(
        parse_structured(R"({"specversion":"1.0","id":"e","source":"/s","type":"t")" + members + "}")
            .value());
  };
  EXPECT_EQ(message("").body, "");
  EXPECT_EQ(message("").headers.size(), 4u);
  EXPECT_EQ(message(R"(,"data":null)").body, "null");
  EXPECT_EQ(message(R"(,"data":"x")").body, "\"x\"");
  EXPECT_EQ(message(R"(,"data":1)").headers.at(0).second, "application/json");
  EXPECT_EQ(message(R"(,"datacontenttype":"text/plain","data":"a\nb")").body, "a\nb");
  EXPECT_EQ(message(R"(,"data_base64":"AAE=")").body, std::string("\0\1", 2));
  EXPECT_EQ(message(R"(,"data_base64":"AAE=")").headers.size(), 4u);
}

TEST(StructuredMode, SendsTheDocument) {
  const std::string text = R"({"specversion":"1.0","id":"e","source":"/s","type":"t","data":[1.0]})";
  const HttpMessage message = to_http_structured(parse_structured(text).value());
  EXPECT_EQ(message.body, text);
  EXPECT_EQ(message.headers.at(0).second, "application/cloudevents+json");
}

}  // namespace
}  // namespace hence::event
