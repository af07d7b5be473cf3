// SPDX-License-Identifier: Apache-2.0
// Rules and events of .jsonl.gz files through event-ruler: JSON text to rule names, one thread.
// One JSON line: seconds to add, events/s of the fastest pass, pairs.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import software.amazon.event.ruler.Machine;

public class Bench {
  static List<String> lines(String path) throws Exception {
    List<String> out = new ArrayList<>();
    try (BufferedReader in = new BufferedReader(new InputStreamReader(
        new GZIPInputStream(new FileInputStream(path)), StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null;) if (!line.isEmpty()) out.add(line);
    }
    return out;
  }

  /** Nanoseconds this thread has run: what others do on the machine, and Java's own threads, stay out. */
  static long now() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  public static void main(String[] args) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    Machine machine = new Machine();
    double limit = Double.parseDouble(args[2]);
    long begin = now();
    int added = 0, refused = 0;
    for (String line : lines(args[0])) {
      JsonNode rule = mapper.readTree(line);
      try {
        machine.addRule("r" + added, rule.get("pattern").toString());
        ++added;
      } catch (Exception e) {
        ++refused;
      }
      if ((now() - begin) / 1e9 > limit) break;
    }
    double add = (now() - begin) / 1e9;
    List<String> events = lines(args[1]);
    double best = 1e18;
    long pairs = 0, used = 0;
    long start = now();
    for (int pass = 0; pass < 3 || (now() - start) / 1e9 < 4; ++pass) {
      pairs = 0;
      used = 0;
      long at = now();
      for (String event : events) {
        pairs += machine.rulesForJSONEvent(event).size();
        ++used;
        if ((now() - at) / 1e9 > limit) break;
      }
      best = Math.min(best, (now() - at) / 1e9 / used);
      if ((now() - start) / 1e9 > limit) break;
    }
    System.out.printf("{\"peer\":\"event-ruler 2.1.0\",\"rules\":%d,\"refused\":%d,\"add_seconds\":%.2f,"
        + "\"events_per_second\":%.0f,\"pairs\":%d,\"events\":%d}%n", added, refused, add, 1 / best, pairs, used);
  }
}
