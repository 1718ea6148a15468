// How long a binding should live, from the pauses of those it is for: one of four steps, with the reason.

export const TTL_STEPS_MINUTES = [5, 15, 30, 60] as const;
export type TtlStepMinutes = (typeof TTL_STEPS_MINUTES)[number];

const MINUTE_MS = 60_000;

/**
 * Nine of ten pauses within 5 minutes: 5. Else the first of 15 and 30 minutes that three of four pauses stay within,
 * else 60. A null percentile is one that nothing could be measured for; 0 is a pause of no time.
 */
export function recommendedTtlMinutes({
  p75Ms,
  p90Ms,
}: {
  p75Ms: number | null;
  p90Ms: number | null;
}): TtlStepMinutes {
  if (p75Ms === null || p90Ms === null || p90Ms <= 5 * MINUTE_MS) return 5;
  if (p75Ms <= 15 * MINUTE_MS) return 15;
  return p75Ms <= 30 * MINUTE_MS ? 30 : 60;
}

export function recommendationReason(percentiles: { p75Ms: number | null; p90Ms: number | null }): string {
  const { p75Ms, p90Ms } = percentiles;
  if (p75Ms === null || p90Ms === null) return 'Not enough data: the default';
  const p75 = (p75Ms / MINUTE_MS).toFixed(1);
  const p90 = (p90Ms / MINUTE_MS).toFixed(1);
  switch (recommendedTtlMinutes(percentiles)) {
    case 5:
      return `High frequency: 90 % of intervals within ${p90} min`;
    case 15:
      return `Medium to high frequency: 75 % of intervals within ${p75} min`;
    case 30:
      return `Medium frequency: 75 % of intervals within ${p75} min`;
    case 60:
      return `Low frequency: 75 % of intervals within ${p75} min, a long lifetime is advised`;
  }
}
