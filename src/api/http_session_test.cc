// SPDX-License-Identifier: Apache-2.0
#include "api/http_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/http_mailbox.h"

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Gives answers straight to the one session.
class DirectSink : public AnswerSink {
 public:
  void answer(const RequestToken& token, HttpResponse response) override {
    if (session) session->answer(token.request, std::move(response), now);
  }
  void open_stream(const RequestToken& token, HttpResponse head,
                   std::shared_ptr<StreamBuffer> buffer) override {
    if (session) session->open_stream(token.request, std::move(head), std::move(buffer), now);
  }
  void stream_ready(const RequestToken& token) override {
    if (session) session->stream_ready(token.request, now);
  }
  HttpSession* session = nullptr;
  os::MonotonicTime now;
};

class HttpSessionTest : public testing::Test, public HttpHandler {
 protected:
  HttpSessionTest() { open(); }
  ~HttpSessionTest() override { sink->session = nullptr; }

  BodyLimit body_limit(const RequestHead& head) override {
    BodyLimit limit{body_max, std::nullopt};
    if (head.path == "/refused") limit.refusal = HttpResponse::with_body(401, "text/plain", "no");
    return limit;
  }
  void handle(HttpRequest request, Responder responder) override {
    seen.push_back(std::string(method_name(request.method)) + " " + std::string(request.path) + " " +
                   request.body);
    if (request.path == "/later") {
      held.push_back(std::move(responder));
    } else if (request.path == "/dropped") {
      return;
    } else if (request.path == "/stream") {
      stream = responder.start_stream(HttpResponse{}, {"GAP", [this] { ++streams_closed; }});
    } else if (request.path == "/broken") {
      responder.answer(HttpResponse{}.header("x-a", "b\r\nset-cookie: c"));
    } else {
      responder.answer(HttpResponse::with_body(200, "text/plain", "<" + request.body + ">"));
    }
  }

  void open() {
    session = std::make_unique<HttpSession>(context, RequestToken{}, "192.0.2.1", sink->now);
    sink->session = session.get();
    seen.clear();
  }
  /// Sends bytes; gives all that came out.
  std::string send(std::string_view bytes) {
    while (!bytes.empty() && session->wanted_input_bytes() > 0) {
      const std::string_view part = bytes.substr(0, session->wanted_input_bytes());
      session->receive(part, sink->now);
      bytes.remove_prefix(part.size());
    }
    return drain();
  }
  std::string drain() {
    std::string all;
    while (!session->output().empty()) {
      all += session->output();
      session->output_sent(session->output().size(), sink->now);
    }
    return all;
  }
  void advance(Duration duration) {
    sink->now = sink->now + duration;
    session->tick(sink->now);
  }
  bool closing() const { return session->closed() || session->wants_shutdown(); }

  HttpLimits limits;
  uint64_t body_max = 100;
  RequestMemory memory{40'000};
  HttpCounters counters;
  std::shared_ptr<DirectSink> sink = std::make_shared<DirectSink>();
  SessionContext context{limits, *this, memory, counters, sink, 7, "now"};
  std::unique_ptr<HttpSession> session;
  std::vector<std::string> seen;
  std::vector<Responder> held;
  Stream stream;
  int streams_closed = 0;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

struct FramingCase {
  const char* name;
  std::string bytes;
  int status;  // of the first response
};

/// What is refused: every row ends in the status and a closed connection, and reaches no handler.
std::vector<FramingCase> refused_requests() {
  const auto post = [](const std::string& fields, const std::string& body = "") {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
  };
  const auto get = [](const std::string& fields) {
    return "GET / HTTP/1.1\r\n" + fields + "\r\n";
  };
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X-H: 1\r\n";
  return {
      {"both lengths", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "abc"), 400},
      {"both lengths, other order", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
      {"zero length and coding", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
      {"coding gzip", post("Transfer-Encoding: gzip\r\n"), 400},
      {"coding gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"coding chunked, identity", post("Transfer-Encoding: chunked, identity\r\n"), 400},
      {"coding chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"coding in two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"coding Chunked", post("Transfer-Encoding: Chunked\r\n"), 400},
      {"coding xchunked", post("Transfer-Encoding: xchunked\r\n"), 400},
      {"coding with parameter", post("Transfer-Encoding: chunked;q=1\r\n"), 400},
      {"coding quoted", post("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {"coding with vertical tab", post("Transfer-Encoding: \x0b" "chunked\r\n"), 400},
      {"coding empty", post("Transfer-Encoding:\r\n"), 400},
      {"coding identity", post("Transfer-Encoding: identity\r\n"), 400},
      {"coding in 1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"length twice, equal", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"length twice, different", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), 400},
      {"length list", post("Content-Length: 3, 3\r\n", "abc"), 400},
      {"length +3", post("Content-Length: +3\r\n", "abc"), 400},
      {"length -3", post("Content-Length: -3\r\n", "abc"), 400},
      {"length with space", post("Content-Length: 1 3\r\n", "abc"), 400},
      {"length 0x3", post("Content-Length: 0x3\r\n", "abc"), 400},
      {"length 3.0", post("Content-Length: 3.0\r\n", "abc"), 400},
      {"length empty", post("Content-Length:\r\n", "abc"), 400},
      {"length beyond 64 bits", post("Content-Length: 18446744073709551619\r\n", "abc"), 400},
      {"bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"bare LF in a header", get("Host: h\nX: y\r\n"), 400},
      {"bare CR in a header", get("Host: h\rX: y\r\n"), 400},
      {"CR CR LF", get("Host: h\r\r\n"), 400},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"folded line", get("Host: h\r\nX: a\r\n b\r\n"), 400},
      {"folded with tab", get("Host: h\r\nX: a\r\n\tb\r\n"), 400},
      {"folded first line", get(" X: a\r\nHost: h\r\n"), 400},
      {"NUL in a value", get(std::string("Host: h\r\nX: a") + '\0' + "b\r\n"), 400},
      {"NUL in a name", get(std::string("Host: h\r\nX") + '\0' + ": b\r\n"), 400},
      {"control in a value", get("Host: h\r\nX: a\x01\r\n"), 400},
      {"DEL in a value", get("Host: h\r\nX: a\x7f\r\n"), 400},
      {"space before colon", get("Host : h\r\n"), 400},
      {"space before colon of length", post("Content-Length : 3\r\n", "abc"), 400},
      {"tab before colon", post("Transfer-Encoding\t: chunked\r\n"), 400},
      {"space in a name", get("Host: h\r\nX Y: a\r\n"), 400},
      {"empty name", get("Host: h\r\n: a\r\n"), 400},
      {"no colon", get("Host: h\r\nabc\r\n"), 400},
      {"non-ASCII name", get("Host: h\r\n\xc3\xa9: a\r\n"), 400},
      {"no Host", get(""), 400},
      {"two Hosts", get("Host: h\r\nHost: h\r\n"), 400},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"Host list", get("Host: h, i\r\n"), 400},
      {"empty Host", get("Host:\r\n"), 400},
      {"Host differs from target", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
      {"version 2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400},
      {"version 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 400},
      {"version 0.9", "GET /\r\n\r\n", 400},
      {"version in lower case", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"version 1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"version missing", "GET / \r\nHost: h\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"TLS hello", "\x16\x03\x01\x02", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"tab as separator", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"leading space", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"lower-case method", "get / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"method with odd characters", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"dot segments", "GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"encoded slash", "GET /a%2fb HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"target over 8 KiB", "GET /" + std::string(8200, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"request line without end", "GET /" + std::string(9000, 'a'), 414},
      {"headers over 16 KiB", get("Host: h\r\nX: " + std::string(17000, 'a') + "\r\n"), 431},
      {"101 headers", get("Host: h\r\n" + many), 431},
      {"other expectation", post("Expect: 200-ok\r\nContent-Length: 3\r\n", "abc"), 417},
      {"compressed body", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 415},
      {"length over the limit", post("Content-Length: 101\r\n"), 413},
      {"length far over the limit", post("Content-Length: 999999999999999999\r\n"), 413},
      {"chunks over the limit", post("Transfer-Encoding: chunked\r\n", "65\r\n"), 413},
      {"chunk extension over 256 B",
       post("Transfer-Encoding: chunked\r\n", "1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n"), 400},
      {"chunk size with 0x", post("Transfer-Encoding: chunked\r\n", "0x1\r\na\r\n0\r\n\r\n"), 400},
      {"chunk longer than its size", post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"), 400},
      {"chunk with bare LF", post("Transfer-Encoding: chunked\r\n", "1\na\n0\n\n"), 400},
  };
}

TEST_F(HttpSessionTest, RefusesAndCloses) {
  for (const FramingCase& row : refused_requests()) {
    open();
    const std::string answer = send(row.bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(row.status) + " ")) << row.name;
    EXPECT_THAT(answer, HasSubstr("application/problem+json")) << row.name;
    EXPECT_THAT(answer, HasSubstr("connection: close\r\n")) << row.name;
    EXPECT_THAT(answer, HasSubstr("x-request-id: ")) << row.name;
    EXPECT_TRUE(closing()) << row.name;
    EXPECT_TRUE(seen.empty()) << row.name;
    EXPECT_EQ(send(kGet), "") << row.name;
    EXPECT_TRUE(seen.empty()) << row.name;
  }
}

TEST_F(HttpSessionTest, NamesTheSettingOfTheLimitItRefusesBy) {
  for (const FramingCase& row : refused_requests()) {
    if (row.status != 414 && row.status != 431) continue;
    open();
    const bool many = std::string_view(row.name) == "101 headers";
    const std::string setting = row.status == 414 ? "limits.targetBytes" : many ? "limits.headers" : "limits.headerBytes";
    EXPECT_THAT(send(row.bytes), HasSubstr("which is what " + setting + " allows")) << row.name;
  }
}

TEST_F(HttpSessionTest, RefusesTheSameWhateverThePieces) {
  for (const FramingCase& row : refused_requests()) {
    open();
    std::string answer;
    for (const char c : row.bytes) answer += send({&c, 1});
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(row.status) + " ")) << row.name;
    EXPECT_TRUE(closing()) << row.name;
    EXPECT_TRUE(seen.empty()) << row.name;
  }
}

TEST_F(HttpSessionTest, AnswersAndStaysOpen) {
  EXPECT_EQ(send(kGet),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-request-id: 63cbe1e459320dd7\r\n"
            "date: now\r\ncontent-length: 2\r\n\r\n<>");
  EXPECT_FALSE(closing());
  EXPECT_EQ(session->wanted_input_bytes(), 16u * 1024);
  EXPECT_THAT(send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"), HasSubstr("<abc>"));
  EXPECT_THAT(send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n"), HasSubstr("<abc>"));
  EXPECT_EQ(memory.used(), 0u);
}

TEST_F(HttpSessionTest, TakesOneEmptyLineBeforeARequest) {
  EXPECT_THAT(send("\r\n" + kGet), HasSubstr("200 OK"));
  EXPECT_THAT(send("\r"), "");
  EXPECT_THAT(send("\n" + kGet), HasSubstr("200 OK"));
}

TEST_F(HttpSessionTest, ClosesWhereTheClientAsksForIt) {
  EXPECT_THAT(send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(session->wants_shutdown());
  open();
  EXPECT_THAT(send("GET / HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(session->wants_shutdown());
  open();
  EXPECT_THAT(send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_FALSE(closing());
}

TEST_F(HttpSessionTest, AnswersPipelinedRequestsInOrder) {
  const std::string requests =
      "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb" + kGet;
  EXPECT_EQ(send(requests), "");
  EXPECT_EQ(session->wanted_input_bytes(), 0u);
  EXPECT_EQ(seen.size(), 1u);
  held[0].answer(HttpResponse::with_body(200, "text/plain", "first"));
  const std::string answers = drain();
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_LT(answers.find("first"), answers.find("<b>"));
  EXPECT_LT(answers.find("<b>"), answers.find("<>"));
}

TEST_F(HttpSessionTest, ReadsNoMoreWhileAnswersPileUp) {
  limits.unsent_bytes_before_next_request = 500;
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += kGet;
  session->receive(requests, sink->now);
  EXPECT_LT(seen.size(), 10u);
  EXPECT_EQ(session->wanted_input_bytes(), 0u);
  drain();
  EXPECT_EQ(seen.size(), 50u);
}

TEST_F(HttpSessionTest, SaysContinueOnlyToRequestsWithinTheLimits) {
  EXPECT_EQ(send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(send("ab"), HasSubstr("<ab>"));
  EXPECT_THAT(send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpSessionTest, LetsTheHandlerRefuseBeforeTheBody) {
  EXPECT_THAT(send("GET /refused HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 401"));
  EXPECT_FALSE(closing());
  EXPECT_THAT(send("POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"),
              StartsWith("HTTP/1.1 401"));
  EXPECT_TRUE(closing());
  EXPECT_TRUE(seen.empty());
}

TEST_F(HttpSessionTest, LeavesTheBodyOutForHead) {
  const std::string answer = send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 2\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_THAT(send("x"), testing::EndsWith("}\n"));  // the refusal after it has one
}

TEST_F(HttpSessionTest, AnswersForAHandlerThatFailsTo) {
  EXPECT_THAT(send("GET /dropped HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 500"));
  const std::string answer = send("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, Not(HasSubstr("set-cookie")));
}

TEST_F(HttpSessionTest, BoundsTheMemoryOfAllRequests) {
  body_max = 100'000;
  EXPECT_EQ(send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n"), "");
  const std::string answer = send(std::string(45'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("retry-after: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("limits.requestMemory"));
  EXPECT_EQ(memory.used(), 0u);
}

TEST_F(HttpSessionTest, HoldsMemoryUntilTheAnswer) {
  send("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n" + std::string(50, 'x'));
  EXPECT_GT(memory.used(), 50u);
  held[0].answer(HttpResponse{});
  EXPECT_EQ(memory.used(), 0u);
}

TEST_F(HttpSessionTest, ClosesAnIdleConnectionWithoutAWord) {
  send(kGet);
  advance(Duration::seconds(59));
  EXPECT_FALSE(closing());
  advance(Duration::seconds(2));
  EXPECT_TRUE(session->closed());
  EXPECT_EQ(drain(), "");
}

TEST_F(HttpSessionTest, RefusesSlowHeaders) {
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(send("G"), "");
    advance(Duration::seconds(1));
  }
  advance(Duration::seconds(2));
  const std::string answer = drain();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr("within 10 s, which is what limits.headerTime allows"));
  EXPECT_TRUE(closing());
}

TEST_F(HttpSessionTest, RefusesSlowBodies) {
  body_max = 100'000;
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    send("xxxxxxxxxx");
    advance(Duration::seconds(1));
  }
  const std::string answer = drain();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr("less than 1024 bytes a second, which is what limits.bodyRate asks for"));
}

TEST_F(HttpSessionTest, LetsABodyOfTheLeastRatePass) {
  limits.bytes_per_second = 4;
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 12; ++i) {
    answer += send("xxxxx");
    advance(Duration::seconds(1));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpSessionTest, DropsAClientThatDoesNotRead) {
  session->receive(kGet, sink->now);
  session->output_sent(1, sink->now);
  advance(Duration::seconds(31));
  EXPECT_TRUE(session->closed());
}

TEST_F(HttpSessionTest, ReadsOnAfterTheLastAnswerUntilTheClientCloses) {
  send("X\n");
  EXPECT_TRUE(session->wants_shutdown());
  EXPECT_GT(session->wanted_input_bytes(), 0u);
  EXPECT_EQ(send("more"), "");
  session->end_of_input();
  EXPECT_TRUE(session->closed());
  open();
  send("X\n");
  advance(Duration::seconds(2));
  EXPECT_TRUE(session->closed());
}

TEST_F(HttpSessionTest, AnswersAClientThatSendsNoMore) {
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  session->end_of_input();
  EXPECT_FALSE(session->closed());
  held[0].answer(HttpResponse{});
  EXPECT_THAT(drain(), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(session->closed());
  open();
  send("GET / HT");
  session->end_of_input();
  EXPECT_THAT(drain(), StartsWith("HTTP/1.1 400"));
  EXPECT_TRUE(session->closed());
}

TEST_F(HttpSessionTest, StreamsInChunks) {
  EXPECT_THAT(send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"),
              HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_TRUE(stream.write("hello"));
  EXPECT_TRUE(stream.write(" you"));
  EXPECT_EQ(drain(), "5\r\nhello\r\n4\r\n you\r\n");
  stream.end();
  EXPECT_EQ(drain(), "0\r\n\r\n");
  EXPECT_FALSE(closing());
  EXPECT_THAT(send(kGet), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(streams_closed, 0);
}

TEST_F(HttpSessionTest, StreamsUntilCloseInHttp10) {
  EXPECT_THAT(send("GET /stream HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(stream.write("hello"));
  EXPECT_EQ(drain(), "hello");
  stream.end();
  EXPECT_EQ(drain(), "");
  EXPECT_TRUE(session->wants_shutdown());
}

TEST_F(HttpSessionTest, DropsAStreamThatIsReadTooSlowly) {
  limits.stream_buffer_bytes = 100;
  send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(stream.write("first"));  // goes to the output, and stays there
  EXPECT_TRUE(stream.write(std::string(100, 'x')));
  EXPECT_FALSE(stream.write("y"));
  EXPECT_EQ(streams_closed, 1);
  EXPECT_TRUE(stream.closed());
  const std::string text = drain();
  EXPECT_TRUE(text.ends_with("xxGAP\r\n")) << text;
  EXPECT_TRUE(session->wants_shutdown());
}

TEST_F(HttpSessionTest, TellsTheWriterThatTheClientIsGone) {
  send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  session->end_of_input();
  EXPECT_EQ(streams_closed, 1);
  EXPECT_FALSE(stream.write("x"));
  EXPECT_TRUE(session->closed());
}

TEST_F(HttpSessionTest, ReadsNothingAfterAStreamDuringWhichBytesCame) {
  send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  send("GET /half");
  stream.end();
  drain();
  EXPECT_TRUE(session->wants_shutdown());
}

TEST_F(HttpSessionTest, StopsAfterTheRequestInFlight) {
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  session->begin_stop(sink->now);
  EXPECT_FALSE(session->closed());
  held[0].answer(HttpResponse{});
  EXPECT_THAT(drain(), HasSubstr("connection: close"));
  EXPECT_TRUE(session->wants_shutdown());
  open();
  session->begin_stop(sink->now);
  EXPECT_TRUE(session->closed());
  open();
  send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  session->begin_stop(sink->now);
  EXPECT_EQ(drain(), "0\r\n\r\n");
  EXPECT_EQ(streams_closed, 1);
  EXPECT_TRUE(session->wants_shutdown());
}

TEST_F(HttpSessionTest, RefusesAConnectionTooMany) {
  session->refuse_connection(sink->now);
  const std::string answer = drain();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("retry-after"));
  EXPECT_THAT(answer, HasSubstr("more than 20000 connections are open, which is what limits.connections allows"));
  EXPECT_TRUE(session->wants_shutdown());
}

TEST_F(HttpSessionTest, IgnoresStaleAnswers) {
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  session->answer(99, HttpResponse{}, sink->now);
  EXPECT_EQ(drain(), "");
  held[0].answer(HttpResponse{});
  EXPECT_THAT(drain(), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace hence::api
