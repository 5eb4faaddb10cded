import type { Finding } from '../../contract/finding.ts';
import { findLostPort } from '../../plan/framework.ts';
import { scopeOf } from '../commands.ts';
import { processesOf, type Rule, type Scene } from './rule.ts';

export const PR032: Rule = {
  id: 'PR032',
  severity: 'warning',
  title: 'a dev server that ignores `PORT`, where no flag reaches it',
  reasoning:
    'Vite does not read PORT, so portramp puts --port behind the command that starts it. Behind ' +
    'concurrently, npm-run-all, turbo, nx, lerna or "&" a flag would go to the wrong program or to all of them, and ' +
    'Vite takes 5173 or the next free number. Astro, Angular, webpack-dev-server, Storybook, Wrangler, React Router, ' +
    'Remix, Hugo and Expo do not read it either, and no flag is put behind them. Write the flag into the script, read ' +
    "process.env.PORT in the dev server's configuration, or make a service of it.",
  find: (scene) => findLost(scene),
};

const findLost = ({ contract, facts }: Scene): Finding[] =>
  processesOf(contract).flatMap((service) => {
    if (service.ports.length === 0) return [];
    const lost = findLostPort(service.command, scopeOf(facts, service.dir));
    if (lost === undefined) return [];
    const { server, behind } = lost;
    return [
      {
        at: lost.at ?? ['services', service.name, 'command'],
        message: `${service.name} starts ${server.title}${behind === undefined ? ', which does not read PORT' : ` behind ${behind}, where its port does not reach it`}`,
        hint: `write "${server.line}"${behind === undefined ? '' : ', or make a service of it'}`,
      },
    ];
  });
