// What ports cost, in this run on this machine:
//
//     node test/bench/ports.js [SECONDS]
//
//     leases        1,000 requests at once, by one process and by four, as ratios to `node -e 0`
//     verification  one pass over 50 services: the first one, and one while nothing changes
//     daemon        the share of a core that it takes while 50 services run and nothing happens (target < 1 %)
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const SERVICES = 50;
const seconds = Number(process.argv[2] ?? 20);
const repository = resolve(import.meta.dirname, '../..');
const portramp = join(repository, 'bin/portramp.js');
const base = mkdtempSync(join(tmpdir(), 'portramp-bench-'));
const bundle = join(base, 'bundle');
const environmentOf = (home) => ({
  ...process.env,
  PORTRAMP_HOME: join(base, home),
  PORTRAMP_HTTP_PORT: '0',
  NO_COLOR: '1',
});
const env = environmentOf('home');
const run = promisify(execFile);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const stopDaemon = (environment) =>
  spawnSync(process.execPath, [portramp, 'daemon', 'stop', '--force'], { env: environment, stdio: 'ignore' });

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const bare = () => run(process.execPath, ['-e', '0']);
/** `processes` at once, 1,000 leases together; less what it takes them to ask for one each. */
async function measureLeases(processes) {
  const times = [];
  const ratios = [];
  for (let round = 0; round < 5; round += 1) {
    // A ledger of its own each time: it has the leases of this round only.
    const own = environmentOf(`leases-${processes}-${round}`);
    const all = (count) =>
      Promise.all(
        Array.from({ length: processes }, (_, index) =>
          run(process.execPath, [join(bundle, 'leaser.js'), `${index}-${count}`, String(count)], {
            env: own,
          }),
        ),
      );
    await run(process.execPath, [portramp, 'daemon', 'start'], { env: own });
    // The start of the processes is not what is measured.
    const idle = await time(() => all(1));
    const busy = await time(() => all(1_000 / processes));
    const node = await time(bare);
    times.push(Math.max(0, busy - idle));
    ratios.push(Math.max(0, busy - idle) / node);
    stopDaemon(own);
  }
  const who = processes === 1 ? 'one process' : `${processes} processes`;
  console.log(
    `1,000 leases, ${who.padEnd(12)} ${median(ratios).toFixed(1)} × node -e 0 (${median(times).toFixed(0)} ms)`,
  );
}

const ticksOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

const listing = () =>
  JSON.parse(execFileSync(process.execPath, [portramp, 'ls', '--json'], { env, encoding: 'utf8' }));

/** A stack of 50 services that listen and do nothing. */
async function measureVerification() {
  const root = join(base, 'shop');
  mkdirSync(root);
  const program = join(base, 'idle.js');
  writeFileSync(program, 'require("http").createServer().listen(process.env.PORT, "127.0.0.1")');
  const names = Array.from({ length: SERVICES }, (_, index) => `s${index}`);
  const services = names.map((name) => `  ${name}: { command: [${process.execPath}, ${program}] }`);
  writeFileSync(
    join(root, 'portramp.yaml'),
    ['version: 1', 'workspace: shop', 'services:', ...services, ''].join('\n'),
  );
  await run(process.execPath, [portramp, 'dev', '-d'], { cwd: root, env });
  const { stacks } = listing();
  const claims = stacks[0].services.map(({ name, pid, instance, ports }) => ({
    instance: { pid, ...instance },
    label: name,
    ports: ports.map((port) => ({ name: port.name, number: port.targetPort })),
  }));
  const { stdout } = await run(process.execPath, [join(bundle, 'passes.js'), JSON.stringify(claims)]);
  const { first, steady, processes, findings } = JSON.parse(stdout);
  console.log(`${SERVICES} services, ${processes} processes, ${findings} findings, passes in ms of a core:`);
  console.log(
    `  first ${first.toFixed(1)}, while nothing changes ${steady.toFixed(2)} (${(first / steady).toFixed(0)} times less)`,
  );
  if (process.platform !== 'linux') return;
  // Young instances are looked at eagerly: this is about what comes after.
  await pause(25_000);
  const { pid } = JSON.parse(
    execFileSync(process.execPath, [portramp, 'daemon', 'status', '--json'], { env, encoding: 'utf8' }),
  );
  const before = ticksOf(pid);
  await pause(seconds * 1_000);
  const hertz = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const share = (ticksOf(pid) - before) / hertz / seconds;
  console.log(
    `  the whole daemon took ${(share * 100).toFixed(2)} % of a core for ${seconds} s (target < 1 %)`,
  );
}

try {
  execFileSync(process.execPath, [join(repository, 'bin/build.js')]);
  const entries = {
    daemon: 'src/daemon/main.ts',
    inspector: 'src/daemon/inspector.ts',
    leaser: 'test/process/ports/leaser.ts',
    passes: 'test/bench/passes.ts',
  };
  const words = Object.entries(entries).map(([name, file]) => `${name}=${file}`);
  execFileSync(process.execPath, [join(repository, 'bin/build.js'), bundle, ...words]);
  console.log(`Node ${process.versions.node}, ${availableParallelism()} cores`);
  await measureLeases(1);
  await measureLeases(4);
  await measureVerification();
} finally {
  spawnSync(process.execPath, [portramp, 'down', '--all'], { env, stdio: 'ignore' });
  stopDaemon(env);
  rmSync(base, { recursive: true });
}
