// Loaded into a runner by NODE_OPTIONS: how long its event loop stands still. The time that a late timer was late
// counts as far as the process used the CPU meanwhile: on a busy machine others may have had it.
const { writeFileSync } = require('node:fs');

const file = process.env.BENCH_BLOCKS;
const TICK = 10;

if (file !== undefined && process.argv[1]?.endsWith('portramp.js') && process.argv.includes('dev')) {
  const blocks = [];
  let last = performance.now();
  let cpu = process.cpuUsage();
  setInterval(() => {
    const now = performance.now();
    const used = process.cpuUsage(cpu);
    const block = Math.min(now - last - TICK, (used.user + used.system) / 1_000);
    if (block > TICK) blocks.push({ at: Date.now(), ms: Math.round(block) });
    last = now;
    cpu = process.cpuUsage();
  }, TICK).unref();
  process.on('exit', () => writeFileSync(`${file}.${process.pid}`, JSON.stringify(blocks)));
}
