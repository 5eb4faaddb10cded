import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkFrontPort, chooseFrontPorts, openFrontPort } from '../../../src/daemon/front-port.ts';
import { readFrontSettings } from '../../../src/daemon/settings.ts';
import { createManualClock } from '../manual-clock.ts';

const choose = (
  variable: number | undefined,
  file: number | undefined,
  stored: number | undefined,
): number[] => chooseFrontPorts({ variable, file }, stored, '/home/config.yaml');

describe('the choice of the front port', () => {
  it('is 80, else 7267, at the first start', () => {
    expect(choose(undefined, undefined, undefined)).toEqual([80, 7267]);
  });

  it('is what the variable or the file says, the variable first', () => {
    expect(choose(8080, undefined, undefined)).toEqual([8080]);
    expect(choose(undefined, 8081, undefined)).toEqual([8081]);
    expect(choose(0, undefined, undefined)).toEqual([0]);
    expect(choose(undefined, 0, undefined)).toEqual([0]);
  });

  it('is kept; 0 matches any', () => {
    expect(choose(undefined, undefined, 7267)).toEqual([7267]);
    expect(choose(0, undefined, 7267)).toEqual([7267]);
    expect(choose(7267, 0, 7267)).toEqual([7267]);
  });

  it('moves only by an edit of the file', () => {
    expect(choose(undefined, 8081, 7267)).toEqual([8081]);
    expect(() => choose(8080, undefined, 7267)).toThrow(
      expect.objectContaining({
        code: 'FRONT_PORT_CONFLICT',
        message: 'PORTRAMP_HTTP_PORT asks for port 8080, but the front of this machine has port 7267',
        hint: 'unset PORTRAMP_HTTP_PORT, or write "httpPort: 8080" to /home/config.yaml to move the front',
      }),
    );
    expect(() => choose(8080, 8081, undefined)).toThrow(
      expect.objectContaining({ code: 'FRONT_PORT_CONFLICT' }),
    );
  });
});

describe('a wish for a port where a daemon runs already', () => {
  const check = (variable: number | undefined, file: number | undefined, running: number | undefined) => () =>
    checkFrontPort({ variable, file }, running, '/home/config.yaml');

  it('is refused with how to move the front', () => {
    expect(check(8080, undefined, 7267)).toThrow(
      expect.objectContaining({
        code: 'FRONT_PORT_CONFLICT',
        message: 'PORTRAMP_HTTP_PORT asks for port 8080, but the front is running on port 7267',
        hint: 'to move it: write "httpPort: 8080" to /home/config.yaml, then "portramp daemon stop --force && portramp daemon start"; services keep running',
      }),
    );
    expect(check(undefined, 8081, 7267)).toThrow('/home/config.yaml asks for port 8081');
  });

  it('is fine where it is the port, or any', () => {
    for (const fine of [
      check(7267, 8080, 7267),
      check(0, 7267, 7267),
      check(0, 0, 7267),
      check(8080, 0, undefined),
    ]) {
      expect(fine).not.toThrow();
    }
  });
});

describe('the settings', () => {
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-settings-'));
    path = join(folder, 'config.yaml');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('come from a variable and a file, either may be missing', async () => {
    expect(await readFrontSettings(path, {})).toEqual({ variable: undefined, file: undefined });
    writeFileSync(path, '# mine\nhttpPort: 8080\n');
    expect(await readFrontSettings(path, { PORTRAMP_HTTP_PORT: '0' })).toEqual({ variable: 0, file: 8080 });
    writeFileSync(path, '');
    expect(await readFrontSettings(path, { PORTRAMP_HTTP_PORT: '' })).toEqual({
      variable: undefined,
      file: undefined,
    });
  });

  it.each(['http', '-1', '65536', '80a', '1e3'])(
    'refuse the variable %j without repeating it',
    async (value) => {
      await expect(readFrontSettings(path, { PORTRAMP_HTTP_PORT: value })).rejects.toMatchObject({
        code: 'USAGE',
        message: 'PORTRAMP_HTTP_PORT is not a port number',
      });
    },
  );

  it.each([
    ['httpPort: eighty', '1:11 httpPort is a number from 0 to 65535'],
    ['httpPort: 70000', '1:11 httpPort is a number from 0 to 65535'],
    ['# mine\nhttpPort: [80]', '2:11 httpPort is a number from 0 to 65535'],
    ['httpPort: 8080\nport: 80', '2:1 there is no setting "port"'],
    ['- 80', '1:1 the settings are a map'],
    ['a: [', /^1:5 \S/],
    ['httpPort: 80\nhttpPort: 81', /^2:1 .*unique/],
  ])('refuse the file %j with its place', async (text, problem) => {
    writeFileSync(path, text);
    const error: unknown = await readFrontSettings(path, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('httpPort: 8080') as string });
    const message = (error as Error).message;
    expect(message.slice(0, path.length + 1)).toBe(`${path}:`);
    expect(message.slice(path.length + 1)).toEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    );
  });
});

describe('opening the front port', () => {
  const system = (code: string): Error => Object.assign(new Error(code), { code });

  function scene(taken: Map<number, string>) {
    const clock = createManualClock();
    const seen = { tried: [] as number[], remembered: [] as number[], log: [] as string[] };
    const options = {
      clock,
      listen: async (port: number) => {
        seen.tried.push(port);
        const problem = taken.get(port);
        if (problem !== undefined) throw system(problem);
        return port === 0 ? 54_321 : port;
      },
      remember: async (port: number) => void seen.remembered.push(port),
      holdersOf: async () => [{ pid: 12, command: 'nginx', cwd: '/srv' }],
      log: (line: string) => void seen.log.push(line),
    };
    return { clock, seen, options, taken };
  }

  it('takes the first that works, remembers it and tells once how to get port 80', async () => {
    const { seen, options } = scene(new Map([[80, 'EACCES']]));
    const frontPort = await openFrontPort({ ...options, ports: [80, 7267] });
    expect(frontPort.status).toEqual({ http: 7267 });
    expect(seen.remembered).toEqual([7267]);
    expect(frontPort.takeNotices()).toEqual([expect.stringContaining('port 7267')]);
    expect(frontPort.takeNotices()).toEqual([]);
  });

  it('is silent about a number that was asked for', async () => {
    const { seen, options, clock } = scene(new Map());
    const frontPort = await openFrontPort({ ...options, ports: [0] });
    expect(frontPort.status).toEqual({ http: 54_321 });
    expect(frontPort.takeNotices()).toEqual([]);
    expect(seen.remembered).toEqual([54_321]);
    expect(clock.waiting).toBe(0);
  });

  it('names the holder, keeps the number in URLs, and tries again every second', async () => {
    const { clock, seen, options, taken } = scene(new Map([[7267, 'EADDRINUSE']]));
    const frontPort = await openFrontPort({ ...options, ports: [7267] });
    const problem = "the front's port 7267 is held by nginx (pid 12, in /srv)";
    expect(frontPort.status).toEqual({ http: 7267, problem });
    await clock.advance(2_000);
    expect(seen.tried).toHaveLength(3);
    expect(seen.log).toEqual([problem]);
    taken.clear();
    await clock.advance(1_000);
    expect(frontPort.status).toEqual({ http: 7267 });
    await clock.advance(5_000);
    expect(seen.tried).toHaveLength(4);
  });

  it('stops trying when it is closed', async () => {
    const { clock, options } = scene(new Map([[7267, 'EACCES']]));
    const frontPort = await openFrontPort({ ...options, ports: [7267] });
    expect(frontPort.status.problem).toBe("the front's port 7267 may not be bound by this user");
    frontPort.close();
    expect(clock.waiting).toBe(0);
  });
});
