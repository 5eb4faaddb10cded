/** `portramp check` of a Compose project, as Compose itself resolves it, and without any Compose. */
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findTestCompose } from '../../compose-binary.ts';
import { createMachine, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

const binary = await findTestCompose();

const BASE = `
include: [infra/compose.yaml]
services:
  web:
    extends: { file: common.yaml, service: server }
    ports: ["8080:80"]
  fixed:
    image: x
    container_name: the-fixed
    network_mode: host
`;
const COMMON = `
services:
  server: { image: x, container_name: "\${SERVER_NAME:-the-server}", ports: ["9000:9000/udp"] }
`;
const INFRA = `
services:
  mail: { image: x, ports: ["8025:8025", "1025"], volumes: [mails:/m] }
volumes: { mails: { name: all-mails } }
networks: { default: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
`;

let machine: Machine;
beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

function project(name: string): Workspace {
  const workspace = openWorkspace(machine, machine.folder(name));
  workspace.write('compose.yaml', BASE);
  workspace.write('common.yaml', COMMON);
  workspace.write('infra/compose.yaml', INFRA);
  return workspace;
}

const findingsIn = async (workspace: Workspace, ...words: string[]): Promise<string[]> => {
  const { stdout, stderr } = await workspace.run('check', '--json', ...words);
  expect(stderr).toBe('');
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; severity: string; message: string; line: number }[];
  };
  return diagnostics.map(({ code, severity, message, line }) => `${line} ${severity} ${code} ${message}`);
};

const COLLISIONS = [
  '1 note PR031 mail publishes 8025 in every stack, and only one of them can have it',
  '1 warning PR024 the network default has the addresses 10.9.0.0/24 in every stack, and only one of them can have them',
  '1 warning PR024 the volume mails is called all-mails in every stack, so all of them share its data',
  '4 note PR031 web publishes 9000/udp in every stack, and only one of them can have it',
  '4 warning PR024 the container of web is called the-server in every stack, and only one of them can run',
  '6 note PR031 web publishes 8080 in every stack, and only one of them can have it',
  '9 warning PR024 the container of fixed is called the-fixed in every stack, and only one of them can run',
  '10 warning PR024 fixed uses the network of the host, so its ports are the same in every stack',
];
const CONTRACT = `version: 1
workspace: shop
services:
  api:
    command: "true"
    consumes: [mail]
    env:
      MAIL_UI: \${mail.url}
  web: { compose: web }
`;

describe.skipIf(binary === undefined)('with a real Compose', () => {
  beforeAll(() => {
    machine.environment['PORTRAMP_COMPOSE'] = binary?.command.join(' ');
  });

  it('says where two stacks collide, without a contract, also from a folder below', async () => {
    const workspace = project('plain');
    expect((await findingsIn(workspace)).sort()).toEqual(COLLISIONS.toSorted());
    workspace.write('src/deep/.keep', '');
    const below = openWorkspace(machine, join(workspace.root, 'src/deep'));
    expect(await findingsIn(below)).toHaveLength(COLLISIONS.length);
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(0);
    expect(stdout).toContain('5 warnings, 3 notes');
  });

  it('says the same with a contract, which knows what is included', async () => {
    const workspace = project('governed');
    workspace.contract(CONTRACT);
    expect((await findingsIn(workspace)).sort()).toEqual(COLLISIONS.toSorted());
    workspace.contract(CONTRACT.replace('consumes: [mail]', 'consumes: [mial]'));
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/PR010[^]*did you mean "mail"/);
  });

  it('points at the files that COMPOSE_FILE names, with a contract too', async () => {
    const workspace = openWorkspace(machine, machine.folder('named-files'));
    workspace.write('.env', 'COMPOSE_FILE=stack.yml:ports.yml\n');
    workspace.write('stack.yml', 'services:\n  web: { image: x }\n');
    workspace.write('ports.yml', 'services:\n  web:\n    ports: ["8080:80"]\n');
    workspace.write('portramp.yaml', 'version: 1\nworkspace: shop\nservices: { web: { compose: web } }\n');
    const { stdout } = await workspace.run('check');
    expect(stdout).toMatch(/^ports\.yml:3:13 note PR031 web publishes 8080 /);
  });

  it('leaves out what is shared on purpose', async () => {
    const workspace = project('sharing');
    workspace.contract(
      `${CONTRACT}  mail: { compose: mail, scope: workspace }\ncompose: { share: [volumes.mails, networks.default] }\n`,
    );
    const found = await findingsIn(workspace);
    expect(found.filter((line) => /mail|default/.test(line))).toEqual([]);
    expect(found).toHaveLength(COLLISIONS.length - 3);
  });

  it('is content with a project that keeps nothing to itself, and refuses one that is broken', async () => {
    const workspace = openWorkspace(machine, machine.folder('free'));
    workspace.write('compose.yaml', 'services: { web: { image: x, ports: ["80"] } }\n');
    expect(await workspace.run('check')).toMatchObject({
      code: 0,
      stdout: 'two stacks of this Compose project do not collide\n',
    });
    workspace.write('compose.yaml', 'services: { web: { image: x, prots: ["80"] } }\n');
    const { code, stderr } = await workspace.run('check');
    expect(code).toBe(1);
    expect(stderr).toContain('Additional property prots is not allowed');
  });

  it('does not take a name for one made from that of the project because it looks so', async () => {
    const workspace = openWorkspace(machine, machine.folder('alike'));
    workspace.write(
      'compose.yaml',
      'name: shop\nservices:\n  db: { image: x, container_name: shop-db, volumes: ["rows:/rows"] }\n  web: { image: x, container_name: "${COMPOSE_PROJECT_NAME}-web" }\nvolumes: { rows: { name: shop_data } }\n',
    );
    expect((await findingsIn(workspace)).sort()).toEqual([
      '3 warning PR024 the container of db is called shop-db in every stack, and only one of them can run',
      '5 warning PR024 the volume rows is called shop_data in every stack, so all of them share its data',
    ]);
  });

  it('goes on where an env file is missing, as in a pipeline', async () => {
    const workspace = openWorkspace(machine, machine.folder('pipeline'));
    workspace.write('compose.yaml', 'services: { mail: { image: x, env_file: .env.mail, ports: ["80"] } }\n');
    workspace.contract(`${CONTRACT.replace('  web: { compose: web }\n', '')}compose: { include: all }\n`);
    expect(await findingsIn(workspace)).toEqual([]);
  });

  it('says what Compose refuses, with a contract too', async () => {
    const workspace = openWorkspace(machine, machine.folder('refused'));
    workspace.write('portramp.yaml', 'version: 1\nworkspace: shop\nservices: { web: { compose: web } }\n');
    workspace.write('compose.yaml', 'services: { web: { image: x, secrets: [gone] } }\n');
    expect(await findingsIn(workspace)).toEqual([
      '1 error PR022 web refers to gone, which "secrets" at the top level does not have',
    ]);
    workspace.write('compose.yaml', 'services: { web: { image: x, prots: ["80"] } }\n');
    expect(await findingsIn(workspace)).toEqual(['1 error PR022 "prots" is no key of a service']);
  });
});

describe('without any Compose', () => {
  beforeAll(() => {
    machine.environment['PORTRAMP_COMPOSE'] = join(machine.folder('bin'), 'not-there');
  });

  it('says what the files show as they stand', async () => {
    expect(await findingsIn(project('files'))).toEqual([
      '2 note PR031 whether two stacks meet cannot be told: "include" needs Compose itself',
      '5 note PR031 whether two stacks meet cannot be told: "extends" needs Compose itself',
      '6 note PR031 web publishes 8080 in every stack, and only one of them can have it',
      '9 warning PR024 the container of fixed is called the-fixed in every stack, and only one of them can run',
      '10 warning PR024 fixed uses the network of the host, so its ports are the same in every stack',
    ]);
  });

  it.each([
    [
      '"${WEB_PORT}:80"',
      /note PR031 whether two stacks meet in "\$\{WEB_PORT\}:80" cannot be told: WEB_PORT/,
    ],
    ['"${PORT:-8000}:8000"', /note PR031 a publishes 8000 in every stack/],
    ['"${A:-${B:-8000}}:8000"', /note PR031 a publishes 8000 in every stack/],
    ['"10001:10001/udp"', /note PR031 a publishes 10001\/udp in every stack/],
    ['":443:443"', /note PR031 a publishes 443 in every stack/],
  ])('does not call ports free of collisions that it cannot tell: %s', async (port, expected) => {
    const workspace = openWorkspace(machine, machine.folder('ports'));
    workspace.write('compose.yaml', `services: { a: { image: x, ports: [${port}] } }\n`);
    expect((await workspace.run('check')).stdout).toMatch(expected);
  });

  it('reads every document, and doubts what only Compose can read', async () => {
    const workspace = openWorkspace(machine, machine.folder('documents'));
    workspace.write(
      'compose.yaml',
      'services: { a: { image: x } }\n---\nservices: { a: { ports: ["1:1"] } }\n',
    );
    const { stdout: multi } = await workspace.run('check');
    expect(multi).toMatch(/:3:\d+ note PR031 a publishes 1 in every stack/);
    // There is no contract that `portramp dev` could run.
    expect(multi).toContain('hint: run "portramp compose up", which gives');
    workspace.write('compose.yaml', 'include: [other.yaml]\nservices: { a: { image: x } }\n');
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(0);
    expect(stdout).toContain('whether two stacks meet cannot be told: "include" needs Compose itself');
    workspace.write('compose.yaml', 'services: { a: { image: x, depends_on: [b] } }\n');
    expect((await workspace.run('check')).code).toBe(1);
  });

  it('does not call a name wrong that may be in what only Compose can read', async () => {
    const workspace = project('doubt');
    workspace.contract(CONTRACT);
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(0);
    expect(stdout).toMatch(/note.*PR010/);
    expect(stdout).toContain('install Docker Compose, which can read this project');
    workspace.write('compose.yaml', 'services: { mail: { image: x, ports: ["80"] }, web: { image: x } }\n');
    expect(await findingsIn(workspace)).toEqual([]);
  });
});

it('says that there is neither contract nor Compose file', async () => {
  const { code, stderr } = await machine.run(['check'], { cwd: machine.folder('nothing') });
  expect(code).toBe(2);
  expect(stderr).toContain('there is no portramp.yaml');
});
