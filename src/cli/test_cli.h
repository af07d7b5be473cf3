// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line as tests use it: run("event list --limit 3") gives code, out and err.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "cli/command.h"
#include "json/parse.h"

namespace hence::cli {

struct Ran {
  int code = -1;
  std::string out, err;
};

class TestCli {
 public:
  /// 2026-11-21T09:15:05Z
  static constexpr UtcTime kNow{1'795'252'505'000'000};

  Ran run(const std::vector<std::string>& words) {
    Ran ran;
    Io io;
    io.out = [&](std::string_view text) { ran.out += text; };
    io.err = [&](std::string_view text) { ran.err += text; };
    io.read_input = [this] { return Result<std::string>(input); };
    io.environment = [this](const char* name) { return environment[name]; };
    io.now = [] { return kNow; };
    io.sleep = [this](Duration) { return sleeps-- > 0; };
    io.confirm = [this](std::string_view text) {
      question = text;
      return answer_yes;
    };
    io.input_terminal = person;
    ran.code = cli::run(io, programs, words);
    return ran;
  }

  std::string input, question;
  std::map<std::string, std::string> environment;
  Programs programs;
  bool person = false, answer_yes = false;
  int sleeps = 0;
};

/// A server on a free port of the loopback that answers what it is told, and keeps what it was
/// asked.
class CannedServer final : public api::HttpHandler {
 public:
  CannedServer() {
    api::HttpServerOptions options;
    options.port = 0;
    options.io_threads = 1;
    server_ = std::move(api::HttpServer::start(options, *this)).value();
  }
  ~CannedServer() override { server_->stop(Duration::seconds(1)); }

  std::string address() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  /// "GET /path?query" → status and body. What is not told answers 404 as a problem.
  void on(const std::string& request, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[request] = {status, body};
  }
  /// "POST /path body", in order.
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  api::BodyLimit body_limit(const api::RequestHead&) override { return {}; }
  void handle(api::HttpRequest request, api::Responder responder) override {
    const std::lock_guard lock(mutex_);
    const std::string key =
        std::string(api::method_name(request.method)) + " " + std::string(request.target);
    asked_.push_back(key + (request.body.empty() ? "" : " ") + request.body);
    if (const auto token = request.find_one("authorization"); !token.value.empty())
      asked_.back() += " [" + std::string(token.value) + "]";
    const auto found = answers_.find(key);
    if (found == answers_.end()) {
      responder.answer(api::HttpResponse::with_body(
          404, "application/problem+json",
          R"({"code":"NotFound","status":404,"detail":"there is no such thing"})"));
      return;
    }
    const bool stream = key.find("/stream") != std::string::npos;
    responder.answer(api::HttpResponse::with_body(found->second.first,
                                                  stream ? "text/event-stream"
                                                  : found->second.first < 300
                                                      ? "application/json"
                                                      : "application/problem+json",
                                                  found->second.second));
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<int, std::string>> answers_;
  std::vector<std::string> asked_;
  std::unique_ptr<api::HttpServer> server_;
};

/// A folder of the test's own, gone at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hence-cli-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace hence::cli
