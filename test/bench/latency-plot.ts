/** The latencies of one tool. */
export interface PlottedCurve {
  readonly name: string;
  readonly latenciesMs: readonly number[];
}

const WIDTH = 740;
const HEIGHT = 420;
const AREA = { left: 56, top: 64, right: 700, bottom: 364 } as const;
/** Told apart by the dashes too, where colours are not. */
const STROKES = [
  { light: '#0969da', dark: '#58a6ff', dashes: 'none' },
  { light: '#8250df', dark: '#bc8cff', dashes: '8 3' },
  { light: '#bc4c00', dark: '#f0883e', dashes: '2 3' },
  { light: '#57606a', dark: '#8b949e', dashes: '10 3 2 3' },
] as const;
const SHARES = [0, 0.25, 0.5, 0.75, 0.95, 1];

/**
 * An SVG of how the latencies of several tools are distributed: from left to right milliseconds, by their logarithm, and upwards
 * the share of keys that were echoed by then. It follows the reader's choice of light or dark.
 */
export function latencyPlot(title: string, curves: readonly PlottedCurve[]): string {
  const all = curves.flatMap(({ latenciesMs }) => latenciesMs);
  const axis = new LogAxis(Math.min(...all), Math.max(...all));
  const parts = [
    `<text class="title" x="${AREA.left}" y="24">${escapeText(title)}</text>`,
    ...axis.ticks().map((ms) => verticalTick(axis.x(ms), ms)),
    ...SHARES.map(horizontalTick),
    `<text x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">from a key to its echo, ms</text>`,
    ...curves.map(({ latenciesMs }, at) => curvePath(latenciesMs, axis, at)),
    ...curves.map(({ name }, at) => legend(name, at)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">
<style>
${style()}
</style>
<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
${parts.join('\n')}
</svg>
`;
}

/** Milliseconds to pixels, from a power of ten, or two or five of it, to another. */
class LogAxis {
  readonly #low: number;
  readonly #high: number;

  constructor(least: number, most: number) {
    const ticks = ticksBetween(least / 5, most * 5);
    this.#low = ticks.findLast((tick) => tick <= least) ?? least;
    this.#high = ticks.find((tick) => tick > most) ?? most;
  }

  x(ms: number): number {
    const share = Math.log(ms / this.#low) / Math.log(this.#high / this.#low);
    return AREA.left + share * (AREA.right - AREA.left);
  }

  ticks(): number[] {
    return ticksBetween(this.#low, this.#high);
  }
}

function ticksBetween(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = -3; power <= 7; power += 1) {
    for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function y(share: number): number {
  return AREA.bottom - share * (AREA.bottom - AREA.top);
}

/** A step at each latency, upwards. */
function curvePath(latenciesMs: readonly number[], axis: LogAxis, at: number): string {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const steps = sorted.map((ms, index) => {
    const share = (index + 1) / sorted.length;
    return `H${axis.x(ms).toFixed(1)}V${y(share).toFixed(1)}`;
  });
  const first = axis.x(sorted[0] ?? 1).toFixed(1);
  return `<path class="curve c${at}" d="M${first} ${y(0)}${steps.join('')}H${AREA.right}"/>`;
}

function verticalTick(x: number, ms: number): string {
  const at = x.toFixed(1);
  return `<path class="grid" d="M${at} ${AREA.top}V${AREA.bottom}"/><text x="${at}" y="${AREA.bottom + 18}" text-anchor="middle">${ms}</text>`;
}

function horizontalTick(share: number): string {
  const at = y(share).toFixed(1);
  return `<path class="grid" d="M${AREA.left} ${at}H${AREA.right}"/><text x="${AREA.left - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`;
}

/** Beside each other above the area, where no curve is. */
function legend(name: string, at: number): string {
  const left = AREA.left + at * 150;
  const middle = AREA.top - 20;
  return `<path class="curve c${at}" d="M${left} ${middle}h32"/><text x="${left + 40}" y="${middle + 4}">${escapeText(name)}</text>`;
}

function style(): string {
  const strokes = (theme: 'light' | 'dark'): string =>
    STROKES.map((stroke, at) => `.c${at}{stroke:${stroke[theme]}}`).join('');
  const dashes = STROKES.map((stroke, at) => `.c${at}{stroke-dasharray:${stroke.dashes}}`).join('');
  return [
    'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}',
    `.page{fill:#fff}.grid{stroke:#d0d7de;fill:none}.curve{fill:none;stroke-width:2}${dashes}`,
    strokes('light'),
    `@media (prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.grid{stroke:#30363d}${strokes('dark')}}`,
  ].join('\n');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
