// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include "json/write.h"
#include "json/yaml.h"

namespace hence::cli {
namespace {

constexpr Duration kWatchPause = Duration::seconds(1);

}  // namespace

Style style_of(const Io& io) { return {io.colour, io.columns, io.now()}; }

std::string format_value(Format format, json::View value,
                         const std::function<std::string()>& draw) {
  std::string text;
  switch (format) {
    case Format::table: return draw();
    case Format::json: json::write_pretty(value, text); break;
    case Format::jsonl: json::write(value, text); break;
    case Format::yaml: json::write_yaml(value, text); break;
  }
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

std::string format_list(Format format, json::View list, const std::function<std::string()>& draw) {
  const std::optional<json::View> items = list.find("items");
  if (format != Format::jsonl || !items) return format_value(format, list, draw);
  std::string text;
  for (const json::View item : items->elements()) {
    json::write(item, text);
    text += '\n';
  }
  return text;
}

int show_list(const Io& io, const OutputFlags& output, const ListFlags& list,
              const std::function<Result<json::Value>()>& fetch,
              const std::function<std::string(json::View list, const Style& style)>& draw) {
  std::string shown;
  bool first = true;
  do {
    const Result<json::Value> answer = fetch();
    if (!answer.ok()) return io.fail(answer.error());
    const std::string now = answer->view().to_text();
    if (first || now != shown) {
      const std::string text =
          format_list(output.format, *answer, [&] { return draw(*answer, style_of(io)); });
      io.out((list.watch && io.terminal && output.format == Format::table ? "\x1b[H\x1b[2J" : "") +
             text);
      shown = now;
      first = false;
    }
  } while (list.watch && io.sleep(kWatchPause));
  return kExitOk;
}

std::string draw_items(json::View list, const Style& style, const std::vector<std::string>& titles,
                       const std::function<std::vector<std::string>(json::View item)>& cells) {
  Table table{titles, {}};
  const std::optional<json::View> items = list.find("items");
  if (items && items->is_array()) {
    for (const json::View item : items->elements()) table.rows.push_back(cells(item));
  }
  if (table.rows.empty()) return "nothing there\n";
  return table.draw(style);
}

}  // namespace hence::cli
