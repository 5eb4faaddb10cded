// Loaded into processes of portramp by NODE_OPTIONS: holds one of them at a point of its work, until it is let go on
// (SIGCONT). A point is a call of a module of Node that the program makes anyway, so the program itself knows nothing
// of points, and a build that is tested is the one that is shipped. The process stops itself within the call: nothing
// of it goes on, as if the machine had taken the CPU away just there.
//
//     HOLD={"in":"dev --env","module":"fs","call":"linkSync","like":"runs/.*[.]lock","when":"before","told":"FILE"}
//
// `in` is part of its command line; `like` a regular expression that the arguments of the call fit, as JSON; its number
// is written to the file `told`. Once a file.
const { existsSync, writeFileSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const point = process.env.HOLD === undefined ? undefined : JSON.parse(process.env.HOLD);

if (point !== undefined && process.argv.join(' ').includes(point.in)) {
  const of = require(`node:${point.module}`);
  const call = of[point.call];
  const like = new RegExp(point.like);
  const stop = (args) => {
    if (existsSync(point.told) || !like.test(JSON.stringify(args))) return;
    writeFileSync(point.told, String(process.pid));
    process.kill(process.pid, 'SIGSTOP');
  };
  of[point.call] = (...args) => {
    if (point.when === 'before') stop(args);
    const result = call(...args);
    if (point.when === 'after') stop(args);
    return result;
  };
  syncBuiltinESMExports();
}
