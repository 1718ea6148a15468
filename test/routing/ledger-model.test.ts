// The warmth ledger against a list of prefixes as texts, and its bounds.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { WarmthLedger } from '../../server/routing/ledger.ts';
import { ManualClock } from '../manual-clock.ts';
import { marked, sent, space, usageOf } from './sent-prompts.ts';

const LOOKBACK = 20;
const FIVE_MINUTES_MS = 300_000;
const ONE_HOUR_MS = 3_600_000;

interface Warm {
  scope: string;
  space: string;
  prefix: string;
  usedAtMs: number;
  ttlMs: number;
  isProven: boolean;
  isEnd: boolean;
}

/** What the ledger should believe, told with texts and a list. */
class Model {
  warm: Warm[] = [];
  readonly parents: { scope: string; prefix: string; requestId: string }[] = [];

  touch(
    at: { scope: string; space: string; nowMs: number },
    letters: string,
    life: { ttlMs: number; id: string },
  ) {
    for (let length = 1; length <= letters.length; length++) {
      const prefix = letters.slice(0, length);
      this.parents.unshift({ scope: at.scope, prefix, requestId: life.id });
      const isEnd = length === letters.length;
      const known = this.#find(at, prefix);
      if (known && known.usedAtMs + known.ttlMs > at.nowMs) {
        known.usedAtMs = at.nowMs;
        known.isEnd ||= isEnd;
      } else this.#put(at, { prefix, ttlMs: life.ttlMs, isProven: false, isEnd });
    }
  }

  learn(
    at: { scope: string; space: string; nowMs: number },
    letters: string,
    seen: { read: number; write: number; oneHour: boolean; ttlMs: number },
  ) {
    for (let length = 1; length <= letters.length; length++) {
      const prefix = letters.slice(0, length);
      const known = this.#find(at, prefix);
      if (length > seen.read + seen.write) {
        if (known && !known.isProven) this.#drop(known);
        continue;
      }
      const isRead = length <= seen.read;
      const isEnd = length === letters.length || length === seen.read;
      const writtenMs = seen.oneHour ? ONE_HOUR_MS : FIVE_MINUTES_MS;
      const readMs = known?.isProven ? known.ttlMs : seen.ttlMs;
      this.#put(at, {
        prefix,
        ttlMs: isRead ? readMs : writtenMs,
        isProven: true,
        isEnd: isEnd || (isRead && known?.isEnd === true),
      });
    }
  }

  find(at: { scope: string; space: string; nowMs: number }, letters: string) {
    const found = { cut: -1, reachCut: -1, staleCut: -1, untilMs: 0 };
    for (let length = letters.length; length > 0; length--) {
      const known = this.#find(at, letters.slice(0, length));
      if (!known) continue;
      const untilMs = known.usedAtMs + known.ttlMs;
      if (untilMs <= at.nowMs) {
        if (found.cut < 0 && found.staleCut < 0) found.staleCut = length - 1;
        continue;
      }
      if (found.cut < 0) {
        found.cut = length - 1;
        found.untilMs = untilMs;
      }
      if (known.isEnd && found.reachCut < 0 && letters.length - length < LOOKBACK)
        found.reachCut = length - 1;
    }
    return found;
  }

  parentOf(scope: string, letters: string): string | null {
    for (let length = letters.length; length > 0; length--) {
      const parent = this.parents.find(
        (each) => each.scope === scope && each.prefix === letters.slice(0, length),
      );
      if (parent) return parent.requestId;
    }
    return null;
  }

  forget(domain: string): void {
    this.warm = this.warm.filter((each) => !each.space.startsWith(`${domain}|`));
  }

  #find(at: { scope: string; space: string }, prefix: string): Warm | undefined {
    return this.warm.find(
      (each) => each.prefix === prefix && each.space === at.space && each.scope === at.scope,
    );
  }

  #put(
    at: { scope: string; space: string; nowMs: number },
    life: { prefix: string; ttlMs: number; isProven: boolean; isEnd: boolean },
  ): void {
    const known = this.#find(at, life.prefix);
    if (known) this.#drop(known);
    this.warm.push({ scope: at.scope, space: at.space, usedAtMs: at.nowMs, ...life });
  }

  #drop(warm: Warm): void {
    this.warm = this.warm.filter((each) => each !== warm);
  }
}

/** Few letters, so that prompts share prefixes; long enough for the lookback. */
const letters = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }),
  fc
    .record({
      head: fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }),
      rest: fc.integer({ min: 15, max: 30 }),
    })
    .map(({ head, rest }) => head + 'c'.repeat(rest)),
);

const step = fc.record({
  kind: fc.constantFrom('serve', 'serve', 'serve', 'first byte only', 'wait', 'forget'),
  letters,
  scope: fc.constantFrom('key-1', 'key-2'),
  domain: fc.constantFrom('a1', 'a2', 'a3'),
  read: fc.double({ min: 0, max: 1, noNaN: true }),
  writes: fc.boolean(),
  oneHour: fc.boolean(),
  waitMs: fc.constantFrom(1, 1_000, FIVE_MINUTES_MS - 1, FIVE_MINUTES_MS, ONE_HOUR_MS - FIVE_MINUTES_MS),
});

test('WarmthLedger believes what a list of prefixes says, whatever is sent, learned, forgotten and waited for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), letters, async (steps, asked) => {
      const clock = new ManualClock();
      const ledger = new WarmthLedger({ clock });
      const model = new Model();
      let id = 0;
      for (const each of steps) {
        const where = space(each.domain);
        const nowMs = ledger.nowMs();
        const at = { scope: each.scope, space: where.key, nowMs };
        if (each.kind === 'wait') await clock.advance(each.waitMs);
        else if (each.kind === 'forget') {
          ledger.forget(each.domain);
          model.forget(each.domain);
        } else {
          const ttl = each.oneHour ? '1h' : '5m';
          const ttlMs = each.oneHour ? ONE_HOUR_MS : FIVE_MINUTES_MS;
          const prompt = sent(marked(each.letters, ttl), {
            scope: each.scope,
            space: where,
            requestId: `r${++id}`,
            asksFor: ttl,
          });
          assert.equal(
            ledger.parentOf(prompt.cuts, each.scope)?.requestId ?? null,
            model.parentOf(each.scope, each.letters),
          );
          ledger.touch(prompt, nowMs);
          model.touch(at, each.letters, { ttlMs, id: prompt.requestId });
          if (each.kind === 'serve') {
            const input = each.letters.length;
            const read = Math.floor(each.read * input);
            const write = each.writes ? input - read : 0;
            const usage = usageOf({ input, read, write, oneHour: each.oneHour ? write : 0 });
            ledger.learn({ sent: prompt, atMs: nowMs, believed: null, predictedTokens: 0, usage });
            model.learn(at, each.letters, { read, write, oneHour: each.oneHour, ttlMs });
          }
        }
        compare(ledger, model, asked);
        compare(ledger, model, each.letters);
      }
    }),
    { numRuns: 150 },
  );
});

function compare(ledger: WarmthLedger, model: Model, asked: string): void {
  const nowMs = ledger.nowMs();
  const spaces = ['a1', 'a2', 'a3'].map((domain) => space(domain).key);
  for (const scope of ['key-1', 'key-2']) {
    const found = ledger.find(marked(asked), { scope, spaces });
    spaces.forEach((key, index) => {
      const { cut = -1, reachCut = -1, staleCut = -1, untilMs = 0 } = found[index] ?? {};
      assert.deepEqual({ cut, reachCut, staleCut, untilMs }, model.find({ scope, space: key, nowMs }, asked));
    });
  }
}

test('WarmthLedger keeps its bounds, and the prompts used last', () => {
  const request = fc.record({
    letters: fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 60 }),
    account: fc.integer({ min: 0, max: 200 }),
    scope: fc.integer({ min: 0, max: 3 }),
  });
  const maxEntries = 300;
  fc.assert(
    fc.property(fc.array(request, { minLength: 30, maxLength: 120 }), (requests) => {
      const ledger = new WarmthLedger({ clock: new ManualClock(), maxEntries });
      for (const { letters: text, account, scope } of requests) {
        const where = space(`a${account}`);
        const prompt = sent(marked(text), { scope: `key-${scope}`, space: where });
        ledger.touch(prompt, ledger.nowMs());
        ledger.learn({
          sent: prompt,
          atMs: ledger.nowMs(),
          believed: null,
          predictedTokens: 0,
          usage: usageOf({ input: text.length, read: 0, write: text.length }),
        });
        const [warmth] = ledger.find(prompt.cuts, { scope: prompt.scope, spaces: [where.key] });
        assert.equal(warmth?.cut, text.length - 1);
      }
      const { entries, marks, spaces, scopes } = ledger.stats();
      assert.equal(entries, ledger.size);
      assert.ok(entries <= maxEntries);
      assert.ok(spaces <= marks && marks <= entries * 64);
      assert.ok(scopes <= 4);
    }),
    { numRuns: 60 },
  );
});

test('WarmthLedger lets go of the prefix unused longest, and of a space with its last prefix', () => {
  const ledger = new WarmthLedger({ clock: new ManualClock(), maxEntries: 256 });
  const serve = (letters: string, domain: string) =>
    ledger.touch(sent(marked(letters), { space: space(domain) }), ledger.nowMs());
  serve('x'.repeat(100), 'a1');
  serve('y'.repeat(100), 'a2');
  serve('x'.repeat(100), 'a1');
  assert.equal(ledger.stats().spaces, 2);
  serve('z'.repeat(100), 'a3');
  const cut = (letters: string, domain: string) =>
    ledger.find(marked(letters), { scope: 'key-1', spaces: [space(domain).key] })[0]?.cut;
  assert.deepEqual([cut('x'.repeat(100), 'a1'), cut('y'.repeat(100), 'a2')], [99, 55]);
  serve('w'.repeat(56), 'a3');
  assert.deepEqual([cut('x'.repeat(100), 'a1'), cut('y'.repeat(100), 'a2')], [99, -1]);
  assert.equal(ledger.stats().spaces, 2);
  assert.equal(ledger.stats().evictedEntries, 100);
});

test('WarmthLedger keeps no more than 64 spaces of one prefix, the longest-lived', () => {
  const clock = new ManualClock();
  const ledger = new WarmthLedger({ clock });
  for (let account = 0; account < 80; account++)
    ledger.touch(sent(marked('a'), { space: space(`a${account}`) }), ledger.nowMs() + account);
  assert.deepEqual([ledger.stats().marks, ledger.stats().spaces], [64, 64]);
  const warm = (account: number) =>
    ledger.find(marked('a'), { scope: 'key-1', spaces: [space(`a${account}`).key] })[0]?.cut;
  assert.deepEqual([warm(15), warm(16)], [-1, 0]);
});
