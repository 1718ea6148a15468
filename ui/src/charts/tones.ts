// Colours of what charts draw, as roles of the theme. Series of equal rank take s1, s2, … in turn.

export const SERIES_TONES = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10'] as const;
export type SeriesTone = (typeof SERIES_TONES)[number];
export type ChartTone = SeriesTone | 'accent' | 'good' | 'warn' | 'bad' | 'info' | 'plain';

/** The tone of the series at this place; the eleventh looks like the first again. */
export function seriesTone(index: number): SeriesTone {
  return SERIES_TONES[index % SERIES_TONES.length] ?? 's1';
}

/** CSS class that makes `currentColor` the tone's. */
export const TONE_TEXT: Record<ChartTone, string> = {
  s1: 'text-s1',
  s2: 'text-s2',
  s3: 'text-s3',
  s4: 'text-s4',
  s5: 'text-s5',
  s6: 'text-s6',
  s7: 'text-s7',
  s8: 'text-s8',
  s9: 'text-s9',
  s10: 'text-s10',
  accent: 'text-accent-solid',
  good: 'text-good-mark',
  warn: 'text-warn-mark',
  bad: 'text-bad-mark',
  info: 'text-info-mark',
  plain: 'text-plain-mark',
};

/** Name of the CSS variable that holds the tone's colour, for canvases. */
export const TONE_VARIABLES: Record<ChartTone, `--${string}`> = {
  s1: '--s1',
  s2: '--s2',
  s3: '--s3',
  s4: '--s4',
  s5: '--s5',
  s6: '--s6',
  s7: '--s7',
  s8: '--s8',
  s9: '--s9',
  s10: '--s10',
  accent: '--accent-solid',
  good: '--good-mark',
  warn: '--warn-mark',
  bad: '--bad-mark',
  info: '--info-mark',
  plain: '--plain-mark',
};
