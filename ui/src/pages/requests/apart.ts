// How far apart two requests are, in the largest unit that says it well. Pure.

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** With its sign: `−1.5m`, `+12s`. */
export function apartText(ms: number, locale: string): string {
  const size = Math.abs(ms);
  const [unit, unitMs] = UNITS.find(([, least]) => size >= least) ?? (['millisecond', 1] as const);
  const amount = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'narrow',
    maximumFractionDigits: 1,
  }).format(size / unitMs);
  return `${ms < 0 ? '−' : '+'}${amount}`;
}
