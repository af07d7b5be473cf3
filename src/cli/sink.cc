// SPDX-License-Identifier: Apache-2.0
// `hence sink listen`: an HTTP server that takes every call, shows it and answers as told.

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <mutex>

#include "api/http_server.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr uint64_t kBodyBytesMax = 64ull << 20;
constexpr size_t kBodyLinesShown = 4;

Result<std::vector<int>> read_answers(const std::string& text) {
  std::vector<int> answers;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    int status = 0;
    const auto [stop, error] = std::from_chars(text.data() + start, text.data() + end, status);
    if (error != std::errc() || stop != text.data() + end || status < 200 || status > 599) {
      return Error(
          ErrorCode::RequestInvalid,
          "--answer wants statuses from 200 to 599 with commas between, such as 503,503,200");
    }
    answers.push_back(status);
    start = end + 1;
  }
  return answers;
}

/// The CloudEvent in a call, by its ce- headers or its body; null if there is none.
json::Value event_of(const api::HttpRequest& request) {
  const auto content_type = request.find_one("content-type");
  if (content_type.value.starts_with("application/cloudevents+json")) {
    const Result<json::Value> body = json::parse(request.body);
    return body.ok() ? *body : json::Value();
  }
  json::Builder builder;
  builder.begin_object();
  bool found = false;
  for (const api::HttpHeader& header : request.headers) {
    if (!header.name.starts_with("ce-")) continue;
    builder.member(header.name.substr(3), header.value);
    found = true;
  }
  builder.end_object();
  json::Value event = std::move(builder).finish();
  return found ? event : json::Value();
}

json::Value call_json(const api::HttpRequest& request, int status, UtcTime now) {
  json::Builder builder;
  builder.begin_object()
      .member("time", format_rfc3339(now))
      .member("method", api::method_name(request.method));
  builder.member("path", request.target).key("status").number(int64_t{status});
  builder.key("headers").begin_object();
  for (const api::HttpHeader& header : request.headers) builder.member(header.name, header.value);
  builder.end_object();
  if (const json::Value event = event_of(request); !event->is_null())
    builder.member("event", event);
  const Result<json::Value> body = json::parse(request.body);
  if (body.ok()) {
    builder.member("body", *body);
  } else {
    builder.member("body", request.body);
  }
  builder.end_object();
  return std::move(builder).finish();
}

std::string draw(json::View call, const Style& style) {
  const std::string time = cell(call, "time");
  std::string out =
      style.paint(Tone::dim, time.substr(std::min(time.size(), time.find('T') + 1), 8) + "Z") +
      "  " + style.paint(Tone::strong, cell(call, "method") + " " + cell(call, "path")) + "  → " +
      cell(call, "status") + "\n";
  if (const auto event = call.find("event")) {
    for (const std::string_view attribute : {"type", "source", "subject", "id"}) {
      if (const std::string value = cell(*event, attribute); !value.empty()) {
        out += "    " + style.paint(Tone::dim, pad(std::string(attribute), 8)) +
               shorten(value, style.columns - 12) + "\n";
      }
    }
    if (const auto data = event->find("data")) {
      return out + "    " + style.paint(Tone::dim, "data    ") +
             shorten(data->to_text(), style.columns - 12) + "\n";
    }
  }
  const std::string lines = wrap(cell(call, "body"), 4, style.columns);
  size_t end = 0;
  for (size_t i = 0; i < kBodyLinesShown && end < lines.size(); ++i)
    end = lines.find('\n', end) + 1;
  return out + lines.substr(0, end) + (end < lines.size() ? "    …\n" : "");
}

class ShowingHandler final : public api::HttpHandler {
 public:
  ShowingHandler(const Io& io, std::vector<int> answers, int file)
      : io_(io), answers_(std::move(answers)), file_(file) {}

  api::BodyLimit body_limit(const api::RequestHead&) override { return {kBodyBytesMax, {}}; }
  void handle(api::HttpRequest request, api::Responder responder) override {
    const std::lock_guard lock(mutex_);
    const int status = answers_[std::min(calls_, answers_.size() - 1)];
    ++calls_;
    const json::Value call = call_json(request, status, io_.now());
    const std::string line = call->to_text() + "\n";
    // One write a line, before the answer: whoever saw the answer finds the line.
    if (file_ >= 0 &&
        ::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      io_.err("hence: --out cannot be written\n");
    }
    io_.out(draw(call, style_of(io_)));
    api::HttpResponse response;
    response.status = status;
    responder.answer(std::move(response));
  }

 private:
  const Io& io_;
  const std::vector<int> answers_;
  const int file_;
  std::mutex mutex_;
  size_t calls_ = 0;
};

}  // namespace

int sink_listen(const Call& call) {
  uint32_t port = 0;
  std::string answer = "200", out, host = "127.0.0.1";
  Flags flags(call);
  flags.number("--port", port, "where to listen; 0 takes a free one and says which",
               Need::required);
  flags.text("--host", host, "the address to listen on; else 127.0.0.1");
  flags.text("--answer", answer, "statuses, call by call; the last one repeats: 503,503,200");
  flags.text("--out", out, "also appends each call to this file, a line of JSON each");
  if (const auto code = flags.parse()) return *code;
  if (port > 65535) return call.io.fail("--port is 0 to 65535", kExitWrongUse);
  const Result<std::vector<int>> answers = read_answers(answer);
  if (!answers.ok()) return call.io.fail(answers.error());
  const int file =
      out.empty() ? -1 : ::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (!out.empty() && file < 0)
    return call.io.fail(out + " cannot be opened for writing", kExitWrongUse);
  ShowingHandler handler(call.io, *answers, file);
  api::HttpServerOptions options;
  options.address = host;
  options.port = static_cast<uint16_t>(port);
  options.io_threads = 1;
  const auto server = api::HttpServer::start(options, handler);
  if (!server.ok()) return call.io.fail(server.error().message(), kExitWrongUse);
  call.io.out("listening on http://" + host + ":" + std::to_string((*server)->port()) + "\n");
  while (call.io.sleep(Duration::seconds(60))) {}
  (*server)->stop(Duration::seconds(1));
  if (file >= 0) ::close(file);
  return kExitOk;
}

}  // namespace hence::cli
