/** What is measured: a proxy that leads to one backend. */
import { setTimeout as pause } from 'node:timers/promises';

import { fetchOnce } from '../loads/connection.ts';
import type { Program, Workshop } from '../workshop.ts';

export interface Peer {
  readonly name: string;
  /** Program, version and what it runs on: the head of its column. */
  readonly runtime: string;
  /** Starts one that leads to this port of 127.0.0.1, and returns when it answers. */
  start(workshop: Workshop, backend: number): Promise<Entrance>;
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
  close(): Promise<void>;
}

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
