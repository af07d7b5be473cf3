// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: a value or an Error. The only way a failure of the world or of the caller travels.
//
//   Result<Segment> open_segment(const std::string& path);
//   HENCE_TRY(auto segment, open_segment(path));   // declares segment or returns the error
//   HENCE_TRY_VOID(segment.sync());                // returns the error, if any

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace hence {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  Result(ErrorCode code, std::string message)
      : state_(std::in_place_index<1>, Error(code, std::move(message))) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { check_ok(); return *std::get_if<0>(&state_); }
  const T& value() const& { check_ok(); return *std::get_if<0>(&state_); }
  T&& value() && { check_ok(); return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { check_error(); return *std::get_if<1>(&state_); }
  Error&& error() && { check_error(); return std::move(*std::get_if<1>(&state_)); }

 private:
  void check_ok() const {
    if (!ok()) [[unlikely]] check_failed(error().message().c_str(), __FILE__, __LINE__);
  }
  void check_error() const { HENCE_CHECK(state_.index() == 1); }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  Result(ErrorCode code, std::string message) : error_(Error(code, std::move(message))) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (!ok()) [[unlikely]] check_failed(error_->message().c_str(), __FILE__, __LINE__);
  }
  const Error& error() const& { HENCE_CHECK(error_.has_value()); return *error_; }
  Error&& error() && { HENCE_CHECK(error_.has_value()); return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

/// The outcome of something that gives no value.
using Status = Result<void>;

}  // namespace hence

#define HENCE_CONCAT_INNER(a, b) a##b
#define HENCE_CONCAT(a, b) HENCE_CONCAT_INNER(a, b)
#define HENCE_TRY_INNER(result, declaration, ...)       \
  auto result = (__VA_ARGS__);                          \
  if (!result.ok()) [[unlikely]]                        \
    return std::move(result).error();                   \
  declaration = std::move(result).value()
#define HENCE_TRY(declaration, ...) \
  HENCE_TRY_INNER(HENCE_CONCAT(hence_try_, __COUNTER__), declaration, __VA_ARGS__)
#define HENCE_TRY_VOID(...)                                              \
  do {                                                                   \
    if (auto hence_try_void = (__VA_ARGS__); !hence_try_void.ok()) [[unlikely]] \
      return std::move(hence_try_void).error();                          \
  } while (false)
