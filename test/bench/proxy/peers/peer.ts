/** What is measured: a proxy that leads to one backend. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

import { fetchOnce } from '../loads/client.ts';
import type { Program, Workshop } from '../workshop.ts';

export interface Peer {
  readonly name: string;
  /** Program, version and what it runs on: the head of its column. */
  readonly runtime: string;
  /** Starts one that leads to this port of 127.0.0.1, and returns when it answers. */
  start(workshop: Workshop, backend: number, options?: PeerOptions): Promise<Entrance>;
}

export interface PeerOptions {
  /** A process of Node collects its garbage when it is asked to; others do as they always do. */
  readonly collectable?: boolean;
}

/** A peer that cannot be measured here. */
export interface Absent {
  readonly name: string;
  /** Why, and what to type. */
  readonly absent: string;
}

export type FindPeer = () => Promise<Peer | Absent>;

/** Where requests go in. */
export interface Entrance {
  readonly port: number;
  /** The Host header. */
  readonly host: string;
  /** The program, and all that it starts. Nothing for the direct way. */
  readonly pid: number | undefined;
  /** Whether it was started `collectable`, and runs on Node: it collects its garbage on SIGUSR2. */
  readonly collectable?: boolean;
  close(): Promise<void>;
}

/** The way into a program that leads every host to its backend. */
export const entranceOf = (program: Program, port: number, options: PeerOptions = {}): Entrance => ({
  port,
  host: 'bench.localhost',
  pid: program.pid,
  close: () => program.stop(),
  ...options,
});

/** The command of a Node program. */
export const nodeCommand = (node: string, { collectable = false }: PeerOptions): string[] =>
  collectable ? [node, '--expose-gc', '--import', pathToFileURL(COLLECT).href] : [node];

const COLLECT = resolve('test/bench/proxy/programs/collect.js');

/** Milliseconds until a proxy has to answer. */
const START_TIME = 15_000;

/**
 * Waits until a request gets through.
 * @throws Error with the words of the program when it ends or stays silent.
 */
export async function waitForAnswer(name: string, entrance: Entrance, program?: Program): Promise<Entrance> {
  const deadline = Date.now() + START_TIME;
  for (;;) {
    const status = await fetchOnce(entrance, '/').then(
      (response) => response.status,
      () => 0,
    );
    if (status >= 200 && status < 300) return entrance;
    if (program?.ended() === true || Date.now() > deadline) {
      await entrance.close();
      throw new Error(`${name} does not answer (status ${status})\n${program?.output() ?? ''}`);
    }
    await pause(20);
  }
}
