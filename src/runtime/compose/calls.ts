/**
 * The two ways to call Compose for one project. Its files say what is to be; they are the user's, who may be in the
 * middle of an edit. What is there already is told by the labels that Compose gave it, whatever the files say now.
 */
import { dirname } from 'node:path';

import type { StartFailure } from '../instance.ts';
import type { Container } from '../engine/containers.ts';
import { explainFailure } from './failure.ts';
import { runCompose, type Answer, type ComposeCall } from './resolve.ts';

export interface ProjectCalls {
  /** With every file, the stack's override last. */
  readonly call: ComposeCall;
  /** Without files: all that has the project's name. Its folder is that of the overrides. */
  readonly byLabels: ComposeCall;
  /** Where the containers may have been made: the checkout and the project's own folder. Absent where any will do. */
  readonly folders?: readonly string[];
  /** Absent where any may use it. */
  readonly data?: DataOwner;
}

/** Owner of the data in the project's volumes. */
export interface DataOwner {
  /** Undefined where it is nobody else's, else why it may not be used. @throws PortrampError ENGINE_UNREACHABLE */
  refuse(): Promise<StartFailure | undefined>;
  /** Writes down that it is this checkout's, once a start has succeeded. */
  take(): Promise<void>;
}

/** @param cwd A folder without a Compose file or `.env` of the user. */
export const callByLabels = (
  call: Pick<ComposeCall, 'binary' | 'environment'>,
  cwd: string,
  projectName: string,
): ComposeCall => ({
  binary: call.binary,
  cwd,
  environment: { ...call.environment, COMPOSE_FILE: undefined, COMPOSE_ENV_FILES: undefined },
  options: [],
  files: [],
  profiles: [],
  projectName,
});

/** Undefined when the command ended well. @param timeout Milliseconds. */
export async function ask(
  call: ComposeCall,
  words: readonly string[],
  timeout: number,
): Promise<StartFailure | undefined> {
  return failureOf(await runCompose(call, words, { timeout }));
}

/**
 * Asks with the files, which know of hooks and dependencies; where these fail, by the labels. For a command about
 * containers that are there.
 */
export async function askEither(
  { call, byLabels }: ProjectCalls,
  words: readonly string[],
  timeout: number,
): Promise<StartFailure | undefined> {
  const answer = await runCompose(call, words, { timeout });
  // What was late with its files is late without them.
  if (answer.code <= 0) return failureOf(answer);
  return ask(byLabels, words, timeout);
}

const failureOf = ({ code, stderr }: Answer): StartFailure | undefined =>
  code === 0 ? undefined : explainFailure(stderr, code);

/** Whether portramp had it made: then one of its files is an override. */
export const isMadeWith = ({ byLabels }: ProjectCalls, { configFiles }: Container): boolean =>
  configFiles.some((file) => dirname(file) === byLabels.cwd);
