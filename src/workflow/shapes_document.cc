// SPDX-License-Identifier: Apache-2.0
// The shapes of everything in a workflow document but its tasks (shapes_tasks.cc).
// Source: the specification's schema/workflow.yaml, DSL 1.0.3.

#include "workflow/shapes_shared.h"

namespace hence::workflow {

using enum Shape::Kind;

const Shape kAnyShape{};
const Shape kStringShape{.kind = string};
const Shape kBooleanShape{.kind = boolean};
const Shape kStringList{.kind = list, .item = &kStringShape};
const Shape kAnyMap{.kind = map, .item = &kAnyShape};
const Shape kStringMap{.kind = map, .item = &kStringShape};
const Shape kExpressionText{.kind = text, .what = "an expression ${ … }", .accepts = is_expression};
const Shape kUri{.kind = text, .what = "a URI or URI template", .accepts = is_uri};
const Shape kUriOrExpression{
    .kind = text, .what = "a URI, URI template or expression", .accepts = is_uri_or_expression};
const Shape kDslName{.kind = text, .what = "a name of letters, digits and dashes, 63 at most",
                     .accepts = is_dsl_name};

namespace {

const Shape kNonNegative{.kind = integer, .min = 0};
// A thousand years of each unit, as ISO 8601 texts are bounded.
const Shape kDays{.kind = integer, .min = 0, .max = 365'000};
const Shape kHours{.kind = integer, .min = 0, .max = 8'760'000};
const Shape kMinutes{.kind = integer, .min = 0, .max = 525'600'000};
const Shape kSeconds{.kind = integer, .min = 0, .max = 31'536'000'000};
const Shape kMilliseconds{.kind = integer, .min = 0, .max = 31'536'000'000'000};
const ShapeKey kDurationKeys[] = {{"days", &kDays},
                                  {"hours", &kHours},
                                  {"minutes", &kMinutes},
                                  {"seconds", &kSeconds},
                                  {"milliseconds", &kMilliseconds}};
const Shape kDurationText{.kind = text,
                          .what = "an ISO 8601 duration such as PT15M, or an expression ${ … }",
                          .accepts = is_duration_text};

}  // namespace

const Shape kDurationObjectShape{.kind = object, .keys = kDurationKeys, .min_size = 1};
const Shape kDurationShape{.kind = by_type, .as_string = &kDurationText,
                           .as_object = &kDurationObjectShape};

namespace {

const ShapeKey kTimeoutKeys[] = {{"after", &kDurationShape, true}};
const Shape kTimeoutObject{.kind = object, .keys = kTimeoutKeys};

const ShapeKey kUseKeys[] = {{"use", &kStringShape, true}};
const Shape kUseObject{.kind = object, .keys = kUseKeys};

// Authentication.
const ShapeKey kUserKeys[] = {{"username", &kStringShape, true}, {"password", &kStringShape, true}};
const Shape kUserObject{.kind = object, .keys = kUserKeys};
const Shape kUserOrSecret{.kind = by_key, .key = "use", .with_key = &kUseObject,
                          .without_key = &kUserObject};
const ShapeKey kTokenKeys[] = {{"token", &kStringShape, true}};
const Shape kTokenObject{.kind = object, .keys = kTokenKeys};
const Shape kTokenOrSecret{
    .kind = by_key, .key = "use", .with_key = &kUseObject, .without_key = &kTokenObject};

constexpr std::string_view kGrants[] = {"authorization_code", "client_credentials", "password",
                                        "refresh_token",
                                        "urn:ietf:params:oauth:grant-type:token-exchange"};
constexpr std::string_view kClientMethods[] = {"client_secret_basic", "client_secret_post",
                                               "client_secret_jwt", "private_key_jwt", "none"};
constexpr std::string_view kEncodings[] = {"application/x-www-form-urlencoded", "application/json"};
const Shape kGrant{.kind = word, .words = kGrants};
const Shape kClientMethod{.kind = word, .words = kClientMethods};
const Shape kEncoding{.kind = word, .words = kEncodings};
const ShapeKey kClientKeys[] = {{"id", &kStringShape},
                                {"secret", &kStringShape},
                                {"assertion", &kStringShape},
                                {"authentication", &kClientMethod}};
const Shape kClient{.kind = object, .keys = kClientKeys};
const ShapeKey kRequestKeys[] = {{"encoding", &kEncoding}};
const Shape kTokenRequest{.kind = object, .keys = kRequestKeys, .others = Shape::Others::unread};
const ShapeKey kOauthTokenKeys[] = {{"token", &kStringShape, true}, {"type", &kStringShape, true}};
const Shape kOauthToken{.kind = object, .keys = kOauthTokenKeys};
const ShapeKey kEndpointsKeys[] = {
    {"token", &kStringShape}, {"revocation", &kStringShape}, {"introspection", &kStringShape}};
const Shape kEndpoints{.kind = object, .keys = kEndpointsKeys, .others = Shape::Others::unread};
const ShapeKey kOidcKeys[] = {
    {"authority", &kUri, true},    {"grant", &kGrant, true},      {"client", &kClient},
    {"request", &kTokenRequest},   {"issuers", &kStringList},     {"scopes", &kStringList},
    {"audiences", &kStringList},   {"username", &kStringShape},   {"password", &kStringShape},
    {"subject", &kOauthToken},     {"actor", &kOauthToken}};
const ShapeKey kOauthKeys[] = {
    {"authority", &kUri, true},    {"grant", &kGrant, true},      {"client", &kClient},
    {"request", &kTokenRequest},   {"issuers", &kStringList},     {"scopes", &kStringList},
    {"audiences", &kStringList},   {"username", &kStringShape},   {"password", &kStringShape},
    {"subject", &kOauthToken},     {"actor", &kOauthToken},       {"endpoints", &kEndpoints}};
const Shape kOauth{.kind = object, .keys = kOauthKeys};
const Shape kOidc{.kind = object, .keys = kOidcKeys};
const Shape kOauthOrSecret{.kind = by_key, .key = "use", .with_key = &kUseObject,
                           .without_key = &kOauth};
const Shape kOidcOrSecret{.kind = by_key, .key = "use", .with_key = &kUseObject,
                          .without_key = &kOidc};
const ShapeKey kPolicyKeys[] = {{"basic", &kUserOrSecret},
                                {"bearer", &kTokenOrSecret},
                                {"digest", &kUserOrSecret},
                                {"oauth2", &kOauthOrSecret},
                                {"oidc", &kOidcOrSecret}};
constexpr std::string_view kSchemes[] = {"basic", "bearer", "digest", "oauth2", "oidc"};
const KeyChoice kOneScheme[] = {{kSchemes}};
const Shape kAuthenticationPolicy{.kind = object, .keys = kPolicyKeys, .choices = kOneScheme};
const Shape kNamedPolicy{
    .kind = object, .keys = kPolicyKeys, .choices = kOneScheme, .others = Shape::Others::unread};

// Endpoints and what is fetched from them.
const ShapeKey kEndpointKeys[] = {{"uri", &kUriOrExpression, true},
                                  {"authentication", &kAuthenticationReference}};
const Shape kEndpointObject{.kind = object, .keys = kEndpointKeys};
const ShapeKey kResourceKeys[] = {{"name", &kStringShape}, {"endpoint", &kEndpointShape, true}};
const ShapeKey kCatalogKeys[] = {{"endpoint", &kEndpointShape, true}};
const Shape kCatalog{.kind = object, .keys = kCatalogKeys};

// Data flow.
const ShapeKey kSchemaKeys[] = {
    {"format", &kStringShape}, {"document", &kAnyShape}, {"resource", &kExternalResource}};
constexpr std::string_view kSchemaForms[] = {"document", "resource"};
const KeyChoice kOneSchemaForm[] = {{kSchemaForms}};
const Shape kSchemaObject{.kind = object, .keys = kSchemaKeys, .choices = kOneSchemaForm};
const Shape kTransform{.kind = by_type, .as_string = &kStringShape, .as_object = &kAnyShape};
const ShapeKey kInputKeys[] = {{"schema", &kSchemaObject}, {"from", &kTransform}};
const ShapeKey kOutputKeys[] = {{"schema", &kSchemaObject}, {"as", &kTransform}};

// Errors and retries.
const Shape kStatus{.kind = integer};
const ShapeKey kErrorKeys[] = {{"type", &kUriOrExpression, true}, {"status", &kStatus, true},
                               {"instance", &kStringShape},       {"title", &kStringShape},
                               {"detail", &kStringShape}};
const Shape kEmptyObject{.kind = object, .others = Shape::Others::unread};
const ShapeKey kBackoffKeys[] = {
    {"constant", &kEmptyObject}, {"exponential", &kEmptyObject}, {"linear", &kEmptyObject}};
constexpr std::string_view kBackoffs[] = {"constant", "exponential", "linear"};
const KeyChoice kOneBackoff[] = {{kBackoffs}};
const Shape kBackoff{.kind = object, .keys = kBackoffKeys, .choices = kOneBackoff};
const ShapeKey kAttemptKeys[] = {{"count", &kNonNegative}, {"duration", &kDurationShape}};
const Shape kAttempt{.kind = object, .keys = kAttemptKeys};
const ShapeKey kLimitKeys[] = {{"attempt", &kAttempt}, {"duration", &kDurationShape}};
const Shape kLimit{.kind = object, .keys = kLimitKeys};
const ShapeKey kJitterKeys[] = {{"from", &kDurationShape, true}, {"to", &kDurationShape, true}};
const Shape kJitter{.kind = object, .keys = kJitterKeys};
const ShapeKey kRetryKeys[] = {{"when", &kStringShape}, {"exceptWhen", &kStringShape},
                               {"delay", &kDurationShape}, {"backoff", &kBackoff},
                               {"limit", &kLimit}, {"jitter", &kJitter}};

}  // namespace

const Shape kTimeoutShape{.kind = by_type, .as_string = &kStringShape,
                          .as_object = &kTimeoutObject};
const Shape kAuthenticationReference{
    .kind = by_key, .key = "use", .with_key = &kUseObject, .without_key = &kAuthenticationPolicy};
const Shape kEndpointShape{
    .kind = by_type, .as_string = &kUriOrExpression, .as_object = &kEndpointObject};
const Shape kExternalResource{.kind = object, .keys = kResourceKeys};
const Shape kInputShape{.kind = object, .keys = kInputKeys};
const Shape kOutputShape{.kind = object, .keys = kOutputKeys};
const Shape kErrorShape{.kind = object, .keys = kErrorKeys};
const Shape kRetryShape{.kind = object, .keys = kRetryKeys};

namespace {

// `use`.
const Shape kAuthenticationMap{.kind = map, .item = &kNamedPolicy};
const Shape kErrorMap{.kind = map, .item = &kErrorShape};
const Shape kFunctionMap{.kind = map, .item = &kTaskShape};
const Shape kRetryMap{.kind = map, .item = &kRetryShape};
const Shape kTimeoutMap{.kind = map, .item = &kTimeoutObject};
const Shape kCatalogMap{.kind = map, .item = &kCatalog};
constexpr std::string_view kExtended[] = {"call", "composite", "emit", "for", "listen", "raise",
                                          "run",  "set",       "switch", "try", "wait", "all"};
const Shape kExtend{.kind = word, .words = kExtended};
const ShapeKey kExtensionKeys[] = {{"extend", &kExtend, true}, {"when", &kStringShape},
                                   {"before", &kTaskListShape}, {"after", &kTaskListShape}};
const Shape kExtension{.kind = object, .keys = kExtensionKeys};
const Shape kExtensionList{.kind = entries, .item = &kExtension};
const ShapeKey kUseAllKeys[] = {{"authentications", &kAuthenticationMap}, {"errors", &kErrorMap},
                                {"extensions", &kExtensionList}, {"functions", &kFunctionMap},
                                {"retries", &kRetryMap}, {"secrets", &kStringList},
                                {"timeouts", &kTimeoutMap}, {"catalogs", &kCatalogMap}};
const Shape kUseAll{.kind = object, .keys = kUseAllKeys};

// `document`, `schedule`, `evaluate`.
const Shape kVersion{.kind = text, .what = "a semantic version such as 1.0.0",
                     .accepts = is_semver};
const ShapeKey kHeadKeys[] = {{"dsl", &kVersion, true},  {"namespace", &kDslName, true},
                              {"name", &kDslName, true},    {"version", &kVersion, true},
                              {"title", &kStringShape},  {"summary", &kStringShape},
                              {"tags", &kAnyMap},        {"metadata", &kAnyMap}};
const Shape kHead{.kind = object, .keys = kHeadKeys};
const ShapeKey kScheduleKeys[] = {{"every", &kDurationShape}, {"cron", &kStringShape},
                                  {"after", &kDurationShape}, {"on", &kEventStrategy},
                                  {"read", &kReadMode}};
const Shape kSchedule{.kind = object, .keys = kScheduleKeys};
constexpr std::string_view kModes[] = {"strict", "loose"};
const Shape kMode{.kind = word, .words = kModes};
const ShapeKey kEvaluateKeys[] = {{"language", &kStringShape}, {"mode", &kMode}};
const Shape kEvaluate{.kind = object, .keys = kEvaluateKeys};

const ShapeKey kDocumentKeys[] = {
    {"document", &kHead, true},  {"input", &kInputShape},     {"use", &kUseAll},
    {"do", &kTaskListShape, true}, {"timeout", &kTimeoutShape}, {"output", &kOutputShape},
    {"schedule", &kSchedule},    {"evaluate", &kEvaluate}};

}  // namespace

const Shape kDocumentShape{.kind = object, .keys = kDocumentKeys, .others = Shape::Others::unread};

}  // namespace hence::workflow
