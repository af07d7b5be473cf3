// SPDX-License-Identifier: Apache-2.0
#include "delivery/simulated_http_client.h"

#include "delivery/http_client_contract.h"

namespace hence::delivery {
namespace {

struct SimulatedSubject : HttpClientSubject {
  SimulatedSubject() {
    simulated.respond(url() + "/ok", in_turn({status(200, "fine", {{"x-name", "Value"}})}));
    simulated.respond(url() + "/missing", in_turn({status(404)}));
    simulated.respond(url() + "/moved", in_turn({status(302)}));
    simulated.respond(url() + "/long", in_turn({status(200, std::string(100'000, 'x'))}));
    simulated.respond(url() + "/huge", in_turn({status(200, std::string(2 << 20, 'x'))}));
    simulated.respond(url() + "/never", never());
  }
  HttpClient& client() override { return simulated; }
  std::string url() override { return "http://example.com"; }
  SimulatedHttpClient simulated;
};
std::unique_ptr<HttpClientSubject> make_simulated() { return std::make_unique<SimulatedSubject>(); }
INSTANTIATE_TEST_SUITE_P(Simulated, HttpClientContract, testing::Values(&make_simulated));

TEST(SimulatedHttpClient, ScriptsRepeatTheirLastAnswerAndTheNarrowestKeyWins) {
  SimulatedHttpClient client;
  client.respond("http://a.example", in_turn({status(500)}));
  client.respond("http://a.example/x", in_turn({status(503), status(201)}));
  client.respond("sink shop", in_turn({status(418)}));
  std::vector<int> seen;
  const auto send = [&](const std::string& url, const std::string& destination) {
    HttpCall call;
    call.url = url;
    call.destination = destination;
    client.start(seen.size() + 1, call,
                 [&](Result<HttpAnswer> answer) { seen.push_back(answer.ok() ? answer->status : 0); });
  };
  send("http://a.example/x?q=1", "");
  send("http://a.example/x", "");
  send("http://a.example/x", "");
  send("http://A.example/y", "");
  send("http://a.example/x", "sink shop");
  send("http://b.example/", "");
  EXPECT_EQ(seen, (std::vector<int>{503, 201, 201, 500, 418, 0}));
  EXPECT_EQ(client.take_sent().size(), 6u);
  EXPECT_TRUE(client.sent().empty());
}

}  // namespace
}  // namespace hence::delivery
