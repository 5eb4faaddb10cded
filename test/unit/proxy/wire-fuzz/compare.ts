/**
 * The differential test. What the wire engine writes of a message that it accepts, Node's parser accepts, as one
 * message with the same meaning, whatever the message looked like before. Where Node's parser takes the message as it
 * came, too, both agree where it begins and ends and what is in it. What only one of them takes is counted.
 */
import { METHODS } from 'node:http';

import { encodeTarget } from '../../../../src/proxy/engine/request-target.ts';
import { createCase, type Case } from './mutate.ts';
import { readWithNode } from './node-parser.ts';
import { createRandom } from './random.ts';
import type { Message, Reading } from './reading.ts';
import { readWithWire } from './wire-parser.ts';

export interface Summary {
  cases: number;
  /** Messages that both read whole. */
  accepted: number;
  refusedByBoth: number;
  /** Messages that wire took and wrote in another form, and Node did not take as they came. */
  acceptedAlone: number;
  /** Reason → how often wire refused what Node took, and the first example. */
  readonly extraRefusals: Map<string, { count: number; example: string }>;
  /** Empty, or there is a bug. */
  readonly differences: string[];
}

/** Every case depends on the seed and its own number alone, so that one can be run again by itself. */
export function fuzz(seed: number, from: number, count: number, summary: Summary = emptySummary()): Summary {
  for (let index = from; index < from + count; index += 1) {
    const input = createCase(createRandom(Math.imul(seed, 0x9e3779b1) + index));
    try {
      judge(input, summary);
    } catch (error) {
      summary.differences.push(
        describe(input, `case ${index}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
    if (summary.differences.length >= 10) break;
  }
  return summary;
}

export function emptySummary(): Summary {
  return {
    cases: 0,
    accepted: 0,
    refusedByBoth: 0,
    acceptedAlone: 0,
    extraRefusals: new Map(),
    differences: [],
  };
}

function judge(input: Case, summary: Summary): void {
  const wire = readWithWire(input);
  const whole = readWithWire({ ...input, cuts: [] });
  const node = readWithNode(input);
  summary.cases += 1;
  if (JSON.stringify(wire) !== JSON.stringify(whole)) throw new Error('the pieces change the meaning');
  for (const message of wire.messages) if (message.complete) compareWritten(message, input);
  for (const [index, message] of wire.messages.entries()) {
    const other = node.messages[index];
    if (node.refused !== undefined && other?.complete !== true) {
      const body = other?.body ?? '';
      // What both have of the message, they have read the same.
      if (!message.body.startsWith(body) && !body.startsWith(message.body)) {
        throw new Error('Node has another beginning of a body that it refuses');
      }
      if (message.complete) summary.acceptedAlone += 1;
      break;
    }
    compare(message, other, input, wire);
  }
  summary.accepted += wire.messages.filter(({ complete }) => complete).length;
  if (wire.refused === undefined || wire.refused === 'cut off') return;
  const taken = node.messages.filter(({ complete }) => complete).length;
  const ours = wire.messages.filter(({ complete }) => complete).length;
  if (taken <= ours) summary.refusedByBoth += 1;
  else count(summary, wire.refused, input);
}

/** Reads with Node what goes on of a message. */
function compareWritten({ line, body, trailers, written = '' }: Message, { kind, toHead }: Case): void {
  const [method = '', target = ''] = line.split(' ');
  // Servers on Node's parser refuse other methods; their messages are framed like all others.
  const text = kind === 'request' && !METHODS.includes(method) ? written.replace(method, 'PUT') : written;
  const { messages, refused } = readWithNode({ kind, text, cuts: [], toHead });
  const [only] = messages;
  const isWhole = only !== undefined && messages.length === 1 && refused === undefined && only.complete;
  if (!isWhole) throw new Error(`Node does not take what is written, ${JSON.stringify(written)}: ${refused}`);
  if (only.body !== body) throw new Error('Node has another body of what is written');
  if (JSON.stringify(only.trailers) !== JSON.stringify(trailers)) throw new Error('Node has other trailers');
  const framing = only.fields.filter(([name]) => name === 'content-length' || name === 'transfer-encoding');
  if (framing.length > 1) throw new Error('the length is written twice');
  if (kind === 'request' && !only.line.endsWith(encodeTarget(target).replace(/^http:\/\/[^/?]*/i, ''))) {
    throw new Error('Node has another target of what is written');
  }
}

function compare(message: Message, other: Message | undefined, input: Case, wire: Reading): void {
  if (other === undefined) throw new Error('Node does not have this message');
  const end = input.kind === 'response' && message === wire.messages.at(-1);
  for (const part of ['line', 'minor', 'fields'] as const) {
    if (JSON.stringify(message[part]) !== JSON.stringify(other[part]))
      throw new Error(`Node has another ${part}`);
  }
  if (!message.complete) {
    // What has passed by so far is what Node has seen, too.
    if (!other.body.startsWith(message.body)) throw new Error('Node has another beginning of the body');
    return;
  }
  if (!other.complete && !end) throw new Error('Node does not have the end of this message');
  if (message.body !== other.body) throw new Error('Node has another body');
  if (JSON.stringify(message.trailers) !== JSON.stringify(other.trailers))
    throw new Error('Node has other trailers');
}

function count({ extraRefusals }: Summary, reason: string, input: Case): void {
  const entry = extraRefusals.get(reason);
  if (entry === undefined)
    extraRefusals.set(reason, { count: 1, example: JSON.stringify(input.text).slice(0, 300) });
  else entry.count += 1;
}

function describe(input: Case, what: string): string {
  return `${what}\n  ${JSON.stringify(input)}\n  wire ${JSON.stringify(readWithWire(input))}\n  node ${JSON.stringify(readWithNode(input))}`;
}
