import { describe, expect, it } from 'vitest';

import { NEEDS } from './needs.ts';
import { REFUSED } from './refused.ts';
import { findSwitchedOff } from '../../../src/compose/selection.ts';
import { interpolate } from '../../../src/compose/interpolate.ts';
import { parseShortPort } from '../../../src/compose/short-ports.ts';
import { readStatically } from '../../../src/compose/static.ts';

describe('parseShortPort', () => {
  it.each([
    ['3000', ['-:3000']],
    ['3000-3002', ['-:3000', '-:3001', '-:3002']],
    ['8080:80', ['8080:80']],
    ['3000-3001:80-81', ['3000:80', '3001:81']],
    ['7000-7005:70', ['7000-7005:70']],
    ['127.0.0.1:8080:80', ['127.0.0.1 8080:80']],
    ['[::1]:8080:80/udp', ['::1 8080:80/udp']],
    ['127.0.0.1::80', ['127.0.0.1 -:80']],
    [':443:443', ['443:443']],
    ['::443', ['-:443']],
    [':443', ['-:443']],
  ])('%s', (text, expected) => {
    const found = parseShortPort(text)?.map(
      ({ hostIp, published, target, protocol }) =>
        `${hostIp === undefined ? '' : `${hostIp} `}${published ?? '-'}:${target}${protocol === 'tcp' ? '' : `/${protocol}`}`,
    );
    expect(found).toEqual(expected);
  });

  it.each(['', 'a', '80:', '3-1', '80-82:80-81', '70000', '${PORT}:80', '80/xyz'])('is not "%s"', (text) => {
    expect(parseShortPort(text)).toBeUndefined();
  });
});

describe('interpolate', () => {
  const variables = { A: 'a', EMPTY: '', DOLLAR: 'a$b' };
  it.each([
    ['$A-${A}', 'a-a'],
    ['${NO:-d}${EMPTY:-d}${EMPTY-d}', 'dd'],
    ['${A:+x}${EMPTY:+x}${EMPTY+x}', 'xx'],
    ['${NO}', ''],
    ['$$A', '$$A'],
    ['a $ b$', 'a $$ b$$'],
    ['$5 $(x)', '$$5 $$(x)'],
    ['${NO:-https://${NO:-localhost}/}', 'https://localhost/'],
    ['${NO:-${EMPTY:-${A}}}q', 'aq'],
    ['${EMPTY:+${NO:?never asked}}', ''],
    ['${NO:-{b}', '{b'],
    ['${NO:-a}b}', 'ab}'],
    ['${NO:-a$$b}', 'a$$b'],
    ['{${A}}', '{a}'],
    ['$DOLLAR', 'a$$b'],
  ])('%s is %s', (text, value) => {
    expect(interpolate(text, variables)).toMatchObject({ value });
  });

  it.each(['${NO:?say it}', '${', '${}', '${1}', '${A', '${A:-x', '${A:=x}', '${NO?${ALSO?}}'])(
    'cannot expand %s',
    (text) => {
      expect(interpolate(text, variables)).toHaveProperty('problem');
    },
  );
});

describe('readStatically', () => {
  const read = (...texts: string[]) =>
    readStatically({
      sources: texts.map((text, index) => ({ file: `${index}.yaml`, text })),
      variables: { PORT: '8080' },
      name: 'st',
    });

  it('reads anchors, variables, short and long ports', () => {
    const { project } = read(`
x-base: &base { image: x, ports: ["\${PORT}:80"] }
services:
  web: { <<: *base, profiles: [p] }
  db: { image: y, ports: [{ target: 5432, published: 5432 }], networks: [back], depends_on: [web] }
networks: { back: {} }
`);
    expect(project?.services.get('web')).toMatchObject({ ports: [{ published: '8080' }], profiles: ['p'] });
    expect([...(project?.networks.keys() ?? [])]).toEqual(['default', 'back']);
  });

  it('takes lists and maps for the same', () => {
    const { project } = read(`
services:
  list:
    image: x
    environment: [A=1, "B=x=y", C, D=]
    extra_hosts: ["one:10.0.0.1", "two=10.0.0.2", "six:::1"]
    networks: [back]
  map:
    image: x
    environment: { A: 1, B: x=y, C: , D: "", E: true }
    extra_hosts: { one: 10.0.0.1, two: 10.0.0.2, six: "::1" }
    networks: { back: { aliases: [a] } }
networks: { back: {} }
`);
    const [list, map] = ['list', 'map'].map((name) => project?.services.get(name));
    expect(list?.environment).toEqual({ A: '1', B: 'x=y', C: null, D: '' });
    expect(map?.environment).toEqual({ A: '1', B: 'x=y', C: null, D: '', E: 'true' });
    expect(list?.extraHosts).toEqual(['one=10.0.0.1', 'two=10.0.0.2', 'six=::1']);
    expect(map?.extraHosts).toEqual(list?.extraHosts);
    expect([...(list?.networks ?? [])]).toEqual([['back', { aliases: [], addresses: [] }]]);
    expect([...(map?.networks ?? [])]).toEqual([['back', { aliases: ['a'], addresses: [] }]]);
  });

  it('reads every part of a port', () => {
    const { project } = read(
      'services: { a: { image: x, ports: ["127.0.0.1:53:5353/udp", "8080", { target: "80", published: "${PORT}", host_ip: "::1", app_protocol: http, mode: host }] } }',
    );
    expect(project?.services.get('a')?.ports).toEqual([
      expect.objectContaining({ target: 5353, published: '53', hostIp: '127.0.0.1', protocol: 'udp' }),
      expect.objectContaining({ target: 8080, protocol: 'tcp', mode: 'ingress' }),
      expect.objectContaining({
        target: 80,
        published: '8080',
        hostIp: '::1',
        protocol: 'tcp',
        appProtocol: 'http',
        mode: 'host',
      }),
    ]);
  });

  it('merges files as Compose does', () => {
    const { project } = read(
      'services: { web: { image: a, ports: ["1:1"] } }',
      'services: { web: { ports: ["2:2"] } }',
    );
    expect(project?.services.get('web')?.ports).toMatchObject([{ published: '1' }, { published: '2' }]);
  });

  it('drops what a later file resets, and what it overrides, as Compose does', () => {
    const base =
      'services: { web: { image: a, ports: ["1:1"], environment: { A: "1", B: "2" } }, old: { image: a, ports: ["3:3"] } }';
    const { project, diagnostics } = read(
      base,
      'services:\n  web:\n    ports: !override ["2:2"]\n    environment: { A: !reset null }\n  old: !reset\n',
    );
    expect(diagnostics).toEqual([]);
    expect([...(project?.services.keys() ?? [])]).toEqual(['web']);
    expect(project?.services.get('web')).toMatchObject({
      ports: [{ published: '2' }],
      environment: { B: '2' },
    });
    expect(project?.services.get('web')?.environment).not.toHaveProperty('A');
    const emptied = read(base, 'services: { web: { ports: !reset [] } }').project;
    expect(emptied?.services.get('web')?.ports).toEqual([]);
    // With nothing before it there is nothing to drop but what it stands at.
    const alone = read('services: { web: { image: a, ports: !override ["2:2"], expose: !reset ["5"] } }');
    expect(alone.project?.services.get('web')).toMatchObject({ ports: [{ published: '2' }] });
  });

  it('merges the documents of one file like files', () => {
    const { project } = read(
      'services: { a: { image: x } }\n---\nservices: { a: { ports: ["1:1"] } }\n---\n',
    );
    expect(project?.services.get('a')).toMatchObject({ image: 'x', ports: [{ published: '1' }] });
  });

  it('doubts ports and names that a variable decides which is not set, and nothing else', () => {
    const { project, doubts } = read(
      'services: { a: { image: "$TAG", ports: ["${WEB}:80", "${PORT}:1", "${P:-2}:2"], container_name: "${X:-${Y}}" } }\n' +
        'volumes: { v: { name: "$V" } }\n',
    );
    expect(project).toBeDefined();
    expect(doubts.map(({ text, variables }) => [text, ...variables])).toEqual([
      ['$V', 'V'],
      ['${WEB}:80', 'WEB'],
      ['${X:-${Y}}', 'Y'],
    ]);
  });

  // Each is refused by `docker compose config` too: see the process test beside `override`.
  it.each(REFUSED)('refuses what Compose refuses: %s', (text) => {
    const { project, diagnostics, isBeyond } = read(text);
    expect(project).toBeUndefined();
    expect(isBeyond).toBe(false);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]?.hint).toContain('Compose refuses it too');
  });

  it.each([
    ['include: [other.yaml]', '"include" needs Compose itself', 1],
    ['services:\n  a:\n    extends: { service: b }', '"extends" needs Compose itself', 3],
    ['services:\n  a:\n    ports: !else ["1:1"]', 'Unresolved tag', 3],
    ['services:\n  a:\n    ports: [!reset "1:1"]', 'within a list needs Compose itself', 3],
    ['services:\n  a:\n    ports: ["a:b"]', '"a:b" is not a port', 3],
    ['services: [', '', 1],
    ['- a', 'this is not a Compose file', 1],
  ])('says what it cannot read: %s', (text, message, line) => {
    const { project, diagnostics } = read(text);
    expect(project).toBeUndefined();
    expect(diagnostics[0]).toMatchObject({ file: '0.yaml', line, severity: 'error' });
    expect(diagnostics[0]?.message).toContain(message);
    expect(diagnostics[0]?.hint).toContain('install Docker Compose');
  });

  it('says so when a project has parts of the wrong kind', () => {
    for (const text of [
      'services: { a: { ports: [{ published: 1 }] } }',
      'services: { a: 1 }',
      'volumes: { a: 1 }\nservices: { a: { volumes: ["a:/b"] , scale: x } }',
    ]) {
      const { project, diagnostics } = read(text);
      expect([text, project]).toEqual([text, undefined]);
      expect(diagnostics).not.toEqual([]);
    }
  });
});

describe('a need behind a profile', () => {
  it.each(NEEDS)('is seen without Compose: %s', (needs) => {
    const text = `services: { web: { image: x, ${needs} }, db: { image: x, profiles: [data] } }`;
    const { project } = readStatically({
      sources: [{ file: 'compose.yaml', text }],
      name: 'shop',
      variables: {},
    });
    expect(project && findSwitchedOff(project, [])).toEqual([
      {
        service: 'web',
        needs: 'db',
        profiles: ['data'],
        by: needs.startsWith('build') ? 'build' : 'depends_on',
      },
    ]);
    expect(project && findSwitchedOff(project, ['data'])).toEqual([]);
  });
});
