import { describe, expect, it } from 'vitest';

import type { EngineClient } from '../../../../src/runtime/engine/client.ts';
import { listProjects, removeLeftover, withSizes } from '../../../../src/runtime/engine/leftovers.ts';

const container = (id: string, project: string, folder: string, file: string) => ({
  Id: id,
  Names: [`/${project}-db-1`],
  Labels: {
    'com.docker.compose.project': project,
    'com.docker.compose.project.working_dir': folder,
    'com.docker.compose.project.config_files': `${folder}/compose.yaml,${file}`,
  },
});

const ours = '/home/compose/x.12345678.yaml';
const labelled = (project: string) => ({ Labels: { 'com.docker.compose.project': project } });

/** An engine with these things in it. */
function engineWith(answers: Readonly<Record<string, unknown>>, refuse?: string) {
  const removed: string[] = [];
  const engine: EngineClient = {
    get: async (path) => answers[path],
    send: async (method, path) => {
      removed.push(`${method} ${path}`);
      return path === refuse ? 'it is in use' : path.endsWith('/gone') ? 'no such container' : undefined;
    },
    open: () => Promise.reject(new Error('not asked')),
  };
  return { engine, removed };
}

const FULL = {
  '/containers/json': [container('1', 'shop-gone', '/gone', ours)],
  '/networks': [{ Id: 'n', Name: 'shop-gone_default', ...labelled('shop-gone') }],
  '/volumes': {
    Volumes: [
      { Name: 'shop-gone_data', ...labelled('shop-gone') },
      { Name: 'shop-old_data', ...labelled('shop-old') },
    ],
  },
  '/system/df': {
    Volumes: [
      { Name: 'shop-gone_data', UsageData: { Size: 1000 } },
      { Name: 'shop-old_data', UsageData: { Size: -1 } },
    ],
  },
};

describe('what projects have in the engine', () => {
  it('is told by name, with what the labels say of where it was made, and how much it is', async () => {
    const { engine } = engineWith(FULL);
    const listed = await listProjects(engine, new Map());
    expect(listed).toEqual([
      {
        project: 'shop-gone',
        containers: [{ id: '1', name: 'shop-gone-db-1' }],
        networks: [{ id: 'n', name: 'shop-gone_default' }],
        volumes: [{ name: 'shop-gone_data' }],
        made: [{ folder: '/gone', files: ['/gone/compose.yaml', ours] }],
      },
      { project: 'shop-old', containers: [], networks: [], volumes: [{ name: 'shop-old_data' }], made: [] },
    ]);
    const sized = await withSizes(engine, listed);
    expect(sized.flatMap(({ volumes }) => volumes)).toEqual([
      { name: 'shop-gone_data', size: 1000 },
      { name: 'shop-old_data', size: undefined },
    ]);
  });

  it('is removed without its data, unless that is asked for; what cannot be is told', async () => {
    const { engine, removed } = engineWith(FULL, '/volumes/shop-gone_data');
    const [left] = await listProjects(engine, new Map());
    if (left === undefined) throw new Error('nothing is left');
    const first = await removeLeftover(engine, left, { volumes: false });
    expect(first).toEqual({ removed: { ...left, made: undefined, volumes: [] }, problems: [] });
    expect(removed).toEqual(['DELETE /containers/1', 'DELETE /networks/n']);
    expect(await removeLeftover(engine, left, { volumes: true })).toMatchObject({
      removed: { volumes: [] },
      problems: ['volume shop-gone_data: it is in use'],
    });
    const gone = { project: 'x', containers: [{ id: 'gone', name: 'x' }], networks: [], volumes: [] };
    expect(await removeLeftover(engine, gone, { volumes: true })).toEqual({ removed: gone, problems: [] });
  });

  it('is told with volumes without a name: those of containers that are there, and those that were written down', async () => {
    const [mounted, noted, lost] = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
    if (mounted === undefined || noted === undefined || lost === undefined) throw new Error('unreachable');
    const Labels = { 'com.docker.compose.project': 'shop' };
    const Mounts = [
      { Type: 'volume', Name: mounted },
      { Type: 'volume', Name: 'shop_data' },
      { Type: 'bind', Name: '' },
    ];
    const { engine } = engineWith({
      '/containers/json': [{ Id: '1', Names: ['/shop-db-1'], Labels, Mounts }],
      '/networks': [],
      '/volumes': { Volumes: [mounted, noted, 'shop_data'].map((Name) => ({ Name, Labels: {} })) },
    });
    const listed = await listProjects(
      engine,
      new Map([
        ['shop', [mounted]],
        ['old', [noted, lost]],
        ['spent', [lost]],
      ]),
    );
    expect(listed.map(({ project, volumes }) => [project, volumes])).toEqual([
      ['old', [{ name: noted, nameless: true }]],
      ['shop', [{ name: mounted, nameless: true }]],
    ]);
  });
});
