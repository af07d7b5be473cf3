// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hence::connectors::shell {
namespace {

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr rlim_t kFilesSoft = 1024;  // the usual one: who uses select() reads no descriptor beyond it
constexpr int kReportFd = 3;  // in the child, until exec succeeds

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Error(ErrorCode::CallFailed, std::string("no pipe: ") + std::strerror(errno));
  }
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// What the child needs, all made before fork, so that it only makes system calls.
struct Image {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string folder;
  pid_t parent = 0;
  int input = -1;
  int output = -1;
  int error_output = -1;
  int report = -1;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void fill_image(Image& image, const StartFrame& call, const std::string& folder) {
  image.arguments = {"sh", "-c", call.command, "sh"};
  image.arguments.insert(image.arguments.end(), call.arguments.begin(), call.arguments.end());
  std::map<std::string, std::string> environment = {
      {"PATH", kPath}, {"HOME", folder}, {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : call.environment) environment[name] = value;
  for (const auto& [name, value] : environment) image.environment.push_back(name + "=" + value);
  image.argv = pointers(image.arguments);
  image.envp = pointers(image.environment);
  image.folder = folder;
  image.parent = getpid();
}

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Puts the four descriptors at 0..3, whatever numbers they had, and closes all others.
bool place_descriptors(const Image& image) {
  const int wanted[] = {image.input, image.output, image.error_output, image.report};
  int parked[4];
  for (int i = 0; i < 4; ++i) {
    parked[i] = fcntl(wanted[i], F_DUPFD, kReportFd + 1);
    if (parked[i] < 0) return false;
  }
  for (int i = 0; i < 4; ++i) {
    if (dup2(parked[i], i) < 0) return false;
  }
  fcntl(kReportFd, F_SETFD, FD_CLOEXEC);
  return syscall(SYS_close_range, kReportFd + 1, ~0u, 0) == 0;
}

[[noreturn]] void run_child(const Image& image) {
  setsid();
  default_signals();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != image.parent) _exit(127);  // the supervisor ended in between
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > kFilesSoft) {
    files.rlim_cur = kFilesSoft;  // the server has raised its own
    setrlimit(RLIMIT_NOFILE, &files);
  }
  umask(077);
  if (place_descriptors(image) && chdir(image.folder.c_str()) == 0) {
    execve("/bin/sh", image.argv.data(), image.envp.data());
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(kReportFd, &error, sizeof error);
  _exit(127);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Result<Child> spawn(const StartFrame& call, const std::string& folder) {
  HENCE_TRY(Pipe input, open_pipe());
  HENCE_TRY(Pipe output, open_pipe());
  HENCE_TRY(Pipe error_output, open_pipe());
  HENCE_TRY(Pipe report, open_pipe());
  Image image;
  fill_image(image, call, folder);
  image.input = input.read.get();
  image.output = output.write.get();
  image.error_output = error_output.write.get();
  image.report = report.write.get();
  const pid_t pid = fork();
  if (pid == 0) run_child(image);
  if (pid < 0) {
    return Error(ErrorCode::CallFailed, std::string("no process: ") + std::strerror(errno));
  }
  report.write.reset();
  int error = 0;
  if (read(report.read.get(), &error, sizeof error) == sizeof error) {
    waitpid(pid, nullptr, 0);
    return Error(ErrorCode::CallFailed, std::string("the shell: ") + std::strerror(error));
  }
  Child child{pid, Fd(), std::move(output.read), std::move(error_output.read)};
  if (!call.input.empty()) child.input = std::move(input.write);
  for (const Fd* fd : {&child.input, &child.output, &child.error_output}) {
    if (fd->open()) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }
  return child;
}

}  // namespace hence::connectors::shell
