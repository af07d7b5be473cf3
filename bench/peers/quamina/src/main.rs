// SPDX-License-Identifier: Apache-2.0
// Rules and events of .jsonl.gz files through the crate quamina: JSON text to rule ids, one thread.
// One JSON line: seconds to add, events/s of the fastest pass, pairs.
use flate2::read::GzDecoder;
use std::io::{BufRead, BufReader};

fn lines(path: &str) -> Vec<String> {
    let file = std::fs::File::open(path).expect("file");
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| line.expect("line"))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Seconds this thread has run: what others do on the machine stays out of it.
fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let limit: f64 = args[3].parse().expect("seconds");
    let mut machine = quamina::Quamina::new();
    let (mut added, mut refused) = (0u32, 0u32);
    let begin = cpu_seconds();
    for line in lines(&args[1]) {
        let rule: serde_json::Value = serde_json::from_str(&line).expect("rule");
        match machine.add_pattern(added, &rule["pattern"].to_string()) {
            Ok(_) => added += 1,
            Err(_) => refused += 1,
        }
        if cpu_seconds() - begin > limit {
            break;
        }
    }
    let add = cpu_seconds() - begin;
    let events = lines(&args[2]);
    let (mut best, mut pairs, mut used) = (f64::MAX, 0usize, 0usize);
    let start = cpu_seconds();
    let mut pass = 0;
    while pass < 3 || cpu_seconds() - start < 2.0 {
        pairs = 0;
        used = 0;
        let at = cpu_seconds();
        for event in &events {
            pairs += machine.matches_for_event(event.as_bytes()).map_or(0, |found| found.len());
            used += 1;
            if cpu_seconds() - at > limit {
                break;
            }
        }
        best = best.min((cpu_seconds() - at) / used as f64);
        if cpu_seconds() - start > limit {
            break;
        }
        pass += 1;
    }
    println!(
        "{{\"peer\":\"quamina-rs 0.7.0\",\"rules\":{added},\"refused\":{refused},\"add_seconds\":{add:.2},\"events_per_second\":{:.0},\"pairs\":{pairs},\"events\":{used}}}",
        1.0 / best
    );
}
