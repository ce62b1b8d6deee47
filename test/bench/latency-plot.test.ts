import { expect, test } from 'vitest';
import { latencyPlot, type PlottedCurve } from './latency-plot.ts';

const CURVES: readonly PlottedCurve[] = [
  { name: 'et', latenciesMs: [100, 10, 1000] },
  { name: 'et --via tcp', latenciesMs: [20] },
  { name: 'a & b <c>', latenciesMs: [30] },
  { name: 'ssh', latenciesMs: [40] },
];

/** The corners of a curve, from left to right. */
function cornersOf(svg: string, at: number): { x: number; y: number }[] {
  const path = new RegExp(`c${at}" d="M([^"]*)H700"`, 'u').exec(svg)?.[1] ?? '';
  return [...path.matchAll(/H([\d.]+)V([\d.]+)/gu)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
}

test('a curve rises by the same step at each latency, and a factor of ten is the same way everywhere', () => {
  const [first, second, third] = cornersOf(latencyPlot('a title', CURVES), 0);
  expect(third?.y).toBe(64);
  expect((first?.y ?? 0) - (second?.y ?? 0)).toBeCloseTo(100, 0);
  expect((second?.x ?? 0) - (first?.x ?? 0)).toBeCloseTo((third?.x ?? 0) - (second?.x ?? 0), 0);
});

test('all latencies are between the ends of the axis, which are labelled', () => {
  const svg = latencyPlot('a title', CURVES);
  for (const at of CURVES.keys())
    for (const { x } of cornersOf(svg, at)) {
      expect(x).toBeGreaterThanOrEqual(56);
      expect(x).toBeLessThanOrEqual(700);
    }
  expect(svg).toContain('>10</text>');
  expect(svg).toContain('>2000</text>');
});

test('the axis begins at or below the quickest key', () => {
  const plot = latencyPlot('a title', [{ name: 'et', latenciesMs: [12, 70] }]);
  expect(plot).toContain('>10</text>');
  expect(cornersOf(plot, 0)[0]?.x).toBeGreaterThan(56);
});

test('one value for all keys has an axis too', () => {
  expect(latencyPlot('a title', [{ name: 'et', latenciesMs: [5, 5] }])).not.toMatch(
    /NaN|Infinity/u,
  );
});

test('text cannot end an element, and each curve has its name', () => {
  const svg = latencyPlot('x < "y" & z', CURVES);
  expect(svg).toContain('x &lt; &quot;y&quot; &amp; z</text>');
  expect(svg).toContain('a &amp; b &lt;c></text>');
  expect(svg.match(/class="curve c\d"/gu)).toHaveLength(2 * CURVES.length);
});

test('a reader who prefers it dark gets a dark page', () => {
  expect(latencyPlot('a title', CURVES)).toMatch(
    /prefers-color-scheme:dark.*\.page\{fill:#0d1117\}/u,
  );
});
