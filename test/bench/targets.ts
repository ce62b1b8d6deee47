import type { Target } from './bench-row.ts';

export function atMost(limit: number): Target {
  return { text: `<= ${limit}`, isMet: (et) => et <= limit };
}

export function atLeast(limit: number): Target {
  return { text: `>= ${limit}`, isMet: (et) => et >= limit };
}

/** Of another of et's own rows. */
export function atLeastTimes(factor: number, whole: number, name: string): Target {
  return { text: `>= ${factor} x ${name}`, isMet: (et) => et >= whole * factor };
}

/** `other`: what stands in the column of ssh, where it is something else. */
export function atMostTimesSsh(factor: number, other = 'ssh'): Target {
  return {
    text: `<= ${factor} x ${other}`,
    isMet: (et, ssh) => (ssh === null ? null : et <= ssh * factor),
  };
}

/** Either of them will do. `other`: what stands in the column of ssh. */
export function atLeastOrTimes(limit: number, factor: number, other: string): Target {
  return {
    text: `>= ${limit}, or ${factor} x ${other}`,
    isMet: (et, ssh) => et >= limit || (ssh !== null && et >= ssh * factor),
  };
}

/** `other`: what stands in the column of ssh, where it is something else. */
export function atLeastTimesSsh(factor: number, other = 'ssh'): Target {
  return {
    text: `>= ${factor} x ${other}`,
    isMet: (et, ssh) => (ssh === null ? null : et >= ssh * factor),
  };
}

/** `other` as above. */
export function atMostSshAnd(extra: number, other = 'ssh'): Target {
  return {
    text: `<= ${other} + ${extra}`,
    isMet: (et, ssh) => (ssh === null ? null : et <= ssh + extra),
  };
}
