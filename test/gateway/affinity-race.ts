// A table of bindings under random requests and an administrator's hands, with what must hold after each step.

import assert from 'node:assert/strict';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import type { Candidate } from '../../server/gateway/catalog.ts';
import { affinityIdentity } from '../../server/gateway/identity.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { Live } from '../../server/gateway/live.ts';
import type { Binding, Clock } from '../../server/gateway/ports.ts';
import type { AffinityTicket, Away } from '../../server/gateway/ticket.ts';
import { createBench, message } from './fixture.ts';

const SESSIONS = ['s1', 's2'];
const ACCOUNTS = ['a', 'b', 'c', 'd'];
export const TTL_MS = 300_000;

/** One step: what, and two numbers that say on which request, session or account. */
export type Step = [action: (typeof ACTIONS)[number], which: number, where: number];
/** Repeated as often as they are to be likely. */
export const ACTIONS = [
  'open',
  'open',
  'open',
  'open',
  'send',
  'send',
  'send',
  'send',
  'send',
  'send',
  'answer',
  'answer',
  'answer',
  'fail',
  'settle',
  'settle',
  'clear-session',
  'clear-account',
  'clear-all',
  'move',
  'move',
  'move',
  'move',
  'pin',
  'unpin',
  'unpin',
  'wait',
] as const;

/** A request of the model, with what the test knows of it. */
interface Sent {
  ticket: AffinityTicket;
  session: string;
  openedAt: number;
  candidate: Candidate | null;
  away: Away | null;
  isAnswered: boolean;
  /** Its conversation's binding was cleared while it was under way. */
  isCleared: boolean;
  /** The binding that its own success made or renewed, as the table held it then. */
  holds: number | null;
}

export class Race {
  nowMs = 0;
  readonly events: AffinityEvent[] = [];
  readonly table: AffinityTable;
  readonly sent: Sent[] = [];
  /** By session: the step at which it came to be bound to its present account. */
  readonly boundAt = new Map<string, number>();
  /** By session: the step at which an administrator moved its binding. */
  readonly movedAt = new Map<string, number>();
  handMoves = 0;
  step = 0;

  constructor() {
    const live = new Live();
    const publish = live.publish.bind(live);
    live.publish = (event) => {
      if (event.kind === 'affinity') this.events.push(event.event);
      publish(event);
    };
    const clock: Clock = {
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      setTimer: () => () => undefined,
    };
    this.table = new AffinityTable({ clock, live });
  }

  run([action, which, where]: Step): void {
    this.step += 1;
    const before = this.snapshot();
    const request = this.sent[which % Math.max(1, this.sent.length)];
    const session = pick(SESSIONS, which);
    const account = pick(ACCOUNTS, where);
    switch (action) {
      case 'open':
        this.open(session);
        break;
      case 'send':
        if (request) this.send(request, account, where);
        break;
      case 'answer':
        if (request) this.answer(request, before);
        break;
      case 'fail':
        if (request) this.fail(request, where);
        break;
      case 'settle':
        if (request) this.settle(request, before);
        break;
      case 'clear-session':
        this.clear(({ sessionId }) => sessionId === session);
        break;
      case 'clear-account':
        this.clear(({ accountId }) => accountId === account);
        break;
      case 'clear-all':
        if (where % 4 === 0) this.clear(() => true);
        break;
      case 'move':
        this.move(session, account);
        break;
      case 'pin':
      case 'unpin':
        this.table.pin(keyOf(session), { isPinned: action === 'pin', ttlMs: TTL_MS });
        break;
      case 'wait':
        this.nowMs += where % 2 === 0 ? 1_000 : TTL_MS;
        break;
      default:
        action satisfies never;
    }
    this.checkPins(before, action);
    this.note(before);
  }

  open(session: string): void {
    if (this.sent.length >= 6) return;
    const ticket = this.table.open(identityOf(session), () => null);
    this.sent.push({
      ticket,
      session,
      openedAt: this.step,
      candidate: null,
      away: null,
      isAnswered: false,
      isCleared: false,
      holds: null,
    });
  }

  send(request: Sent, account: string, luck: number): void {
    const { ticket } = request;
    if (request.isAnswered) return;
    const target = luck % 3 !== 0 || !ticket.boundAccountId ? account : ticket.boundAccountId;
    request.candidate = candidateOf(target);
    const isElsewhere = ticket.boundAccountId !== null && ticket.boundAccountId !== target;
    request.away = isElsewhere ? { code: 'warmer-elsewhere', reason: 'warmer', moves: luck % 5 !== 0 } : null;
    this.table.reserve(ticket, request.candidate, TTL_MS);
  }

  answer(request: Sent, before: ReadonlyMap<string, Binding>): void {
    const { ticket, candidate, away, session } = request;
    if (!candidate || request.isAnswered) return;
    request.isAnswered = true;
    const known = before.get(session) ?? null;
    // A reservation is told by nobody: what it found at its lookup may have been confirmed since.
    const isFound = known !== null && ticket.entry?.binding === known;
    const result = this.table.confirm(ticket, candidate, { ttlMs: TTL_MS, away });
    const after = this.table.get(keyOf(session));
    if (request.isCleared) {
      assert.deepEqual([result.outcome, result.code], ['none', 'cleared']);
      assert.equal(after, known, 'a request that was cleared touched the binding');
      return;
    }
    const isMovedByHand = (this.movedAt.get(session) ?? 0) > request.openedAt;
    if (known && (isMovedByHand || !isFound))
      assert.equal(after?.accountId, known.accountId, 'an older request moved a newer binding');
    if (after?.accountId === candidate.account.id) request.holds = HELD_FROM_HERE;
  }

  fail(request: Sent, luck: number): void {
    if (!request.candidate || request.isAnswered) return;
    const kind = luck % 4 === 0 ? 'refused' : 'rate-limited';
    this.table.attemptFailed(request.ticket, request.candidate, { kind, reason: kind });
    request.candidate = null;
  }

  settle(request: Sent, before: ReadonlyMap<string, Binding>): void {
    const known = before.get(request.session) ?? null;
    const usage = request.isAnswered ? { inputTokens: 7_777, cacheReadTokens: 1 } : null;
    this.table.settle(request.ticket, usage);
    this.sent.splice(this.sent.indexOf(request), 1);
    const isOwn = request.holds !== null && request.holds === this.boundAt.get(request.session);
    if (isOwn && !request.isCleared) return;
    assert.equal(
      this.table.get(keyOf(request.session)),
      known,
      'a request settled a binding that is not its own',
    );
  }

  clear(matches: (binding: Binding) => boolean): void {
    const gone = this.table.clear(matches, 'cleared');
    for (const { sessionId } of gone)
      for (const request of this.sent) if (request.session === sessionId) request.isCleared = true;
    for (const binding of this.table.list()) assert.equal(matches(binding), false);
  }

  move(session: string, account: string): void {
    const was = this.table.get(keyOf(session));
    const moved = this.table.move(keyOf(session), {
      candidate: candidateOf(account),
      ttlMs: TTL_MS,
    });
    assert.equal(moved?.accountId, was ? account : undefined);
    if (was && was.accountId !== account) {
      this.handMoves += 1;
      this.movedAt.set(session, this.step);
      assert.deepEqual([moved?.warmTokens, moved?.requestCount], [0, 0]);
    }
  }

  snapshot(): Map<string, Binding> {
    return new Map(this.table.list().map((binding) => [binding.sessionId ?? '', binding]));
  }

  checkPins(before: ReadonlyMap<string, Binding>, action: Step[0]): void {
    for (const [session, binding] of before) {
      if (!binding.isPinned || action.startsWith('clear') || action === 'move') continue;
      const now = this.table.get(keyOf(session));
      assert.equal(now?.accountId, binding.accountId, `a pinned binding went by "${action}"`);
    }
  }

  note(before: ReadonlyMap<string, Binding>): void {
    for (const session of SESSIONS) {
      const now = this.table.get(keyOf(session));
      const was = before.get(session);
      if (now && (now.accountId !== was?.accountId || now.createdAtMs !== was.createdAtMs))
        this.boundAt.set(session, this.step);
      if (!now) {
        this.boundAt.delete(session);
        this.movedAt.delete(session);
      }
    }
    for (const request of this.sent)
      if (request.holds === HELD_FROM_HERE) request.holds = this.boundAt.get(request.session) ?? null;
  }

  /** Everything ends: nothing is left but what the list shows, and every figure adds up. */
  end(): void {
    for (const request of [...this.sent]) this.settle(request, this.snapshot());
    assert.equal(this.table.openTickets, 0);
    const bound = this.snapshot();
    for (const session of SESSIONS) {
      const ticket = this.table.open(identityOf(session), () => null);
      assert.equal(ticket.boundAccountId, bound.get(session)?.accountId ?? null);
      this.table.settle(ticket, null);
    }
    const { total, invalidations, keySwitches, providerSwitches, borrowed } = this.table.counters();
    const told = (kind: AffinityEvent['kind']) => this.events.filter((event) => event.kind === kind).length;
    const ended = [...invalidations.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(total, told('bound') + told('moved'));
    assert.equal(ended, told('cleared') + this.handMoves);
    assert.equal(keySwitches + providerSwitches, told('moved'));
    assert.equal(borrowed, told('borrowed'));
  }
}

const HELD_FROM_HERE = -1;

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  assert.ok(item !== undefined);
  return item;
}

export const API_KEY = {
  ...UNRESTRICTED,
  id: 'ada',
  name: 'ada',
  hash: '',
  masked: '',
  userId: null,
  isEnabled: true,
  createdAtMs: 0,
};

function identityOf(session: string) {
  const caller = { kind: 'api-key', apiKey: API_KEY } as const;
  const of = { modelId: 'm1', surface: 'anthropic-messages', scope: 'session', sessionId: session } as const;
  const identity = affinityIdentity(caller, of);
  assert.ok(identity);
  return identity;
}

function keyOf(session: string): string {
  return identityOf(session).key;
}

const { catalog } = createBench(() => message(), {
  accounts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd', providerId: 'p2' }],
});
const CANDIDATES = catalog.candidates('m1', 'anthropic-messages');

export function candidateOf(accountId: string): Candidate {
  const candidate = CANDIDATES.find(({ account }) => account.id === accountId);
  assert.ok(candidate);
  return candidate;
}
