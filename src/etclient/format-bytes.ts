/** `512 B`, `1.2 MB`: exact below 10,000. */
export function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  const unit = UNITS.find(({ size }) => bytes < size * 1000) ?? { size: 1e12, name: 'TB' };
  return `${(bytes / unit.size).toFixed(1)} ${unit.name}`;
}

const UNITS = [
  { size: 1e3, name: 'kB' },
  { size: 1e6, name: 'MB' },
  { size: 1e9, name: 'GB' },
] as const;
