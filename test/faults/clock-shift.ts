// Loaded before the gateway: shifts its wall clock by the milliseconds in a file, read anew at every SIGUSR2.

import { readFileSync } from 'node:fs';
import process from 'node:process';

const file = process.env.CLOCK_SHIFT_FILE;
const RealDate = Date;
const realNow = Date.now;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...given: [] | [value: number | string | Date]) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...given);
  }

  static override now(): number {
    return realNow() + shiftMs;
  }
}

if (file !== undefined) {
  // Also where only `Date.now` was taken before: then the class alone would not reach it.
  RealDate.now = ShiftedDate.now;
  Object.defineProperty(globalThis, 'Date', { value: ShiftedDate, configurable: true, writable: true });
  process.on('SIGUSR2', () => {
    shiftMs = Number(readFileSync(file, 'utf8'));
    process.stderr.write(`{"event":"clock-shifted","shiftMs":${shiftMs}}\n`);
  });
}
