// What goes wrong in the soak, and how often. Pure.

/** A request's own fault: of the upstream's first answer, or of its client. Later attempts go well. */
const FAULTS = [
  'none',
  'slow-chunks',
  'rate-limited',
  'overloaded',
  'server-error',
  'reset-before-head',
  'reset-mid-stream',
  'stall',
  'malformed-event',
  'hang-up',
  'abort-before-head',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Of a thousand requests. Few that rest an account: with all of them resting nothing else would be tried. */
const SHARES: Readonly<Record<Fault, number>> = {
  none: 720,
  'slow-chunks': 60,
  'rate-limited': 5,
  overloaded: 5,
  'server-error': 5,
  'reset-before-head': 5,
  'reset-mid-stream': 20,
  stall: 10,
  'malformed-event': 20,
  'hang-up': 100,
  'abort-before-head': 50,
};

const TOTAL = Object.values(SHARES).reduce((sum, share) => sum + share, 0);

/** `random`: from 0 to below 1. */
export function faultAt(random: number): Fault {
  let left = random * TOTAL;
  for (const fault of FAULTS) {
    left -= SHARES[fault];
    if (left < 0) return fault;
  }
  return 'none';
}

/** How a request says what is to become of it: in its prompt, which reaches the upstream as it is. */
export function promptOf(id: number, fault: Fault): string {
  return `soak <${id}:${fault}>`;
}

export function wishOf(body: string): { id: number; fault: Fault } | null {
  const [, id, name] = /soak <(\d+):([a-z-]+)>/.exec(body) ?? [];
  const fault = FAULTS.find((known) => known === name);
  return id === undefined || fault === undefined ? null : { id: Number(id), fault };
}
