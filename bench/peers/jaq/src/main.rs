// SPDX-License-Identifier: Apache-2.0

// jaq over the programs and values of `hence bench expr`: a JSON line per program.
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{data, unwrap_valr, Compiler, Ctx, Vars};
use jaq_json::{read, Val};

const MAX_INPUTS: usize = 1000;

fn now() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

fn compile(code: &str) -> Option<jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(defs).load(&arena, File { code, path: () }).ok()?;
    Compiler::default().with_funs(funs).compile(modules).ok()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let programs = std::fs::read_to_string(&args[1]).unwrap();
    let text = std::fs::read_to_string(&args[2]).unwrap();
    let inputs: Vec<Val> = text
        .lines()
        .take(MAX_INPUTS)
        .map(|line| read::parse_single(line.as_bytes()).unwrap())
        .collect();
    for (number, code) in programs.lines().enumerate() {
        let Some(filter) = compile(code) else {
            println!("{{\"bench\":\"expr\",\"peer\":\"jaq 3.1\",\"program\":{},\"refused\":true}}", number + 1);
            continue;
        };
        let mut compiling = f64::MAX;
        for _ in 0..10 {
            let from = now();
            let _ = compile(code);
            compiling = compiling.min(now() - from);
        }
        let (mut best, mut results, start, mut passes) = (f64::MAX, 0, now(), 0);
        while passes < 3 || now() - start < 1.0 {
            let from = now();
            results = 0;
            for input in &inputs {
                let ctx = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
                for out in filter.id.run((ctx, input.clone())).map(unwrap_valr) {
                    if out.is_ok() {
                        results += 1;
                    }
                }
            }
            best = best.min(now() - from);
            passes += 1;
        }
        println!(
            "{{\"bench\":\"expr\",\"peer\":\"jaq 3.1\",\"program\":{},\"ns\":{:.0},\"compileNs\":{:.0},\"results\":{}}}",
            number + 1,
            best * 1e9 / inputs.len() as f64,
            compiling * 1e9,
            results
        );
    }
}
