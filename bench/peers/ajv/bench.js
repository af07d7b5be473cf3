// SPDX-License-Identifier: Apache-2.0
// ajv over the schema and values of `hence bench schema`: a JSON line. Processor time of the process.
const fs = require("fs"), path = require("path"), yaml = require("yaml");
const Ajv = require("ajv/dist/2020").default, formats = require("ajv-formats").default;
const version = require("ajv/package.json").version;

const [schemaPath, inputs] = process.argv.slice(2);
const schema = yaml.parse(fs.readFileSync(schemaPath, "utf8"));
const values = fs.statSync(inputs).isDirectory()
  ? fs.readdirSync(inputs).filter((f) => /\.(yaml|yml|json)$/.test(f)).sort()
      .map((f) => yaml.parseAllDocuments(fs.readFileSync(path.join(inputs, f), "utf8"))[0].toJS())
  : fs.readFileSync(inputs, "utf8").split("\n").filter(Boolean).slice(0, 1000).map((line) => JSON.parse(line));

const seconds = () => { const t = process.cpuUsage(); return (t.user + t.system) / 1e6; };
const make = (allErrors) => { const ajv = new Ajv({ allErrors, strict: false }); formats(ajv); return ajv; };
function fastest(pass) {
  let best = Infinity;
  for (let n = 0, start = seconds(); n < 5 || seconds() - start < 2; ++n) {
    const from = seconds();
    pass();
    best = Math.min(best, seconds() - from);
  }
  return best;
}
const rounds = Math.max(1, Math.floor(20000 / values.length));
const measure = (validate) => {
  let valid = 0, faults = 0;
  const best = fastest(() => {
    valid = faults = 0;
    for (let r = 0; r < rounds; ++r) for (const v of values) if (validate(v)) ++valid; else faults += validate.errors.length;
  });
  return { ns: Math.round((best * 1e9) / (rounds * values.length)), valid: valid / rounds, faults: faults / rounds };
};
const from = seconds();
const first = make(false).compile(schema);
const compile = seconds() - from;
const judged = measure(first), reported = measure(make(true).compile(schema));
console.log(JSON.stringify({ bench: "schema", peer: "ajv " + version, inputs: values.length, valid: judged.valid, faults: reported.faults,
  validNs: judged.ns, faultsNs: reported.ns, compileNs: Math.round(compile * 1e9) }));
