// Times conversions in a module: node wasm.mjs MODULE FOLDER... Each folder has a `schema`, and a `message`'s name with what
// goes `to_json` and what goes `to_wire`; benches/codec/wasm.rs writes them.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [modulePath, ...folders] = process.argv.slice(2);
const { exports: codec } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(modulePath)), {});

function give(file) {
  const bytes = readFileSync(file);
  // First the room: to grow, the memory takes another buffer.
  const start = codec.reserve(bytes.length);
  new Uint8Array(codec.memory.buffer, start, bytes.length).set(bytes);
}

// Half a second to warm up, so that the optimizing tier has run; then samples of at least two milliseconds each.
function time(run) {
  const rounds = (count) => {
    const start = process.hrtime.bigint();
    if (run(count) === 0) throw new Error('the module could not convert its input');
    return Number(process.hrtime.bigint() - start) / 1000 / count;
  };
  const until = Date.now() + 500;
  let once = rounds(1);
  while (Date.now() < until) once = rounds(1);
  const count = Math.max(1, Math.ceil(2000 / once));
  const samples = Array.from({ length: 100 }, () => rounds(count)).sort((one, other) => one - other);
  return [samples[0], samples[50]];
}

console.log(`\nas Wasm, Node ${process.version}`.padEnd(36), 'fastest'.padStart(12), 'median'.padStart(12), '  µs');
for (const folder of folders) {
  for (const what of ['compile', 'to_json', 'to_wire']) {
    const isSchema = !existsSync(join(folder, 'message'));
    if (isSchema !== (what === 'compile')) continue;
    give(join(folder, 'schema'));
    if (codec.compile(1) === 0) throw new Error(`${folder}: the schema does not compile`);
    if (!isSchema) {
      give(join(folder, 'message'));
      codec.select();
      give(join(folder, what));
    }
    const [fastest, median] = time(codec[what]).map((micros) => micros.toFixed(2).padStart(12));
    console.log(`${what} ${basename(folder)}`.padEnd(35), fastest, median);
  }
}
