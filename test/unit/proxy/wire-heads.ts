/** Reads whole heads from text, a byte per character. */
import { HeadReader } from '../../../src/proxy/engine/wire/head-reader.ts';
import type { HeadKind, Outcome } from '../../../src/proxy/engine/wire/lexer.ts';
import { isProblem, type Problem } from '../../../src/proxy/engine/wire/problem.ts';
import { readRequest, type Request } from '../../../src/proxy/engine/wire/request.ts';
import { readResponse, type Response } from '../../../src/proxy/engine/wire/response.ts';

export interface Read {
  readonly outcome: Outcome;
  readonly reader: HeadReader;
  /** How much of the text the head took. */
  readonly length: number;
}

/** @param cuts where the text is split into pieces */
export function read(kind: HeadKind, text: string, cuts: readonly number[] = []): Read {
  const reader = new HeadReader();
  reader.expect(kind);
  const edges = [0, ...cuts, text.length];
  let outcome: Outcome = 'more';
  for (let index = 0; index + 1 < edges.length && outcome === 'more'; index += 1) {
    const start = edges[index]!;
    // With something in front, as in a buffer that is read into again and again.
    const piece = Buffer.from(`~~~${text.slice(start, edges[index + 1])}`, 'latin1');
    outcome = reader.push(piece, 3, piece.length);
    if (outcome === 'done') return { outcome, reader, length: start + reader.next - 3 };
  }
  return { outcome, reader, length: text.length };
}

export function request(text: string): Request {
  const result = requestOrProblem(text);
  if (isProblem(result)) throw new Error(result.reason);
  return result;
}

export function requestOrProblem(text: string): Request | Problem {
  const { outcome, reader } = read('request', text);
  if (outcome === 'more') throw new Error('the head is not complete');
  return outcome === 'done' ? readRequest(reader) : reader.problem!;
}

export function responseOrProblem(text: string, to: Request): Response | Problem {
  const { outcome, reader } = read('response', text);
  if (outcome === 'more') throw new Error('the head is not complete');
  return outcome === 'done' ? readResponse(reader, to) : reader.problem!;
}
