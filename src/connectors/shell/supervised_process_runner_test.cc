// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/supervised_process_runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "connectors/shell/supervisor.h"

// The test program is its own supervisor (see main) and its own server that is killed.

namespace hence::connectors {
namespace {

namespace fs = std::filesystem;
using delivery::ProcessAnswer;
using delivery::ProcessCall;
using testing::HasSubstr;

constexpr char kServerArgument[] = "__server_to_be_killed";

bool wait_until(const std::function<bool()>& holds, int seconds = 15) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool alive(const fs::path& pid_file) {
  const int pid = std::atoi(read_file(pid_file).c_str());
  return pid > 0 && kill(pid, 0) == 0;
}

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    char path[] = "/tmp/hence-run-XXXXXX";
    folder_ = mkdtemp(path);
    open();
  }
  ~RunnerTest() override {
    runner_.reset();
    fs::remove_all(folder_);
  }
  void open(size_t calls_max = 64) {
    ProcessRunnerOptions options;
    options.shell = ProcessRunnerOptions::Shell::allow;
    options.work_dir = (folder_ / "work").string();
    options.calls_max = calls_max;
    runner_ = SupervisedProcessRunner::create(std::move(options)).value();
  }
  std::future<Result<ProcessAnswer>> begin(ProcessCall call) {
    auto promise = std::make_shared<std::promise<Result<ProcessAnswer>>>();
    auto future = promise->get_future();
    runner_->start(++last_id_, std::move(call), [promise](Result<ProcessAnswer> answer) {
      promise->set_value(std::move(answer));
    });
    return future;
  }
  static ProcessCall command(std::string text) {
    ProcessCall call;
    call.command = std::move(text);
    call.attempt_name = "00-7.1";
    return call;
  }
  Result<ProcessAnswer> run(ProcessCall call) { return begin(std::move(call)).get(); }
  Result<ProcessAnswer> run(const std::string& text) { return run(command(text)); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  size_t attempt_folders() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "work")) {
      count += entry.path().filename().native().starts_with("attempt-") ? 1 : 0;
    }
    return count;
  }

  fs::path folder_;
  std::unique_ptr<SupervisedProcessRunner> runner_;
  uint64_t last_id_ = 0;
};

TEST_F(RunnerTest, BringsOutputAndExitCode) {
  ProcessCall call = command("echo \"got $1 and $2\"; echo oops >&2; exit 3");
  call.arguments = {"one", "two words"};
  const auto answer = run(std::move(call));
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->exit_code, 3);
  EXPECT_EQ(answer->output, "got one and two words\n");
  EXPECT_EQ(answer->error_output, "oops\n");
}

TEST_F(RunnerTest, SignalsAreExitCodesFrom128) {
  EXPECT_EQ(run("kill -KILL $$")->exit_code, 128 + SIGKILL);
  EXPECT_EQ(run("kill -TERM $$")->exit_code, 128 + SIGTERM);
}

TEST_F(RunnerTest, UnknownCommandsAreTheShellsBusiness) {
  const auto answer = run("no-such-program-here");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->exit_code, 127);
  EXPECT_THAT(answer->error_output, HasSubstr("not found"));
}

TEST_F(RunnerTest, FeedsStdinAlsoWhereItIsNotRead) {
  ProcessCall call = command("wc -c");
  call.input = std::string(900'000, 'x');
  EXPECT_EQ(run(call)->output, "900000\n");
  call.command = "exit 0";
  EXPECT_EQ(run(call)->exit_code, 0);
  EXPECT_EQ(run("cat")->output, "");
}

TEST_F(RunnerTest, EnvironmentIsCleanAndAsGiven) {
  setenv("HENCE_TEST_SECRET", "do not tell", 1);
  ProcessCall call = command("env | sort");
  call.environment = {{"GREETING", "hello world"}};
  const auto answer = run(std::move(call));
  ASSERT_TRUE(answer.ok());
  std::vector<std::string> names;
  std::istringstream lines(answer->output);
  for (std::string line; std::getline(lines, line);) names.push_back(line.substr(0, line.find('=')));
  EXPECT_THAT(names, testing::UnorderedElementsAre("GREETING", "HOME", "LANG", "PATH", "PWD"));
  EXPECT_THAT(answer->output,
              HasSubstr("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
  EXPECT_THAT(answer->output, HasSubstr("HOME=" + path("work") + "/attempt-00-7.1-"));
}

TEST_F(RunnerTest, TheSupervisorsEnvironmentCannotBeReadEither) {
  setenv("HENCE_TEST_SECRET", "do not tell", 1);
  const auto answer = run("cat /proc/$PPID/environ 2>/dev/null; true");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->output, "");
}

TEST_F(RunnerTest, OnlyThreeDescriptorsAreOpen) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // not close-on-exec, on purpose
  EXPECT_EQ(run("exec ls /proc/self/fd")->output, "0\n1\n2\n3\n");  // 3 is ls's own
  close(leaked);
}

TEST_F(RunnerTest, TheServersLimitOfOpenFilesIsNotTheCommands) {
  rlimit ours{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &ours), 0);
  const auto soft = std::min<rlim_t>(ours.rlim_cur, 1024);
  EXPECT_EQ(run("ulimit -Sn")->output, std::to_string(soft) + "\n");
}

TEST_F(RunnerTest, RunsInAFolderOfItsOwnThatIsRemoved) {
  const auto answer = run("umask; mkdir -p a/b; echo x > a/b/c; pwd; stat -c %a .");
  ASSERT_TRUE(answer.ok());
  // No regular expression: under GCC 12's address sanitizer regexec() hangs.
  EXPECT_THAT(answer->output, testing::AllOf(testing::StartsWith("0077\n/"), HasSubstr("/attempt-00-7.1-"), testing::EndsWith("\n700\n")));
  EXPECT_EQ(attempt_folders(), 0u);
  EXPECT_TRUE(wait_until([&] { return fs::is_empty(folder_ / "work"); }));
}

TEST_F(RunnerTest, NoPrivilegesAreGained) {
  EXPECT_THAT(run("grep NoNewPrivs /proc/self/status")->output, HasSubstr("1"));
}

TEST_F(RunnerTest, TimeLimitEndsTheWholeGroup) {
  ProcessCall call = command("sleep 300 & echo $! > " + path("pid") + "; sleep 300");
  call.timeout = Duration::milliseconds(200);
  const auto answer = run(std::move(call));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
  EXPECT_THAT(answer.error().message(), HasSubstr("within 200 ms, which is what limits.processTime allows"));
  EXPECT_FALSE(alive(folder_ / "pid"));
}

TEST_F(RunnerTest, SigkillFollowsWhereSigtermIsIgnored) {
  ProcessCall call = command("trap '' TERM; (while :; do sleep 1; done) & echo $! > " +
                             path("pid") + "; while :; do sleep 1; done");
  call.timeout = Duration::milliseconds(100);
  const auto answer = run(std::move(call));
  ASSERT_FALSE(answer.ok());
  EXPECT_FALSE(alive(folder_ / "pid"));
  EXPECT_TRUE(run("true").ok());
}

TEST_F(RunnerTest, FloodsAreCutOff) {
  for (const char* text : {"yes", "yes >&2", "trap '' PIPE TERM; while :; do echo yyyyyyyyyyyyyy; done"}) {
    ProcessCall call = command(text);
    call.output_bytes_max = 100'000;
    const auto answer = run(std::move(call));
    ASSERT_FALSE(answer.ok()) << text;
    EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
    EXPECT_THAT(answer.error().message(), HasSubstr("which is what limits.processOutputBytes allows"));
  }
}

TEST_F(RunnerTest, OutputUpToTheLimitIsWhole) {
  ProcessCall call = command("head -c 1000000 /dev/zero | tr '\\0' x");
  call.output_bytes_max = 1'000'000;
  EXPECT_EQ(run(std::move(call))->output.size(), 1'000'000u);
}

TEST_F(RunnerTest, WhatStaysInTheGroupEndsWithTheCommand) {
  const auto answer = run("sleep 300 >/dev/null 2>&1 & echo $! > " + path("pid") + "; echo done");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->output, "done\n");
  EXPECT_TRUE(wait_until([&] { return !alive(folder_ / "pid"); }));
}

TEST_F(RunnerTest, DaemonsInASessionOfTheirOwnStay) {
  const auto answer =
      run("setsid sleep 300 >/dev/null 2>&1 & echo $! > " + path("pid") + "; echo started");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->output, "started\n");
  EXPECT_TRUE(alive(folder_ / "pid"));
  runner_.reset();
  EXPECT_TRUE(alive(folder_ / "pid"));
  kill(std::atoi(read_file(folder_ / "pid").c_str()), SIGKILL);
}

TEST_F(RunnerTest, ADaemonThatKeepsStdoutOpenHoldsNobodyUp) {
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = run("setsid sleep 300 & echo $! > " + path("pid") + "; echo started");
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->output, "started\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_TRUE(alive(folder_ / "pid"));
  kill(std::atoi(read_file(folder_ / "pid").c_str()), SIGKILL);
}

TEST_F(RunnerTest, CancelEndsIt) {
  auto answer = begin(command("echo $$ > " + path("pid") + "; sleep 300"));
  ASSERT_TRUE(wait_until([&] { return alive(folder_ / "pid"); }));
  runner_->cancel(last_id_);
  const auto got = answer.get();
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().message(), HasSubstr("cancelled"));
  EXPECT_FALSE(alive(folder_ / "pid"));
}

TEST_F(RunnerTest, StoppingEndsEverything) {
  auto answer = begin(command("echo $$ > " + path("pid") + "; sleep 300"));
  ASSERT_TRUE(wait_until([&] { return alive(folder_ / "pid"); }));
  runner_.reset();
  EXPECT_FALSE(answer.get().ok());
  EXPECT_FALSE(alive(folder_ / "pid"));
  EXPECT_TRUE(fs::is_empty(folder_ / "work"));
}

TEST_F(RunnerTest, AKilledSupervisorFailsItsCallsAndIsReplaced) {
  auto answer = begin(command("echo $PPID > " + path("supervisor") + "; echo $$ > " + path("pid") +
                              "; exec sleep 300"));
  ASSERT_TRUE(wait_until([&] { return alive(folder_ / "pid"); }));
  kill(std::atoi(read_file(folder_ / "supervisor").c_str()), SIGKILL);
  const auto got = answer.get();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::CallFailed);
  EXPECT_EQ(run("echo again")->output, "again\n");
}

TEST_F(RunnerTest, ManyAtOnceAndNoMoreThanAllowed) {
  std::vector<std::future<Result<ProcessAnswer>>> answers;
  for (int i = 0; i < 40; ++i) answers.push_back(begin(command("echo " + std::to_string(i))));
  for (int i = 0; i < 40; ++i) {
    const auto answer = answers[i].get();
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->output, std::to_string(i) + "\n");
  }
  open(1);
  auto first = begin(command("sleep 300"));
  EXPECT_EQ(run("true").error().code(), ErrorCode::Overloaded);
  runner_.reset();
  EXPECT_FALSE(first.get().ok());
}

TEST_F(RunnerTest, WhatNoProcessCanBeGivenIsRefused) {
  const auto refused = [&](ProcessCall call) {
    const auto answer = run(std::move(call));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), ErrorCode::RequestInvalid);
  };
  ProcessCall call = command(std::string("echo\0x", 6));
  refused(call);
  call = command("true");
  call.environment = {{"A=B", "c"}};
  refused(call);
  call = command("true");
  call.attempt_name = "../../etc";
  refused(call);
  const auto answer = run(std::string(300'000, ' '));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
  EXPECT_THAT(answer.error().message(), HasSubstr("Argument list too long"));
  EXPECT_EQ(attempt_folders(), 0u);
}

TEST_F(RunnerTest, RefusesAllWhereNotConfigured) {
  runner_ = SupervisedProcessRunner::create({}).value();
  const auto answer = run("true");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::RunRefused);
  EXPECT_THAT(answer.error().message(), HasSubstr("run: {shell: allow}"));
}

TEST_F(RunnerTest, LeftoversOfAnEarlierRunAreRemovedAndNothingElse) {
  fs::create_directories(folder_ / "work" / "attempt-old-1-1" / "deep");
  fs::create_directories(folder_ / "work" / "mine");
  ASSERT_TRUE(run("true").ok());
  EXPECT_EQ(attempt_folders(), 0u);
  EXPECT_TRUE(fs::exists(folder_ / "work" / "mine"));
}

TEST_F(RunnerTest, NothingOutlivesAServerThatWasKilled) {
  std::string folder = folder_.string();
  std::string self = "/proc/self/exe";
  std::string argument = kServerArgument;
  char* argv[] = {self.data(), argument.data(), folder.data(), nullptr};
  char* envp[] = {nullptr};
  pid_t server = 0;
  ASSERT_EQ(posix_spawn(&server, argv[0], nullptr, nullptr, argv, envp), 0);
  ASSERT_TRUE(wait_until([&] {
    return alive(folder_ / "shell") && alive(folder_ / "child") && alive(folder_ / "stubborn") &&
           alive(folder_ / "daemon");
  }));
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  EXPECT_TRUE(wait_until([&] {
    return !alive(folder_ / "shell") && !alive(folder_ / "child") && !alive(folder_ / "stubborn");
  }));
  EXPECT_TRUE(alive(folder_ / "daemon"));
  kill(std::atoi(read_file(folder_ / "daemon").c_str()), SIGKILL);
  EXPECT_TRUE(wait_until([&] { return fs::is_empty(folder_ / "killed"); }));
}

int be_a_server(const std::string& folder) {
  ProcessRunnerOptions options;
  options.shell = ProcessRunnerOptions::Shell::allow;
  options.work_dir = folder + "/killed";
  const auto runner = SupervisedProcessRunner::create(std::move(options)).value();
  ProcessCall call;
  call.command = "cd " + folder +
                 "; setsid sh -c 'echo $$ > daemon; exec sleep 300' & sleep 300 & echo $! > child;"
                 "(trap '' TERM; while :; do sleep 1; done) & echo $! > stubborn;"
                 "echo $$ > shell; wait";
  runner->start(1, std::move(call), [](Result<ProcessAnswer>) {});
  pause();
  return 0;
}

}  // namespace
}  // namespace hence::connectors

int main(int argc, char** argv) {
  if (const auto code = hence::connectors::shell::supervise_if_asked(argc, argv)) return *code;
  if (argc == 3 && std::string(argv[1]) == hence::connectors::kServerArgument) {
    return hence::connectors::be_a_server(argv[2]);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
