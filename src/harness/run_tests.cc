// SPDX-License-Identifier: Apache-2.0
#include "harness/run_tests.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/test_run.h"

namespace hence::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".test.yaml";

/// The files of a path, or why there are none.
std::vector<std::string> files_of(const std::string& path, std::string& fault) {
  std::error_code error;
  std::vector<std::string> files;
  if (!fs::exists(path, error)) {
    fault = path + ": there is no such file or folder";
  } else if (!fs::is_directory(path, error)) {
    files.push_back(path);
  } else {
    for (auto it = fs::recursive_directory_iterator(path, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
      const std::string name = it->path().string();
      if (name.ends_with(kSuffix)) files.push_back(name);
    }
    if (error) fault = path + ": " + error.message();
    else if (files.empty()) fault = path + ": holds no file named *" + std::string(kSuffix);
    std::sort(files.begin(), files.end());
  }
  return files;
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') out += ' ';
    else out.push_back(c);
  }
  return out;
}

std::string junit_of(const std::vector<TestResult>& results) {
  const auto failed = std::count_if(results.begin(), results.end(), [](const TestResult& r) { return !r.passed; });
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"hence test\" tests=\"" +
                    std::to_string(results.size()) + "\" failures=\"" + std::to_string(failed) + "\">\n";
  for (const TestResult& result : results) {
    out += "<testcase classname=\"" + escape_xml(result.file) + "\" name=\"" + escape_xml(result.name) + "\"";
    if (result.passed) {
      out += "/>\n";
      continue;
    }
    const std::string first = result.failure.substr(0, result.failure.find('\n'));
    out += "><failure message=\"" + escape_xml(first) + "\">" + escape_xml(result.failure) + "</failure></testcase>\n";
  }
  return out + "</testsuite>\n</testsuites>\n";
}

class Session {
 public:
  explicit Session(const TestOptions& options) : options_(options) {}

  void run_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    if (!file) return fail(path, "the file", path + ": cannot be read");
    const TestFile tests = parse_tests(path, text.str());
    if (!tests.faults.empty()) return fail(path, "the file", tests.faults);
    std::string folder = fs::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    for (const TestDocument& test : tests.tests) {
      if (!options_.filter.empty() && test.name.find(options_.filter) == std::string::npos) continue;
      add(run_test(test, folder));
    }
  }
  void fail(const std::string& file, const std::string& name, const std::string& failure) {
    add({file, name, false, failure});
  }

  int end() {
    size_t passed = 0;
    for (const TestResult& result : results_) passed += result.passed ? 1 : 0;
    const size_t failed = results_.size() - passed;
    bool written = true;
    if (!options_.report.empty()) {
      std::ofstream report(options_.report, std::ios::binary);
      report << junit_of(results_);
      report.close();
      written = report.good();
      if (!written) write("cannot write " + options_.report + "\n");
    }
    if (results_.empty()) write("no test was run\n");
    write(std::to_string(passed) + " passed, " + std::to_string(failed) + " failed\n");
    return failed == 0 && written && !results_.empty() ? 0 : 1;
  }

 private:
  void add(TestResult result) {
    const char* mark = result.passed ? "ok   " : "FAIL ";
    const char* color = result.passed ? "\033[32m" : "\033[31m";
    std::string line = options_.color ? std::string(color) + mark + "\033[0m" : std::string(mark);
    write(line + result.file + ": " + result.name + "\n");
    if (!result.passed) {
      std::istringstream lines(result.failure);
      for (std::string each; std::getline(lines, each);) write("       " + each + "\n");
    }
    results_.push_back(std::move(result));
  }
  void write(std::string_view text) {
    if (options_.write) return options_.write(text);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  const TestOptions& options_;
  std::vector<TestResult> results_;
};

}  // namespace

int run_test_paths(const std::vector<std::string>& paths, const TestOptions& options) {
  Session session(options);
  for (const std::string& path : paths) {
    std::string fault;
    for (const std::string& file : files_of(path, fault)) session.run_file(file);
    if (!fault.empty()) session.fail(path, "the path", fault);
  }
  return session.end();
}

}  // namespace hence::harness
