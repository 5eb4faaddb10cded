/** What clients and services do to an engine, and what must hold after each of their steps. */
import assert from 'node:assert/strict';

import type { Decision, Forward, Outcome, Reply } from '../../../../src/proxy/engine/engine.ts';
import type { Timeouts } from '../../../../src/proxy/engine/wire/limits.ts';
import { Peer } from './connection.ts';
import { readRequests, readResponses, statusOf, type Message } from './messages.ts';
import { createNetwork, TARGET, type Network } from './network.ts';

/** Short and all different, in milliseconds. */
export const TIMES: Timeouts = {
  head: 10_000,
  idle: 20_000,
  body: 30_000,
  answer: 40_000,
  stall: 50_000,
  halfClosed: 5_000,
  linger: 7_000,
  progress: 9_000,
  connect: 3_000,
  rest: 250,
  witness: 100,
};

/** Longer than all of them, one after the other. */
const LONG = 300_000;

export const REQUEST_KINDS = [
  'get',
  'head',
  'close',
  'old',
  'sized',
  'chunked',
  'slowly',
  'own',
  'bad',
  'badBody',
] as const;
export const ANSWER_KINDS = [
  'sized',
  'chunked',
  'unframed',
  'close',
  'empty',
  'interim',
  'reset',
  'excess',
  'old',
  'short',
  'cut',
] as const;

type RequestKind = (typeof REQUEST_KINDS)[number];
type AnswerKind = (typeof ANSWER_KINDS)[number];

export type Step =
  | { readonly do: 'connect' }
  | { readonly do: 'request' | 'ask'; readonly at: number; readonly kind: RequestKind }
  | { readonly do: 'send'; readonly at: number; readonly bytes: number }
  | { readonly do: 'finish' | 'abort' | 'block' | 'unblock'; readonly at: number }
  | { readonly do: 'answer'; readonly at: number; readonly kind: AnswerKind; readonly bytes: number }
  | { readonly do: 'more' | 'leave' | 'break' | 'babble' | 'deafen' | 'listen'; readonly at: number }
  | { readonly do: 'decide' | 'refuse' }
  | { readonly do: 'advance' | 'stall' | 'back'; readonly ms: number };

interface Asked {
  readonly id: number;
  readonly kind: RequestKind;
  readonly text: string;
  /** When something of it was sent last, in the time that has passed. */
  sentAt: number;
}

interface Client {
  readonly peer: Peer;
  readonly asked: Asked[];
  /** What of the requests has not been sent yet. */
  outbox: string;
  sentBytes: number;
  hasFinished: boolean;
  isGone: boolean;
  isBlocked: boolean;
}

interface Service {
  readonly peer: Peer;
  /** Answers that were begun, one for each request that was read here. */
  answered: number;
  outbox: string;
  /** What it does when all was sent. */
  then: 'nothing' | 'finish' | 'reset';
  /** It has said what nobody asked for, closed or is to be closed: nobody is to be given this connection. */
  isSpoilt: boolean;
  isClosed: boolean;
}

interface Answer {
  readonly body: string;
  /** It was sent whole, its end included. */
  isWhole: boolean;
  /** It was sent whole while its request waited for it: the client must have it. */
  mustArrive: boolean;
}

/** Some are more than a socket takes at once. */
const bodyFor = (id: number): string => `<${id}>`.repeat(id % 2 === 0 ? 6_000 : 40);

const LIMITS = [
  ['the body did not come in time', TIMES.body],
  ['there was no response within', TIMES.answer],
] as const;

/** Whether it takes time to find out why there was no answer to it. */
const isExplainedLater = (id: number): boolean => id % 8 >= 4;

export class Model {
  readonly network: Network;
  readonly clients: Client[] = [];
  readonly services: Service[] = [];
  readonly answers = new Map<number, Answer>();
  passed = 0;
  #ids = 0;
  #refuses = false;
  #forwards = 0;
  #ends = 0;
  readonly #dones = new Map<number, Outcome[]>();
  readonly #deciding: (() => void)[] = [];

  constructor(lateness: () => number) {
    this.network = createNetwork({
      timeouts: TIMES,
      clock: { lateness },
      handler: ({ path }) => {
        const id = idIn(path);
        if (path.startsWith('/own')) return { action: 'reply', reply: replyOf(200, `own ${id}`) };
        if (!path.startsWith('/slowly')) return this.#forward(id);
        return new Promise((resolve) => this.#deciding.push(() => resolve(this.#forward(id))));
      },
      onDial: () => {
        if (this.#refuses) return undefined;
        const peer = new Peer();
        this.services.push({
          peer,
          answered: 0,
          outbox: '',
          then: 'nothing',
          isSpoilt: false,
          isClosed: false,
        });
        return peer;
      },
    });
  }

  #forward(id: number): Forward {
    this.#forwards += 1;
    let isEnded = false;
    const outcomes = this.#dones.get(id) ?? [];
    this.#dones.set(id, outcomes);
    const again = (): Decision => ({ action: 'reply', reply: replyOf(503, 'again') });
    return {
      action: 'forward',
      target: TARGET,
      headers: {},
      onUnreachable: ({ message }) => {
        const reply = replyOf(502, message);
        if (!isExplainedLater(id)) return reply;
        return new Promise((resolve) => this.#deciding.push(() => resolve(reply)));
      },
      ...(id % 4 < 2 ? { again } : {}),
      onEnd: () => {
        assert(!isEnded, `the end of ${id} is told twice`);
        isEnded = true;
        this.#ends += 1;
      },
      onDone: (outcome) => void outcomes.push(outcome),
    };
  }

  async run(steps: readonly Step[]): Promise<void> {
    // A clock that goes back does not get below its beginning.
    await this.#do({ do: 'advance', ms: 10_000_000 });
    for (const step of steps) {
      await this.#do(step);
      await this.network.settle();
      this.check();
    }
    await this.#end();
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case 'connect':
        if (this.clients.length < 4) this.#connect();
        return;
      case 'request':
        return this.#onClient(step.at, (client) => this.#request(client, step.kind));
      case 'ask':
        return this.#onClient(step.at, (client) => {
          this.#request(client, step.kind);
          this.#send(client, Infinity);
        });
      case 'send':
        return this.#onClient(step.at, (client) => this.#send(client, step.bytes));
      case 'finish':
      case 'abort':
      case 'block':
      case 'unblock':
        return this.#onClient(step.at, (client) => this.#act(client, step.do));
      case 'answer':
        return this.#onService(step.at, (service) => this.#answer(service, step.kind, step.bytes));
      case 'more':
      case 'leave':
      case 'break':
      case 'babble':
      case 'deafen':
      case 'listen': {
        const what = step.do;
        return this.#onService(step.at, (service) => this.#behave(service, what));
      }
      case 'decide':
        return this.#deciding.shift()?.();
      case 'refuse':
        this.#refuses = !this.#refuses;
        return;
      case 'advance':
        this.passed += step.ms;
        return this.network.clock.advance(step.ms);
      case 'stall':
        this.passed += step.ms;
        return this.network.clock.stall(step.ms);
      case 'back':
        return this.network.clock.goBack(step.ms);
    }
  }

  #connect(): void {
    const peer = this.network.connect();
    this.clients.push({
      peer,
      asked: [],
      outbox: '',
      sentBytes: 0,
      hasFinished: false,
      isGone: false,
      isBlocked: false,
    });
  }

  #onClient(at: number, act: (client: Client) => void): void {
    const open = this.clients.filter(({ isGone }) => !isGone);
    const client = open[at % open.length];
    if (client !== undefined) act(client);
  }

  #onService(at: number, act: (service: Service) => void): void {
    const open = this.services.filter(({ isClosed, peer }) => !isClosed && peer.speaks);
    const service = open[at % open.length];
    if (service !== undefined) act(service);
  }

  #request(client: Client, kind: RequestKind): void {
    if (client.hasFinished) return;
    this.#ids += 1;
    const text = textOf(this.#ids, kind);
    client.asked.push({ id: this.#ids, kind, text, sentAt: this.passed });
    client.outbox += text;
  }

  #send(client: Client, bytes: number): void {
    const piece = client.outbox.slice(0, bytes);
    if (piece === '' || client.hasFinished) return;
    client.outbox = client.outbox.slice(bytes);
    const from = client.sentBytes;
    client.sentBytes += piece.length;
    let end = 0;
    for (const request of client.asked) {
      const start = end;
      end += request.text.length;
      if (start < client.sentBytes && end > from) request.sentAt = this.passed;
    }
    client.peer.send(piece);
  }

  #act(client: Client, what: 'finish' | 'abort' | 'block' | 'unblock'): void {
    if (what === 'finish') {
      client.hasFinished = true;
      client.outbox = '';
      client.peer.finish();
    } else if (what === 'abort') {
      client.isGone = true;
      client.peer.reset();
    } else if (what === 'block') {
      client.isBlocked = true;
      client.peer.credit = 200;
    } else {
      client.isBlocked = false;
      client.peer.accept(1_000_000);
    }
  }

  /** The requests that have come here, the last one maybe not whole. */
  #seenBy({ peer }: Service): readonly Message[] {
    return readRequests(peer.received);
  }

  #answer(service: Service, kind: AnswerKind, bytes: number): void {
    const request = this.#seenBy(service)[service.answered];
    if (request === undefined || service.outbox !== '' || service.isSpoilt) return;
    service.answered += 1;
    const id = idIn(request.line);
    const { text, body, then } = answerOf(id, kind, request.line.startsWith('HEAD'));
    service.outbox = text;
    service.then = then;
    if (kind === 'excess' || then !== 'nothing' || kind === 'close' || kind === 'old')
      service.isSpoilt = true;
    this.answers.set(id, { body, isWhole: false, mustArrive: false });
    this.#say(service, bytes);
  }

  #say(service: Service, bytes: number): void {
    const piece = service.outbox.slice(0, bytes);
    service.outbox = service.outbox.slice(bytes);
    if (piece === '') return;
    service.peer.send(piece);
    if (service.outbox !== '') return;
    const id = idIn(this.#seenBy(service)[service.answered - 1]?.line ?? '');
    const answer = this.answers.get(id);
    if (answer !== undefined && !this.#isShort(answer)) {
      answer.isWhole = service.then !== 'reset' || answer.body !== '';
      answer.mustArrive = this.#waits(id);
    }
    if (service.then === 'finish') this.#close(service, () => service.peer.finish());
    if (service.then === 'reset') this.#close(service, () => service.peer.reset());
  }

  #isShort = ({ body }: Answer): boolean => body === 'short';

  /** Whether its client is there and has got nothing for this request, and no answer of the engine either. */
  #waits(id: number): boolean {
    const client = this.clients.find(({ asked }) => asked.some((request) => request.id === id));
    if (client === undefined || client.isGone || client.isBlocked || client.peer.closed !== 'no')
      return false;
    const place = client.asked.findIndex((request) => request.id === id);
    return finalsOf(client).length <= place;
  }

  #close(service: Service, how: () => void): void {
    service.isClosed = service.isSpoilt = true;
    service.outbox = '';
    how();
  }

  #behave(service: Service, what: 'more' | 'leave' | 'break' | 'babble' | 'deafen' | 'listen'): void {
    if (what === 'more') return this.#say(service, Infinity);
    // The end of an answer that is framed by it would be its right end.
    if (what === 'leave' && service.outbox === '') this.#close(service, () => service.peer.finish());
    if (what === 'break') this.#close(service, () => service.peer.reset());
    if (what === 'deafen') service.peer.credit = 0;
    if (what === 'listen') service.peer.accept(1_000_000);
    if (what !== 'babble' || service.outbox !== '') return;
    // Only where nobody waits: whoever has the connection by then cannot know better.
    if (this.#seenBy(service).length > service.answered) return;
    service.isSpoilt = true;
    service.peer.send('HTTP/1.1 200 OK\r\nx-id: 0\r\nContent-Length: 8\r\n\r\nunasked!');
  }

  check(): void {
    for (const client of this.clients) this.#checkClient(client);
    for (const service of this.services) this.#checkService(service);
    const asked = this.services.flatMap((service) => this.#seenBy(service));
    const posts = asked.filter(({ line }) => line.startsWith('POST')).map(({ line }) => idIn(line));
    assert.equal(new Set(posts).size, posts.length, 'a request was made again that must not be');
    for (const [id, outcomes] of this.#dones) assert(outcomes.length <= 1, `${id} was done twice`);
  }

  #checkClient(client: Client): void {
    const { asked, peer } = client;
    const all = readResponses(peer.received, (place) => asked[place]?.kind === 'head');
    const finals = all.filter((message) => statusOf(message) >= 200);
    let isLast = false;
    for (const [place, message] of finals.entries()) {
      assert(!isLast, 'something follows the answer that was the last one');
      isLast = message.fields.get('connection') === 'close' || message.endsWithConnection;
      this.#checkAnswer(client, asked[place], message);
    }
    for (const message of all) if (statusOf(message) < 200) assert.notEqual(statusOf(message), 101);
    for (const [place, { id }] of asked.entries()) {
      if (client.isGone || client.isBlocked || this.answers.get(id)?.mustArrive !== true) continue;
      assert(finals[place]?.isWhole === true, `the answer to ${id} was sent and did not arrive`);
      assert.equal(finals[place].fields.get('x-id'), String(id));
    }
  }

  #checkAnswer(client: Client, request: Asked | undefined, message: Message): void {
    const id = message.fields.get('x-id');
    if (id === undefined) return this.#checkOwn(client, request, message);
    assert.equal(id, String(request?.id), 'the answer to another request');
    const answer = this.answers.get(Number(id));
    const expected = request?.kind === 'head' ? '' : (answer?.body ?? '');
    if (expected === 'short') {
      const { closed } = client.peer;
      const isTold = !message.isWhole || closed === 'no' || closed === 'reset' || client.isGone;
      return assert(isTold, `what there is of ${id} looks whole`);
    }
    assert(expected.startsWith(message.body), `${id} got ${message.body}`);
    const isOver = message.endsWithConnection ? hasEnded(client) : message.isWhole;
    if (isOver) assert.equal(message.body, expected, `what there is of ${id} looks whole`);
  }

  /** Limits are never reached early. */
  #checkOwn(client: Client, request: Asked | undefined, message: Message): void {
    // What is said later has no time of its own.
    if (request === undefined || isExplainedLater(request.id) || this.#timedOut.has(client)) return;
    const since = this.passed - request.sentAt;
    for (const [words, limit] of LIMITS) {
      if (!message.body.includes(words)) continue;
      // Looked at when it is first seen: what is sent behind it does not count.
      this.#timedOut.add(client);
      assert(since >= limit, `a limit is reached early: ${words}`);
    }
  }

  readonly #timedOut = new Set<Client>();

  #checkService(service: Service): void {
    for (const { line, body } of this.#seenBy(service)) {
      const expected = line.startsWith('POST') ? bodyFor(idIn(line)) : '';
      assert(expected.startsWith(body), `${line} came with ${body}`);
    }
  }

  /** Everything is said that is still to be said, and then nothing but time passes. */
  async #end(): Promise<void> {
    this.#refuses = false;
    for (const client of this.clients.filter(({ isGone }) => !isGone)) {
      this.#act(client, 'unblock');
      this.#send(client, Infinity);
    }
    for (let round = 0; round < 60; round += 1) {
      this.#deciding.shift()?.();
      for (const service of this.services.filter(({ isClosed }) => !isClosed)) {
        service.peer.accept(1_000_000);
        this.#say(service, Infinity);
        this.#answer(service, 'sized', Infinity);
      }
      await this.network.settle();
      this.check();
    }
    this.#checkAnswered();
    await this.#do({ do: 'advance', ms: LONG });
    await this.network.settle();
    await this.#do({ do: 'advance', ms: LONG });
    this.#checkClosed();
  }

  /** Whoever is still connected has an answer to everything that was asked. */
  #checkAnswered(): void {
    for (const client of this.clients) {
      if (client.isGone || client.peer.closed !== 'no') continue;
      assert.equal(finalsOf(client).length, client.asked.length, 'a request without an answer');
    }
  }

  #checkClosed(): void {
    assert.equal(this.network.server.connections, 0, 'connections are left');
    for (const { peer } of [...this.clients, ...this.services]) {
      assert(peer.end.destroyed, 'a connection is left open');
    }
    assert.equal(this.network.clock.waiting, 0, 'timers are left');
    assert.equal(this.#ends, this.#forwards, 'the end of an exchange was not told');
    for (const [id, outcomes] of this.#dones) assert.equal(outcomes.length, 1, `${id} was not done`);
  }
}

const hasEnded = ({ peer, isGone }: Client): boolean =>
  !isGone && (peer.closed === 'ended' || peer.closed === 'closed');

const finalsOf = ({ asked, peer }: Client): readonly Message[] =>
  readResponses(peer.received, (place) => asked[place]?.kind === 'head').filter(
    (message) => statusOf(message) >= 200,
  );

const replyOf = (status: number, body: string): Reply => ({ status, headers: {}, body });

const idIn = (text: string): number => Number(/id=(\d+)/.exec(text)?.[1] ?? -1);

function textOf(id: number, kind: RequestKind): string {
  const path = `/${kind === 'own' || kind === 'slowly' ? kind : 'p'}?id=${id}`;
  const body = bodyFor(id);
  switch (kind) {
    case 'sized':
      return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    case 'chunked':
      return `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunksOf(body)}`;
    case 'head':
      return `HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    case 'close':
      return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    case 'old':
      return `GET ${path} HTTP/1.0\r\nHost: a\r\n\r\n`;
    case 'bad':
      return `GET ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`;
    case 'badBody':
      return `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n${body.slice(0, 10)}\r\nz\r\n`;
    case 'get':
    case 'own':
    case 'slowly':
      return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  }
}

const chunksOf = (body: string): string =>
  `a\r\n${body.slice(0, 10)}\r\n${(body.length - 10).toString(16)};x=y\r\n${body.slice(10)}\r\n0\r\n\r\n`;

/** @param isBodiless it answers HEAD */
function answerOf(
  id: number,
  kind: AnswerKind,
  isBodiless: boolean,
): { readonly text: string; readonly body: string; readonly then: Service['then'] } {
  const body = bodyFor(id);
  const head = (line: string, fields: string): string => `${line}\r\nx-id: ${id}\r\n${fields}\r\n`;
  const whole = (fields: string, bytes = body): string =>
    head('HTTP/1.1 200 OK', fields) + (isBodiless ? '' : bytes);
  const sized = `Content-Length: ${body.length}\r\n`;
  switch (kind) {
    case 'sized':
      return { text: whole(sized), body, then: 'nothing' };
    case 'chunked':
      return { text: whole('Transfer-Encoding: chunked\r\n', chunksOf(body)), body, then: 'nothing' };
    case 'unframed':
      return { text: whole(''), body, then: 'finish' };
    case 'close':
      return { text: whole(`Connection: close\r\n${sized}`), body, then: 'finish' };
    case 'empty':
      return { text: head('HTTP/1.1 204 No Content', ''), body: '', then: 'nothing' };
    case 'interim':
      return {
        text: `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${whole(sized)}`,
        body,
        then: 'nothing',
      };
    case 'reset':
      return { text: whole(sized), body, then: 'reset' };
    case 'excess':
      return { text: `${whole(sized)}HTTP/1.1 200 OK\r\nx-id: 0\r\n\r\n`, body, then: 'nothing' };
    case 'old':
      return { text: head('HTTP/1.0 200 OK', sized) + (isBodiless ? '' : body), body, then: 'finish' };
    case 'cut':
      return { text: whole(sized, body.slice(0, 30)), body: 'short', then: 'finish' };
    case 'short':
      return { text: whole('', body.slice(0, 30)), body: 'short', then: 'reset' };
  }
}
