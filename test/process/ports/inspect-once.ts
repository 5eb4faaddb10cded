/** One pass over the claims of the command line, by whichever user runs it. */
import type { Claim } from '../../../src/ports/findings.ts';
import { createInspector } from '../../../src/ports/inspect.ts';
import { createSystem } from '../../../src/ports/system/system.ts';

const claims = JSON.parse(process.argv[2] ?? '[]') as Claim[];
console.log(JSON.stringify(createInspector(createSystem()).inspect(claims)));
