// SPDX-License-Identifier: Apache-2.0
#include "workflow/calls.h"

namespace hence::workflow {
namespace {

struct Header {
  std::string name;
  std::string value;
  template <typename A> void fields(A& a) { a(name, value); }
};

}  // namespace

void encode_value(Encoder& encoder, const CallOutcome& outcome) {
  encoder.varint(outcome.index());
  if (const auto* http = std::get_if<HttpOutcome>(&outcome)) {
    encoder.put(http->status);
    encoder.varint(http->headers.size());
    for (const auto& [name, value] : http->headers) encoder.put(Header{name, value});
    encoder.put(http->body);
  } else if (const auto* process = std::get_if<ProcessOutcome>(&outcome)) {
    encoder.put(process->exit_code);
    encoder.put(process->output);
    encoder.put(process->error_output);
  } else if (const auto* child = std::get_if<ChildOutcome>(&outcome)) {
    encoder(child->instance, child->output, child->error, child->reason);
  } else {
    const auto& failure = std::get<CallFailure>(outcome);
    encoder.put(failure.code);
    encoder.put(failure.message);
  }
}

void decode_value(Decoder& decoder, CallOutcome& outcome) {
  const uint64_t kind = decoder.varint();
  if (kind == 0) {
    auto& http = outcome.emplace<HttpOutcome>();
    decoder.get(http.status);
    const uint64_t count = decoder.varint();
    for (uint64_t i = 0; i < count && !decoder.failed(); ++i) {
      if (decoder.at_end()) return decoder.fail();
      Header header;
      decoder.get(header);
      http.headers.emplace_back(std::move(header.name), std::move(header.value));
    }
    decoder.get(http.body);
  } else if (kind == 1) {
    auto& process = outcome.emplace<ProcessOutcome>();
    decoder(process.exit_code, process.output, process.error_output);
  } else if (kind == 2) {
    auto& failure = outcome.emplace<CallFailure>();
    decoder(failure.code, failure.message);
  } else if (kind == 3) {
    auto& child = outcome.emplace<ChildOutcome>();
    decoder(child.instance, child.output, child.error, child.reason);
  } else {
    decoder.fail();
  }
}

}  // namespace hence::workflow
