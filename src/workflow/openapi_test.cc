// SPDX-License-Identifier: Apache-2.0
// OpenAPI calls: operations of all versions, parameters of all styles, what is recorded and sent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/documents.h"
#include "workflow/openapi.h"
#include "workflow/openapi_references.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kDocument3[] = R"(
openapi: 3.1.0
servers: [{url: "https://{region}.api.example/v1/", variables: {region: {default: eu}}}]
components:
  parameters: {trace: {name: X-Trace, in: header, schema: {type: string}}}
  requestBodies:
    order: {required: true, content: {text/plain: {}, application/json: {schema: {type: object}}}}
paths:
  /shops/{shop}/orders{;tags}:
    parameters: [{$ref: "#/components/parameters/trace"}, {name: shop, in: path, required: true}]
    post:
      operationId: order
      parameters:
        - {name: list, in: query, schema: {type: array}}
        - {name: plain, in: query, explode: false}
        - {name: piped, in: query, style: pipeDelimited, explode: false}
        - {name: deep, in: query, style: deepObject}
        - {name: filter, in: query, content: {application/json: {}}}
        - {name: session, in: cookie}
      requestBody: {$ref: "#/components/requestBodies/order"}
    get:
      operationId: list
      servers: [{url: /v2}]
  /styles/{a}/{b}/{c}:
    get:
      operationId: styles
      parameters:
        - {name: a, in: path, required: true, style: label, explode: true}
        - {name: b, in: path, required: true, style: matrix, explode: true}
        - {name: c, in: path, required: true, explode: true}
)";

/// Method, URL, headers and body of the call made of parameters.
std::string call_of(const std::string& document, const std::string& operation,
                    const std::string& parameters, const std::string& base = "https://docs.example/a/b.json") {
  const auto found = find_operation(value_of(document), base, operation);
  if (!found.ok()) return found.error().message();
  OpenapiSpec spec;
  spec.parameters = Formula::constant(value_of(parameters));
  const auto request = build_openapi_request(spec, *found, {json::View(), {}, {}}, json::View());
  if (!request.ok()) return request.error().message();
  const auto body = (*request)->find("body");
  return std::string((*request)->string_or("method", "")) + " " +
         std::string((*request)->string_or("url", "")) + " " +
         (*request)->find("headers")->to_text() +
         (body ? " " + std::string(body->as_string()) : "");
}

TEST(Openapi, SendsParametersWhereTheyBelong) {
  EXPECT_EQ(call_of(kDocument3, "order", "{shop: a b, X-Trace: t1, list: [1, 2], plain: [x, y], "
                                         "piped: [p, q], deep: {k: v}, filter: {n: 1}, session: s, "
                                         "body: {total: 3}}"),
            "POST https://eu.api.example/v1/shops/a%20b/orders{;tags}?list=1&list=2&plain=x,y&"
            "piped=p%7Cq&deep%5Bk%5D=v&filter=%7B%22n%22%3A1%7D "
            R"({"x-trace":"t1","cookie":"session=s","content-type":"application/json"} )"
            R"({"total":3})");
  EXPECT_EQ(call_of(kDocument3, "styles", "{a: [1, 2], b: {k: v, l: w}, c: {k: v}}"),
            "GET https://eu.api.example/v1/styles/.1.2/;k=v;l=w/k=v {}");
}

TEST(Openapi, TakesWhatNoParameterIsForTheBody) {
  EXPECT_THAT(call_of(kDocument3, "order", "{shop: s, total: 3, lines: []}"),
              HasSubstr(R"({"total":3,"lines":[]})"));
}

TEST(Openapi, ResolvesServers) {
  EXPECT_THAT(call_of(kDocument3, "list", "{shop: s}"), HasSubstr("GET https://docs.example/v2/shops/s"));
  EXPECT_THAT(call_of("openapi: 3.0.3\nservers: [{url: v9}]\npaths: {/x: {get: {operationId: x}}}", "x", "{}"),
              HasSubstr("https://docs.example/a/v9/x"));
  EXPECT_THAT(call_of("openapi: 3.0.3\npaths: {/x: {get: {operationId: x}}}", "x", "{}"),
              HasSubstr("https://docs.example/x"));
  const std::string swagger = "swagger: '2.0'\nhost: pets.example\nbasePath: /v2\nschemes: [http, https]\n"
                              "paths: {/pet: {get: {operationId: p, parameters: [{name: s, in: query, type: array, "
                              "collectionFormat: ssv}]}}}";
  EXPECT_EQ(call_of(swagger, "p", "{s: [a, b]}"), "GET https://pets.example/v2/pet?s=a%20b {}");
}

TEST(Openapi, ResolvesServersAgainstTheAddressOfTheDocument) {
  const auto call = [](const std::string& server, const std::string& base) {
    const std::string paths = "\npaths: {/x: {get: {operationId: x}}}";
    return call_of("openapi: 3.0.3\nservers: [{url: '" + server + "'}]" + paths, "x", "{}", base);
  };
  EXPECT_EQ(call("//api.example/v1", "https://docs.example/a.json"), "GET https://api.example/v1/x {}");
  EXPECT_EQ(call("v1", "https://h"), "GET https://h/v1/x {}");
  EXPECT_EQ(call("/v1", "https://h?format=yaml"), "GET https://h/v1/x {}");
  EXPECT_EQ(call("../v2", "https://h/a/b.json"), "GET https://h/v2/x {}");
  EXPECT_EQ(call("v2/.", "https://h/a/b.json?of=/c/d"), "GET https://h/a/v2/x {}");
  EXPECT_EQ(call("", "https://h/a/b.json"), "GET https://h/a/x {}");
  EXPECT_EQ(call("https://h/a/../b", ""), "GET https://h/b/x {}");
  EXPECT_THAT(call("v1", ""), HasSubstr("the server \"v1\" is relative to no address"));
  const std::string swagger = "swagger: '2.0'\nbasePath: /v1\npaths: {/x: {get: {operationId: x}}}";
  EXPECT_EQ(call_of(swagger, "x", "{}", "https://h?format=yaml"), "GET https://h/v1/x {}");
}

TEST(Openapi, RefusesParametersThatMakeAnotherPath) {
  const auto call = [](const std::string& path, const std::string& given) {
    return call_of("openapi: 3.0.3\nservers: [{url: 'https://h'}]\npaths: {'" + path + "': {get: {operationId: x, "
                   "parameters: [{name: a, in: path}, {name: b, in: path, required: false}]}}}", "x", given);
  };
  for (const char* empty : {"''", "[]"}) {
    EXPECT_EQ(call("/tenants/{a}/orders", "{a: " + std::string(empty) + "}"),
              "OpenAPI: the parameter \"a\" of the path is empty");
  }
  EXPECT_EQ(call("/tenants/{a}/orders", "{a: '..'}"),
            "OpenAPI: the parameter \"a\" makes \"..\" of a part of the path, and so another path");
  EXPECT_THAT(call("/tenants/{a}", "{a: '.'}"), HasSubstr("the parameter \"a\" makes \".\""));
  EXPECT_THAT(call("/tenants/.{a}", "{a: '.'}"), HasSubstr("the parameter \"a\" makes \"..\""));
  EXPECT_THAT(call("/tenants/{a}{b}", "{a: '.', b: '.'}"), HasSubstr("the parameter \"b\" makes \"..\""));
  EXPECT_EQ(call("/v1.0/{a}/orders", "{a: a.b}"), "GET https://h/v1.0/a.b/orders {}");
  EXPECT_EQ(call("/x/{a}", "{a: '...'}"), "GET https://h/x/... {}");
  EXPECT_EQ(call("/x/{a}.json", "{a: '.'}"), "GET https://h/x/..json {}");
  EXPECT_EQ(call("/x/{a}", "{a: ../y}"), "GET https://h/x/..%2Fy {}");
  EXPECT_EQ(call("/{a}/x/{a}", "{a: '7'}"), "GET https://h/7/x/7 {}");
  EXPECT_THAT(call("/y{a}/x/{a}", "{a: '.'}"), HasSubstr("the parameter \"a\" makes \".\""));
}

TEST(Openapi, SendsHeadersOfJsonAsJson) {
  EXPECT_EQ(call_of("openapi: 3.0.3\nservers: [{url: 'https://h'}]\npaths: {/x: {get: {operationId: x, parameters: "
                    "[{name: X-Filter, in: header, content: {application/json: {}}}]}}}", "x", "{X-Filter: {n: 1, l: [a]}}"),
            R"(GET https://h/x {"x-filter":"{\"n\":1,\"l\":[\"a\"]}"})");
}

TEST(Openapi, FindsOperationsBehindPathsThatCannotBeRead) {
  const std::string document = "openapi: 3.0.3\nservers: [{url: 'https://h'}]\npaths: {/a: {$ref: "
                               "'https://other.example/a.yaml'}, /b: {$ref: '#/nowhere'}, /x: {get: {operationId: x}}}";
  EXPECT_EQ(call_of(document, "x", "{}"), "GET https://h/x {}");
  EXPECT_THAT(call_of(document, "y", "{}"),
              HasSubstr("the reference https://other.example/a.yaml leads to another document"));
  EXPECT_THAT(call_of("openapi: 3.0.3\npaths: {/b: {$ref: '#/nowhere'}, /c: {$ref: 'c.yaml'}}", "y", "{}"),
              HasSubstr("the document https://docs.example/a/c.yaml is not here"));
}

TEST(Openapi, CallsNoServerButHttp) {
  const std::string path = "\npaths: {/private.yaml: {get: {operationId: x}}}";
  EXPECT_THAT(call_of("openapi: 3.0.3\nservers: [{url: 'file:///srv/functions'}]" + path, "x", "{}"),
              HasSubstr("the server \"file:///srv/functions\" is neither http nor https"));
  EXPECT_THAT(call_of("openapi: 3.0.3\nservers: [{url: '{s}:///srv', variables: {s: {default: FILE}}}]" + path, "x", "{}"),
              HasSubstr("is neither http nor https"));
  EXPECT_THAT(call_of("openapi: 3.0.3" + path, "x", "{}", "file:///srv/api/main.yaml"),
              HasSubstr("the server \"file:///\" is neither http nor https"));
  EXPECT_THAT(call_of("openapi: 3.0.3\nservers: [{url: 'HTTP://h/v1'}]" + path, "x", "{}"),
              HasSubstr("GET HTTP://h/v1/private.yaml"));
}

TEST(Openapi, ServesNoFileWhereADocumentNamesOne) {
  World world(with_head("do: [{a: {call: openapi, with: {document: {endpoint: 'https://docs.example/api.yaml'}, operationId: x}}}]"));
  world.answer = [](const json::Value&) -> CallOutcome {
    return HttpOutcome{200, {}, "openapi: 3.0.0\nservers: [{url: 'file:///srv'}]\npaths: {/private.yaml: {get: {operationId: x}}}"};
  };
  world.start_and_run("{}");
  EXPECT_EQ(world.calls.size(), 1u) << "the document alone";
  EXPECT_THAT(world.error()->to_text(), HasSubstr("is neither http nor https"));
  const std::string inline_one = with_head("do: [{a: {call: openapi, with: {document: {openapi: 3.0.0, servers: [{url: 'file:///srv'}], "
                                           "paths: {/private.yaml: {get: {operationId: x}}}}, operationId: x}}}]");
  EXPECT_THAT(faults_of(inline_one), ::testing::ElementsAre(HasSubstr("is neither http nor https")));
  EXPECT_TRUE(compile(value_of(inline_one).view()).faults.empty()) << "one that was recorded loads; its call fails";
}

TEST(Openapi, ParametersOfAnOperationReplaceThoseOfItsPath) {
  EXPECT_EQ(call_of("openapi: 3.0.3\nservers: [{url: 'https://h'}]\npaths: {/x: {parameters: [{name: a, in: query, required: "
                    "true}, {name: b, in: query}], get: {operationId: x, parameters: [{name: c, in: query}, {name: a, in: "
                    "query}]}}}", "x", "{b: 1, c: 2}"), "GET https://h/x?b=1&c=2 {}");
}

TEST(Openapi, ReferencesMayHoldPercentsAsTheyStand) {
  const std::string document =
      "openapi: 3.0.3\nservers: [{url: 'https://h'}]\ncomponents: {parameters: {'a%20b': {name: q, in: query}, 'c d': {name: r, "
      "in: query}}}\npaths: {/x: {get: {operationId: x, parameters: [{$ref: '#/components/parameters/a%20b'}, {$ref: "
      "'#/components/parameters/c%20d'}]}}}";
  EXPECT_EQ(call_of(document, "x", "{q: 1, r: 2}"), "GET https://h/x?q=1&r=2 {}");
  EXPECT_EQ(call_of(document, "x", "{q: 1, r: 2}", ""), "GET https://h/x?q=1&r=2 {}");
}

/// A text for each number below count.
std::string texts(int count, const std::function<std::string(int)>& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text(i);
  return all;
}

/// A description of one operation, x, with more of it and of the document.
std::string described(const std::string& operation, const std::string& more = "") {
  return "{openapi: 3.1.0, servers: [{url: 'https://h'}], " + more + "paths: {/x: {post: {operationId: x, " + operation + "}}}}";
}

std::string with_form(const std::string& schema, const std::string& more = "") {
  return described("requestBody: {content: {multipart/form-data: {schema: " + schema + "}}}", more);
}

/// Nine schemas, each of which but the last has thirty times the next: 30^8 ways to the property.
std::string thirty_to_the_eighth() {
  return with_form("{$ref: '#/L0'}", texts(8, [](int level) {
                     const std::string next = "{$ref: '#/L" + std::to_string(level + 1) + "'}, ";
                     return "L" + std::to_string(level) + ": {allOf: [" + texts(30, [&](int) { return next; }) + "]}, ";
                   }) + "L8: {properties: {a: {type: string}}}, ");
}

std::string with_parameters(int count) {
  return described("parameters: [" + texts(count, [](int i) {
    return "{name: p" + std::to_string(i) + ", in: query}, ";
  }) + "]");
}

constexpr char kTooIntricate[] = "OpenAPI: the description is too intricate: more than 10000 references and schemas for one "
                                 "operation; simplify or bundle it";

TEST(Openapi, RefusesDescriptionsThatAreTooIntricate) {
  EXPECT_EQ(kOpenapiVisitsMax, 10'000u);
  EXPECT_EQ(call_of(thirty_to_the_eighth(), "x", "{}"), kTooIntricate);
  EXPECT_THAT(faults_of(with_head("do: [{a: {call: openapi, with: {document: " + thirty_to_the_eighth() + ", operationId: x}}}]")),
              ::testing::ElementsAre(HasSubstr(kTooIntricate)));
  World world(with_head("do: [{a: {call: openapi, with: {document: {endpoint: 'https://h/0'}, operationId: x}}}]"));
  world.answer = [](const json::Value&) -> CallOutcome { return HttpOutcome{200, {}, thirty_to_the_eighth()}; };
  world.start_and_run("{}");
  EXPECT_EQ(world.calls.size(), 1u);
  EXPECT_THAT(world.error()->to_text(), HasSubstr(kTooIntricate));
}

TEST(Openapi, TakesWideDescriptionsWithinTheLimit) {
  EXPECT_EQ(call_of(with_parameters(9'000), "x", "{p8999: 1}"), "POST https://h/x?p8999=1 {}");
  EXPECT_EQ(call_of(with_parameters(10'001), "x", "{}"), kTooIntricate);
}

TEST(Openapi, CountsWhateverMakesADescriptionLong) {
  const std::string nulls = "{anyOf: [" + texts(60, [](int) { return "{type: 'null'}, "; }) + "]}";
  EXPECT_EQ(call_of(with_form("{properties: {" + texts(200, [&](int i) {
              return "p" + std::to_string(i) + ": " + nulls + ", ";
            }) + "}}"), "x", "{}"), kTooIntricate) << "choices";
  const auto references = [](int count, const std::string& pointer) {
    return texts(count, [&](int) { return "{$ref: '#" + pointer + "'}, "; });
  };
  const std::string base(2'000, 'b');
  EXPECT_EQ(call_of(with_form("{allOf: [" + references(2'600, "/B") + "]}", "B: {properties: {? " + base + " : {}}}, "), "x", "{}"),
            kTooIntricate) << "long names";
  EXPECT_EQ(call_of(with_form("{allOf: [" + references(200, "/B") + "]}", "B: {required: [" + texts(60, [](int i) {
              return "r" + std::to_string(i) + ", ";
            }) + "]}, "), "x", "{}"), kTooIntricate) << "required names";
  const std::string list = "list: [" + texts(19'999, [](int) { return "{}, "; }) + "{name: q, in: query}], ";
  EXPECT_EQ(call_of(described("parameters: [" + references(600, "/list/19999") + "]", list), "x", "{}"), kTooIntricate)
      << "places in lists";
  EXPECT_EQ(call_of(described("parameters: [" + references(400, "/list/19999") + "]", list), "x", "{q: 1}"),
            "POST https://h/x?q=1 {}");
  const std::string server = "openapi: 3.0.3\nservers: [{url: 'https://h/" + texts(5'000, [](int) { return "{a}"; }) +
                             "', variables: {a: {default: " + base + "}}}]\npaths: {/x: {get: {operationId: x}}}";
  EXPECT_EQ(call_of(server, "x", "{}"), kTooIntricate) << "variables of servers";
  EXPECT_EQ(call_of("{openapi: 3.1.0, paths: {" + texts(10'001, [](int i) {
              return "/" + std::to_string(i) + ": {$ref: '#/nowhere'}, ";
            }) + "}}", "x", "{}"), kTooIntricate) << "paths that cannot be read";
}

TEST(Openapi, ReadsBodiesAndFormsOfSwagger) {
  const std::string head = "swagger: '2.0'\nhost: h\n";
  EXPECT_EQ(call_of(head + "paths: {/p: {post: {operationId: o, parameters: [{name: pet, in: body}]}}}", "o",
                    "{pet: {id: 1}}"),
            R"(POST https://h/p {"content-type":"application/json"} {"id":1})");
  EXPECT_EQ(call_of(head + "paths: {/p: {post: {operationId: o, parameters: [{name: a, in: formData}, "
                           "{name: b, in: formData}]}}}", "o", "{a: x y, b: 2}"),
            R"(POST https://h/p {"content-type":"application/x-www-form-urlencoded"} a=x%20y&b=2)");
}

TEST(Openapi, SaysWhatDoesNotFit) {
  EXPECT_THAT(call_of(kDocument3, "ordr", "{}"), HasSubstr("no operation \"ordr\"; did you mean \"order\"?"));
  EXPECT_THAT(call_of("openapi: 3.0.3\nservers: [{url: 'https://h'}]\npaths: {/x: {get: {}}}", "", "{}"),
              HasSubstr("the document has no operation \"\""));
  EXPECT_THAT(call_of(kDocument3, "order", "{}"), HasSubstr("the parameter \"shop\" is required"));
  EXPECT_THAT(call_of(kDocument3, "order", "{shop: s}"), HasSubstr("the operation needs a body"));
  EXPECT_THAT(call_of(kDocument3, "styles", "{a: 1, b: 1, c: 1, d: 1}"), HasSubstr("has no parameter \"d\""));
  EXPECT_THAT(call_of("swagger: '1.2'", "x", "{}"), HasSubstr("neither"));
  EXPECT_THAT(call_of("openapi: 3.0.0\npaths: {/x: {$ref: 'other.yaml'}}", "x", "{}"),
              HasSubstr("the document https://docs.example/a/other.yaml is not here"));
  EXPECT_THAT(call_of("openapi: 3.0.0\npaths: {/x: {$ref: 'http://docs.example/other.yaml'}}", "x", "{}"),
              HasSubstr("is not read: it is not of https://docs.example; bundle them"));
  EXPECT_THAT(call_of("openapi: 3.0.0\npaths: {/x: {$ref: 'other.yaml'}}", "x", "{}", ""),
              HasSubstr("is not read where the first one is inline"));
  EXPECT_THAT(call_of("openapi: 3.0.0\npaths: {/x: {$ref: '#/paths/~1x'}}", "x", "{}"),
              HasSubstr("more than 8 times"));
  EXPECT_THAT(call_of(kDocument3, "order", "[]"), HasSubstr("parameters: expected an object"));
}

TEST(Openapi, FetchesTheDocumentAndKeepsTheOperationAlone) {
  World world(with_head("use: {secrets: [key]}\ndo: [{a: {call: openapi, with: {document: {endpoint: "
                        "'https://docs.example/{name}.json'}, operationId: list, parameters: {shop: "
                        "'${ .shop }'}, authentication: {bearer: {use: key}}, output: response}}}]"));
  world.secrets = value_of("{key: token-1}");
  world.answer = [](const json::Value& request) -> CallOutcome {
    if (request->string_or("url", "") == "https://docs.example/api.json") {
      return HttpOutcome{200, {{"content-type", "text/plain"}}, kDocument3};
    }
    EXPECT_EQ(request->find_path({"headers", "authorization"})->as_string(), "Bearer token-1");
    return json_answer(200, "[1]");
  };
  world.start_and_run("{name: api, shop: s1}");
  EXPECT_EQ(world.phase(), "completed") << world.error()->to_text();
  EXPECT_EQ(world.instance.output->view().find_path({"request", "uri"})->as_string(),
            "https://docs.example/v2/shops/s1/orders{;tags}");
  const auto fetched = world.all<DocumentFetched>();
  ASSERT_EQ(fetched.size(), 1u);
  EXPECT_EQ(fetched[0].document->string_or("method", ""), "GET");
  for (const CallRequested& call : world.all<CallRequested>()) {
    EXPECT_THAT(call.request->to_text(), ::testing::Not(HasSubstr("token-1")));
  }
}

/// A call of x, whose description is the text.
World world_with_description(const std::string& text) {
  World world(with_head("do: [{a: {call: openapi, with: {document: {endpoint: 'https://h/0'}, operationId: x}}}]"));
  world.answer = [text](const json::Value& request) -> CallOutcome {
    if (request->string_or("url", "") == "https://h/0") return HttpOutcome{200, {}, text};
    return json_answer(200, "7");
  };
  world.start_and_run("{}");
  return world;
}

TEST(Openapi, TakesDescriptionsInJsonThatAreTooLargeForYaml) {
  const std::string large = "[" + texts(json::kYamlNodesMax, [](int) { return "0,"; }) + "\"" +
                            std::string(json::kYamlBytesMax, 'd') + "\"]";
  const World world = world_with_description("\n{\"openapi\":\"2\",\"openapi\":\"3.0.0\",\"x-large\":" + large +
                                             ",\"paths\":{\"/x\":{\"get\":{\"operationId\":\"x\"}}}}");
  EXPECT_EQ(world.output(), "7") << world.error()->to_text();
  EXPECT_EQ(world.calls.back()->string_or("url", ""), "https://h/x");
  EXPECT_THAT(world_with_description("{" + std::string(json::kYamlBytesMax, ' ') + "openapi: 3.0.0}").error()->to_text(),
              HasSubstr("line 1, column ")) << "what is wrong with the JSON";
  EXPECT_EQ(world_with_description("{openapi: 3.0.0, paths: {/x: {get: {operationId: x}}}}").output(), "7") << "YAML";
}

TEST(Openapi, TakesTheDocumentInline) {
  World world(with_head("do: [{a: {call: openapi, with: {document: {openapi: 3.0.0, servers: [{url: "
                        "'https://h/v1'}], paths: {/x: {get: {operationId: x}}}}, operationId: x}}}]"));
  world.answer = [](const json::Value&) { return json_answer(200, "5"); };
  world.start_and_run("{}");
  EXPECT_EQ(world.output(), "5");
  EXPECT_EQ(world.calls.at(0)->string_or("url", ""), "https://h/v1/x");
  EXPECT_THAT(faults_of(with_head("do: [{a: {call: openapi, with: {document: {openapi: 3.0.0, paths: {}}, "
                                  "operationId: x}}}]")),
              ::testing::ElementsAre(HasSubstr("no operation \"x\"")));
  EXPECT_THAT(faults_of(with_head("do: [{a: {call: openapi, with: {document: {openapi: 3.0.0, servers: [{url: 'https://h'}], paths: "
                                  "{/x: {post: {operationId: x, requestBody: {content: {multipart/mixed: {}}}}}}}, operationId: x}}}]")),
              ::testing::ElementsAre(HasSubstr("line 2, column 32: /do/0/a/with: OpenAPI: bodies of type multipart/mixed are not supported")));
}

constexpr char kUploads[] = R"(
openapi: 3.0.3
servers: [{url: "https://h"}]
components:
  schemas:
    Named: {required: [name], properties: {name: {type: string}}}
    Upload:
      allOf: [{$ref: "#/components/schemas/Named"}]
      properties:
        icon: {type: string, format: binary}
        note: {type: string, format: byte}
        pages: {type: array, items: {type: string, format: binary}}
        owner: {type: object}
paths:
  /a:
    post:
      operationId: upload
      requestBody:
        content:
          multipart/mixed: {}
          multipart/form-data:
            schema: {$ref: "#/components/schemas/Upload"}
            encoding: {icon: {contentType: "image/*, image/png, image/jpeg", style: form}}
  /b: {post: {operationId: mixed, requestBody: {content: {multipart/mixed: {}}}}}
  /c: {put: {operationId: raw, requestBody: {content: {image/*: {}}}}}
  /d:
    post:
      operationId: headed
      requestBody:
        content:
          multipart/form-data:
            schema: {properties: {f: {type: string}}}
            encoding: {f: {headers: {X-Kind: {required: true}, X-Other: {}}}}
)";

TEST(Openapi, SendsFormsInParts) {
  const std::string sent = call_of(kUploads, "upload", "{name: n, icon: {base64: eA==, filename: i.png}, note: eA==, "
                                                       "pages: [p1, p2], owner: {id: 1}}");
  for (const char* part : {
           "\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nn\r\n",
           "name=\"icon\"; filename=\"i.png\"\r\nContent-Type: image/png\r\n\r\nx\r\n",
           "name=\"note\"\r\n\r\neA==\r\n",
           "name=\"pages\"; filename=\"pages\"\r\nContent-Type: application/octet-stream\r\n\r\np2\r\n",
           "name=\"owner\"\r\nContent-Type: application/json\r\n\r\n{\"id\":1}\r\n"}) {
    EXPECT_THAT(sent, HasSubstr(part));
  }
  EXPECT_THAT(sent, HasSubstr("\"content-type\":\"multipart/form-data; boundary=hence-"));
  EXPECT_EQ(sent, call_of(kUploads, "upload", "{name: n, icon: {base64: eA==, filename: i.png}, note: eA==, "
                                              "pages: [p1, p2], owner: {id: 1}}"));
  EXPECT_THAT(call_of(kUploads, "upload", "{icon: x}"), HasSubstr("the part \"name\" is required"));
  EXPECT_THAT(call_of(kUploads, "mixed", "{}"), HasSubstr("of several parts, multipart/form-data is"));
  EXPECT_THAT(call_of(kUploads, "headed", "{f: x}"), HasSubstr("the part \"f\" needs the header X-Kind"));
}

TEST(Openapi, ReadsPartsOfVersion31) {
  const auto part = [](const std::string& schema, const std::string& encoding = "{}") {
    return call_of("openapi: 3.1.0\nservers: [{url: 'https://h'}]\npaths: {/a: {post: {operationId: o, requestBody: {content: "
                   "{multipart/form-data: {schema: {properties: {f: " + schema + "}}, encoding: {f: " + encoding +
                   "}}}}}}}", "o", "{f: eA==}");
  };
  const char* const kBytes = "filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\neA==";
  EXPECT_THAT(part("{}"), HasSubstr(kBytes));
  EXPECT_THAT(part("{anyOf: [{type: 'null'}, {type: string, format: binary}]}"), HasSubstr(kBytes));
  EXPECT_THAT(part("{type: string, contentMediaType: image/png, contentEncoding: base64}"),
              HasSubstr("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\neA=="));
  EXPECT_THAT(part("{type: string, format: base64}"),
              HasSubstr("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\neA=="));
  EXPECT_THAT(part("{type: [string, 'null']}"), HasSubstr("name=\"f\"\r\n\r\neA=="));
  EXPECT_THAT(part("{enum: [eA==]}"), HasSubstr("name=\"f\"\r\n\r\neA=="));
  EXPECT_THAT(part("{type: string}", "{style: form}"), HasSubstr("`style` and `explode` of the part \"f\" are not supported"));
}

TEST(Openapi, SendsFormsOfSwaggerInPartsWhereTheyHaveFiles) {
  const std::string head = "swagger: '2.0'\nhost: h\nconsumes: [application/x-www-form-urlencoded]\n";
  const std::string sent =
      call_of(head + "paths: {/p: {post: {operationId: o, parameters: [{name: f, in: formData, type: file}, {name: l, "
                     "in: formData, type: array, collectionFormat: pipes}, {name: m, in: formData, type: array, "
                     "collectionFormat: multi}]}}}", "o", "{f: text, l: [a, b], m: [c, d]}");
  EXPECT_THAT(sent, HasSubstr("name=\"f\"; filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\ntext\r\n"));
  EXPECT_THAT(sent, HasSubstr("name=\"l\"\r\n\r\na|b\r\n"));
  EXPECT_THAT(sent, HasSubstr("name=\"m\"\r\n\r\nd\r\n"));
  EXPECT_THAT(call_of(head + "paths: {/p: {post: {consumes: [multipart/form-data], operationId: o, parameters: [{name: a, "
                             "in: formData}]}}}", "o", "{a: 1}"), HasSubstr("name=\"a\"\r\n\r\n1\r\n"));
}

TEST(Openapi, SendsBytesThatAreNoText) {
  const auto operation = find_operation(value_of(kUploads), "", "raw");
  ASSERT_TRUE(operation.ok());
  OpenapiSpec spec;
  spec.parameters = Formula::constant(value_of("{body: {base64: /w==, contentType: image/gif}}"));
  const auto request = build_openapi_request(spec, *operation, {json::View(), {}, {}}, json::View());
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ((*request)->string_or("bodyBase64", ""), "/w==");
  EXPECT_EQ((*request)->find("headers")->to_text(), R"({"content-type":"image/gif"})");
  EXPECT_FALSE((*request)->find("body"));
  EXPECT_EQ(call_of(kUploads, "raw", "{base64: eA==}"), R"(PUT https://h/c {"content-type":"application/octet-stream"} x)");
}

/// Documents of one service; the answer to whatever is asked for.
CallOutcome split_documents(const json::Value& request) {
  const std::map<std::string_view, std::string> documents = {
      {"https://docs.example/api/main.yaml",
       "openapi: 3.0.0\nservers: [{url: /v1}]\ncomponents: {parameters: {q: {name: q, in: query}}}\n"
       "paths: {/a: {$ref: 'paths/a.yaml'}, /b: {$ref: './paths/b.yaml#/~1b'}}"},
      {"https://docs.example/api/paths/a.yaml", "get: {operationId: a}"},
      {"https://docs.example/api/paths/b.yaml",
       "/b: {get: {operationId: b, parameters: [{$ref: '../main.yaml#/components/parameters/q'}, {$ref: "
       "'../parameters.yaml#/r'}]}}"},
      {"https://docs.example/api/parameters.yaml", "r: {name: r, in: query, required: true}"}};
  const auto found = documents.find(request->string_or("url", ""));
  if (found == documents.end()) return json_answer(200, "1");
  EXPECT_EQ(request->find_path({"headers", "authorization"})->as_string(), "Bearer token-1");
  return HttpOutcome{200, {}, found->second};
}

TEST(Openapi, FetchesTheDocumentsThatReferencesLeadTo) {
  for (const char* token : {"{token: token-1}", "{use: key}"}) {
    World world(with_head("use: {secrets: [key]}\ndo: [{a: {call: openapi, with: {document: {endpoint: {uri: "
                          "'https://docs.example/api/main.yaml', authentication: {bearer: " + std::string(token) +
                          "}}}, operationId: b, parameters: {q: 1, r: 2}}}}]"));
    world.secrets = value_of("{key: token-1}");
    world.answer = split_documents;
    world.start_and_run("{}");
    EXPECT_EQ(world.phase(), "completed") << world.error()->to_text();
    ASSERT_EQ(world.calls.size(), 5u);
    EXPECT_EQ(world.calls[4]->string_or("url", ""), "https://docs.example/v1/b?q=1&r=2");
    EXPECT_FALSE(world.calls[4]->find_path({"headers", "authorization"}));
    const auto fetched = world.all<DocumentFetched>();
    ASSERT_EQ(fetched.size(), 4u);
    EXPECT_EQ(fetched[1].document->find("documents")->size(), 1u) << "each document is in one record";
    EXPECT_EQ(fetched[3].document->string_or("method", ""), "GET");
  }
}

TEST(Openapi, StopsAtADocumentThatIsNotThereOrTooMany) {
  World absent(with_head("do: [{a: {call: openapi, with: {document: {endpoint: 'https://h/0'}, operationId: b}}}]"));
  absent.answer = [](const json::Value& request) -> CallOutcome {
    if (request->string_or("url", "") != "https://h/0") return HttpOutcome{404, {}, ""};
    return HttpOutcome{200, {}, "openapi: 3.0.0\npaths: {/a: {$ref: x.yaml}}"};
  };
  absent.start_and_run("{}");
  EXPECT_THAT(absent.error()->to_text(), HasSubstr("the document was answered with status 404"));
  World many(with_head("do: [{a: {call: openapi, with: {document: {endpoint: 'https://h/0'}, operationId: b}}}]"));
  many.answer = [](const json::Value& request) -> CallOutcome {
    if (request->string_or("url", "") != "https://h/0") return HttpOutcome{200, {}, "get: {operationId: a}"};
    std::string paths;
    for (int i = 1; i < 30; ++i) paths += "/" + std::to_string(i) + ": {$ref: '/" + std::to_string(i) + "'}, ";
    return HttpOutcome{200, {}, "openapi: 3.0.0\npaths: {" + paths + "}"};
  };
  many.start_and_run("{}");
  EXPECT_EQ(many.calls.size(), kOpenapiDocumentsMax);
  EXPECT_THAT(many.error()->to_text(), HasSubstr("lead to more than 16 documents"));
}

TEST(UriTemplates, AreRfc6570) {
  const json::Value values = value_of(
      "{var: value, hello: Hello World!, path: /foo/bar, empty: '', list: [red, green, blue], keys: {semi: ;, dot: "
      "., comma: ','}, x: 1024, y: 768, half: 50%, who: fred, 'pet.id': 7}");
  const std::pair<const char*, const char*> cases[] = {
      {"{var}", "value"}, {"{hello}", "Hello%20World%21"}, {"{half}", "50%25"}, {"O{empty}X", "OX"},
      {"O{undef}X", "OX"}, {"{x,y}", "1024,768"}, {"{x,hello,y}", "1024,Hello%20World%21,768"},
      {"?{x,empty}", "?1024,"}, {"{var:3}", "val"}, {"{var:30}", "value"}, {"{list*}", "red,green,blue"},
      {"{keys*}", "semi=%3B,dot=.,comma=%2C"}, {"{+var}", "value"}, {"{+hello}", "Hello%20World!"},
      {"{+half}", "50%25"}, {"{+path}/here", "/foo/bar/here"}, {"{+path:6}/here", "/foo/b/here"},
      {"{+list}", "red,green,blue"}, {"{+keys}", "semi,;,dot,.,comma,,"}, {"{#path,x}/here", "#/foo/bar,1024/here"},
      {"{#list*}", "#red,green,blue"}, {"X{.var}", "X.value"}, {"X{.list*}", "X.red.green.blue"},
      {"{/who,who}", "/fred/fred"}, {"{/var,empty}", "/value/"}, {"{/list*,path:4}", "/red/green/blue/%2Ffoo"},
      {"{;x,y,empty}", ";x=1024;y=768;empty"}, {"{;list}", ";list=red,green,blue"},
      {"{;keys*}", ";semi=%3B;dot=.;comma=%2C"}, {"{?x,y,empty}", "?x=1024&y=768&empty="},
      {"{?list*}", "?list=red&list=green&list=blue"}, {"{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"},
      {"?fixed=yes{&x}", "?fixed=yes&x=1024"}, {"{&var:3}", "&var=val"}, {"{pet.id}", "7"}, {"a{?undef}", "a"}};
  for (const auto& [given, wanted] : cases) {
    const auto made = expand_uri(given, values);
    ASSERT_TRUE(made.ok()) << given << made.error().message();
    EXPECT_EQ(*made, wanted) << given;
  }
  EXPECT_THAT(expand_uri("{list}", values).error().message(), HasSubstr("expected a text or number"));
  EXPECT_FALSE(expand_uri("{var", values).ok());
  EXPECT_FALSE(expand_uri("{var:x}", values).ok());
}

/// What a policy comes to in the request.
json::Value token_of(const std::string& policy) {
  World world(with_head("do: [{a: {call: http, with: {method: get, endpoint: {uri: 'https://a', "
                        "authentication: " + policy + "}}}}]"));
  world.start("{user: u1}");
  if (world.calls.empty()) return world.error();
  const auto token = world.calls.at(0)->find("token");
  return token ? json::Value(*token) : world.calls.at(0);
}

TEST(Tokens, AreAskedForAsThePolicySays) {
  EXPECT_EQ(token_of("{oauth2: {authority: 'https://id/', grant: client_credentials, client: {id: i, secret: "
                     "s}, scopes: [a, b], audiences: [x]}}")->to_text(),
            R"({"endpoint":"https://id/oauth2/token","headers":{},"fields":{"grant_type":"client_credentials",)"
            R"("scope":"a b","audience":"x","client_id":"i","client_secret":"s"},"refresh":{"grant_type":)"
            R"("refresh_token","client_id":"i","client_secret":"s"}})");
  const json::Value basic = token_of("{oidc: {authority: 'https://id/realm', grant: password, username: "
                                     "'${ .user }', password: p, client: {id: i, secret: s:1, authentication: "
                                     "client_secret_basic}, request: {encoding: application/json}}}");
  EXPECT_EQ(basic->string_or("discover", ""), "https://id/realm/.well-known/openid-configuration");
  EXPECT_EQ(basic->find("headers")->string_or("authorization", ""), "Basic aTpzJTNBMQ==");
  EXPECT_EQ(basic->find("fields")->string_or("username", ""), "u1");
  EXPECT_TRUE(basic->find("json").has_value());
  EXPECT_THAT(token_of("{oauth2: {authority: 'https://id', grant: 'urn:ietf:params:oauth:grant-type:token-exchange', "
                       "subject: {token: t, type: y}}}")->to_text(), HasSubstr("subject_token_type\":\"y"));
  EXPECT_THAT(token_of("{oauth2: {authority: 'https://id', grant: client_credentials, client: {authentication: "
                       "private_key_jwt}}}")->to_text(), HasSubstr("needs client.assertion"));
  EXPECT_THAT(token_of("{digest: {username: u, password: p}}")->to_text(),
              HasSubstr(R"("digest":{"username":"u","password":"p"})"));
}

TEST(Tokens, AreAskedForAtTheAuthorityUnlessTheEndpointIsAUrl) {
  const std::pair<const char*, const char*> cases[] = {
      {"oauth2/token", "https://id.example/oauth2/token"},
      {"/token", "https://id.example/token"},
      {"login?to=https://x", "https://id.example/login?to=https://x"},
      {"https://tokens.example/a", "https://tokens.example/a"}};
  for (const auto& [given, wanted] : cases) {
    EXPECT_EQ(token_of("{oauth2: {authority: 'https://id.example', grant: client_credentials, client: {id: i, secret: s}, "
                       "endpoints: {token: '" + std::string(given) + "'}}}")->string_or("endpoint", ""), wanted);
  }
}

}  // namespace
}  // namespace hence::workflow::testing
