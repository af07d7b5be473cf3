// SPDX-License-Identifier: Apache-2.0
// Bytes of a client against HttpSession. The first byte chooses how they are cut; however they are
// cut, the handler must see the same requests and the connection must end the same way.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_session.h"
#include "base/check.h"

namespace {

using namespace hence;
using namespace hence::api;

class DirectSink : public AnswerSink {
 public:
  void answer(const RequestToken& token, HttpResponse response) override {
    if (session != nullptr) session->answer(token.request, std::move(response), {});
  }
  void open_stream(const RequestToken&, HttpResponse, std::shared_ptr<StreamBuffer>) override {}
  void stream_ready(const RequestToken&) override {}
  HttpSession* session = nullptr;
};

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

/// What no accepted request may be.
void check_request(const HttpRequest& request) {
  const auto length = request.find_one("content-length");
  const auto coding = request.find_one("transfer-encoding");
  HENCE_CHECK(length.count == HeaderCount::missing || coding.count == HeaderCount::missing);
  HENCE_CHECK(length.count != HeaderCount::many && coding.count != HeaderCount::many);
  HENCE_CHECK(request.http_1_0 || request.find_one("host").count == HeaderCount::one);
  if (coding.count == HeaderCount::one) HENCE_CHECK(coding.value == "chunked" && !request.http_1_0);
  if (length.count == HeaderCount::one) {
    HENCE_CHECK(std::stoull(std::string(length.value)) == request.body.size());
  }
  for (const auto& [name, value] : request.headers) HENCE_CHECK(is_clean(name) && is_clean(value));
  for (const std::string& segment : request.segments) {
    HENCE_CHECK(is_clean(segment) && segment != "." && segment != "..");
    HENCE_CHECK(segment.find_first_of("/\\") == std::string::npos);
  }
}

struct Outcome {
  std::vector<std::string> requests;
  bool over = false;
  bool operator==(const Outcome&) const = default;
};

class Recorder : public HttpHandler {
 public:
  BodyLimit body_limit(const RequestHead&) override { return {200, std::nullopt}; }
  void handle(HttpRequest request, Responder responder) override {
    check_request(request);
    std::string text(request.target);
    for (const auto& [name, value] : request.headers) {
      text += '\n';
      text += name;
      text += ':';
      text += value;
    }
    seen.requests.push_back(text + "\n\n" + request.body);
    responder.answer(HttpResponse{});
  }
  Outcome seen;
};

Outcome run(std::string_view bytes, size_t piece) {
  HttpLimits limits;
  limits.target_bytes = 64;
  limits.header_block_bytes = 512;
  limits.headers = 8;
  limits.chunk_extension_bytes = 8;
  limits.trailer_bytes = 32;
  Recorder recorder;
  RequestMemory memory(1 << 20);
  HttpCounters counters;
  const auto sink = std::make_shared<DirectSink>();
  SessionContext context{limits, recorder, memory, counters, sink, 1, "now"};
  {
    HttpSession session(context, {}, "192.0.2.1", {});
    sink->session = &session;
    while (!bytes.empty()) {
      const size_t wanted = session.wanted_input_bytes();
      HENCE_CHECK(wanted > 0 || session.closed());
      if (wanted == 0) break;
      const std::string_view part = bytes.substr(0, std::min(piece, wanted));
      session.receive(part, {});
      bytes.remove_prefix(part.size());
      while (!session.output().empty()) {
        session.output_sent(std::min(session.output().size(), piece), {});
      }
    }
    recorder.seen.over = session.closed() || session.wants_shutdown();
    sink->session = nullptr;
  }
  HENCE_CHECK(memory.used() == 0);
  return recorder.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = run(bytes, bytes.size());
  HENCE_CHECK(run(bytes, 1) == whole);
  HENCE_CHECK(run(bytes, size_t{data[0]} + 2) == whole);
  return 0;
}
