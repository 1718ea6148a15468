// Draws % of the ceiling by utilisation as an SVG: one panel per trace, one line per policy. Pure. Fits light and dark pages.

export interface PlotPoint {
  panel: string;
  policy: string;
  /** 0 to 1, both. */
  utilisation: number;
  share: number;
}

const PANEL = { width: 300, height: 260, left: 40, right: 100, top: 40, bottom: 44 };
const LABEL_GAP = 13;
const HIGHLIGHT = 'warm-cost';
const STYLE = `<style>
text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-weight:600;fill:#1f2328}.grid{stroke:#d0d7de}
.line{fill:none;stroke:#8c959f;stroke-width:1.5}.dot{fill:#8c959f}
.warm .line{stroke:#d9480f;stroke-width:3}.warm .dot{fill:#d9480f}.warm text{fill:#d9480f;font-weight:600}
@media (prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#3d444d}
.line{stroke:#767e88}.dot{fill:#767e88}.warm .line{stroke:#ff922b}.warm .dot{fill:#ff922b}.warm text{fill:#ff922b}}
</style>`;

export function plotSvg(points: readonly PlotPoint[]): string {
  const panels = [...Map.groupBy(points, ({ panel }) => panel)];
  const width = panels.length * panelWidth();
  const height = PANEL.top + PANEL.height + PANEL.bottom;
  const drawn = panels.map(
    ([title, rows], index) => `<g transform="translate(${index * panelWidth()} 0)">${panel(title, rows)}</g>`,
  );
  const label = 'Cache hits as a share of the ceiling, by utilisation of the accounts';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">\n${STYLE}\n${drawn.join('\n')}\n</svg>\n`;
}

function panelWidth(): number {
  return PANEL.left + PANEL.width + PANEL.right;
}

function panel(title: string, points: readonly PlotPoint[]): string {
  const utilisations = [...new Set(points.map(({ utilisation }) => utilisation))].toSorted((a, b) => a - b);
  const scale = scaleOf(utilisations);
  const series = [...Map.groupBy(points, ({ policy }) => policy)].map(([policy, rows]) => ({
    policy,
    rows: rows.toSorted((a, b) => a.utilisation - b.utilisation),
  }));
  // The highlighted line is drawn last, above the others.
  const ordered = series.toSorted((a, b) => Number(a.policy === HIGHLIGHT) - Number(b.policy === HIGHLIGHT));
  const labels = placeLabels(
    ordered.map(({ policy, rows }) => ({ policy, y: scale.y(rows.at(-1)?.share ?? 0) })),
  );
  const lines = ordered.map(({ policy, rows }) =>
    line(policy, rows, { scale, labelY: labels.get(policy) ?? 0 }),
  );
  return `<text class="title" x="${PANEL.left}" y="20">${escaped(title)}: % of the ceiling</text>${axes(utilisations, scale)}${lines.join('')}`;
}

interface Scale {
  x(utilisation: number): number;
  y(share: number): number;
}

function scaleOf(utilisations: readonly number[]): Scale {
  const least = utilisations[0] ?? 0;
  const span = Math.max((utilisations.at(-1) ?? 1) - least, Number.EPSILON);
  return {
    x: (utilisation) => PANEL.left + 8 + ((utilisation - least) / span) * (PANEL.width - 16),
    y: (share) => PANEL.top + (1 - Math.min(1, share)) * PANEL.height,
  };
}

function axes(utilisations: readonly number[], { x, y }: Scale): string {
  const rows = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="grid" x1="${PANEL.left}" x2="${PANEL.left + PANEL.width}" y1="${y(share)}" y2="${y(share)}"/>` +
      `<text x="${PANEL.left - 6}" y="${y(share) + 4}" text-anchor="end">${share * 100}</text>`,
  );
  const bottom = PANEL.top + PANEL.height;
  const columns = utilisations.map(
    (utilisation) =>
      `<text x="${fixed(x(utilisation))}" y="${bottom + 18}" text-anchor="middle">${Math.round(utilisation * 100)} %</text>`,
  );
  const middle = PANEL.left + PANEL.width / 2;
  const name = `<text x="${middle}" y="${bottom + 36}" text-anchor="middle">slots in use</text>`;
  return `${rows.join('')}${columns.join('')}${name}`;
}

function line(
  policy: string,
  rows: readonly PlotPoint[],
  { scale, labelY }: { scale: Scale; labelY: number },
): string {
  const places = rows.map(({ utilisation, share }) => [fixed(scale.x(utilisation)), fixed(scale.y(share))]);
  const path = `<polyline class="line" points="${places.map((place) => place.join()).join(' ')}"/>`;
  const dots = places.map(([x, y]) => `<circle class="dot" cx="${x}" cy="${y}" r="3"/>`).join('');
  const label = `<text x="${PANEL.left + PANEL.width + 6}" y="${fixed(labelY + 4)}">${escaped(policy)}</text>`;
  return `<g${policy === HIGHLIGHT ? ' class="warm"' : ''}>${path}${dots}${label}</g>`;
}

/** Top to bottom, so far apart that they can be read. */
function placeLabels(labels: readonly { policy: string; y: number }[]): Map<string, number> {
  const placed = new Map<string, number>();
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { policy, y } of labels.toSorted((a, b) => a.y - b.y)) {
    lowest = Math.max(y, lowest + LABEL_GAP);
    placed.set(policy, lowest);
  }
  return placed;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
