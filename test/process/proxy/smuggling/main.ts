/**
 * Every payload against every server that is installed:
 *
 *     npm run fuzz -- smuggling [SERVER]
 */
import { createPayloads } from './payloads.ts';
import { PROGRAMS, isInstalled, startServer } from './servers.ts';
import { smuggle } from './smuggle.ts';

const [wanted = ''] = process.argv.slice(2);
const payloads = createPayloads();
console.log(`${payloads.length} payloads`);
for (const program of PROGRAMS) {
  if (!program.name.toLowerCase().includes(wanted.toLowerCase())) continue;
  if (!isInstalled(program)) {
    console.log(`${program.name}: skipped, ${program.needs.join(' ')} fails`);
    continue;
  }
  const server = await startServer(program);
  const { forwarded, asked, smuggled } = await smuggle(server, payloads);
  await server.close();
  console.log(
    `${program.name}: ${forwarded} requests passed on, ${asked} arrived, ${smuggled.length} smuggled`,
  );
  for (const line of smuggled.slice(0, 10)) console.log(`  SMUGGLED ${JSON.stringify(line)}`);
  if (smuggled.length > 0) process.exitCode = 1;
}
